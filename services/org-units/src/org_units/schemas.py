"""What requests about units may say (these are the commands), and how a unit is shown."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, field_validator, model_validator
from pydantic_core import PydanticCustomError

from org_units import domain
from org_units.units.uscc import check_uscc
from shared.base.errors import ValueProblem
from shared.web.fields import Day, PaperDay, PlainText, ShortText, StrictModel, UnitId, kept

UnitName = Annotated[PlainText, StringConstraints(max_length=100)]
UnitType = Literal[domain.UnitType, "CHAPTER"]
RegionCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{6,12}$")]


def _uscc(value: str | None) -> str | None:
    if value is None:
        return None
    try:
        return check_uscc(value)
    except ValueProblem as problem:
        raise PydanticCustomError(problem.code, "{code}", {**problem.params}) from problem


class Paper(StrictModel):
    """The document an act rests on (批复)."""

    number: ShortText
    issued_on: PaperDay | None = None


class Grounds(StrictModel):
    """Why something is done, and on which document."""

    reason: PlainText | None = None
    document: Paper | None = None

    def paper(self) -> dict[str, Any] | None:
        """Return the document as it is kept in the history."""
        return self.document.model_dump(mode="json") if self.document else None


class UnitCreate(StrictModel):
    """A new unit, to be submitted and approved."""

    name: UnitName
    type: UnitType = Field(description="CHAPTER is refused: chapters come from the divisions")
    parent_id: UnitId
    region_code: RegionCode | None = None
    host_uscc: str | None = Field(default=None, max_length=100)
    founded_on: Day | None = None
    effective_on: Day | None = Field(default=None, description="Day the paper bears; else today")

    _check_uscc = field_validator("host_uscc")(_uscc)

    def draft(self, identity: str, above: Sequence[str]) -> dict[str, Any]:
        """Return the fields of the draft.

        Args:
            identity: id of the new unit.
            above: ids from headquarters down to its parent.
        """
        return {
            **self.model_dump(mode="json", exclude={"effective_on"}),
            "_id": identity,
            "level": "GRASSROOTS",
            "status": "DRAFT",
            "lineage": [*above, identity],
            "flags": [],
        }


class UnitPatch(Grounds):
    """Corrections; a field that is given as null is cleared, one left out stays."""

    name: UnitName | None = None
    region_code: RegionCode | None = None
    host_uscc: str | None = Field(default=None, max_length=100)
    founded_on: Day | None = None

    _check_uscc = field_validator("host_uscc")(_uscc)

    _name_kept = field_validator("name")(kept)

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.changes():
            raise PydanticCustomError("field.empty_change", "nothing to change")
        return self

    def changes(self) -> dict[str, Any]:
        """Return the fields that are to change, as they are stored."""
        given = self.model_dump(mode="json", exclude_unset=True)
        return {k: v for k, v in given.items() if k not in ("reason", "document")}


class Act(Grounds):
    """A transition: the day it took effect, why, and on which document."""

    effective_on: Day | None = None


def shown(document: Mapping[str, Any], path: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    """Return a unit as the API answers it.

    Args:
        document: as it is stored.
        path: id, name and level of each unit from headquarters down to this one.
    """
    return {
        "id": document["_id"],
        "version": document["version"],
        "name": document["name"],
        "code": document["code"],
        "type": document["type"],
        "level": document["level"],
        "status": document["status"],
        "parent_id": document.get("parent_id"),
        "region_code": document.get("region_code"),
        "flags": document.get("flags", []),
        "host_uscc": document.get("host_uscc"),
        "founded_on": document.get("founded_on"),
        "path": list(path),
        "created_at": document["created_at"],
        "edited_at": document["edited_at"],
    }
