"""What requests about units may say, and how a unit is shown."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, field_validator
from pydantic_core import PydanticCustomError

from org_units.units import rules
from org_units.units.rules import Unit
from org_units.units.uscc import check_uscc
from shared.base.errors import FieldError, ValueProblem
from shared.contract.events.states import UnitId
from shared.register.requests import Correction, Dated
from shared.register.scope import Place
from shared.web.fields import Day, PlainText, StrictModel, kept

UnitName = Annotated[PlainText, StringConstraints(max_length=100)]
UnitType = Literal[rules.UnitType, "CHAPTER"]
RegionCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{6,12}$")]


def _uscc(value: str | None) -> str | None:
    if value is None:
        return None
    try:
        return check_uscc(value)
    except ValueProblem as problem:
        raise PydanticCustomError(problem.code, "{code}", {**problem.params}) from problem


class Distinguished(StrictModel):
    """What an officer may state of a unit that is like another one."""

    distinct_from: list[UnitId] = Field(
        default=[],
        max_length=20,
        description="The units it is not, though name or credit code are alike: their codes or "
        "ids, as the refusal names them; of a unit outside the own scope the region code of its "
        "chapter. Kept for ever.",
    )
    distinct_reason: PlainText | None = Field(
        default=None, description="how they differ; required with distinct_from"
    )

    def violations(self) -> list[FieldError]:
        """Return the one of the two that is missing."""
        if bool(self.distinct_from) == bool(self.distinct_reason):
            return []
        missing = "distinct_reason" if self.distinct_from else "distinct_from"
        return [FieldError(missing, "field.required")]


class UnitCreate(Dated, Distinguished):
    """A new unit, to be submitted and approved."""

    name: UnitName
    type: UnitType = Field(description="CHAPTER is refused: chapters come from the divisions")
    parent_id: UnitId
    region_code: RegionCode | None = None
    host_uscc: str | None = Field(default=None, max_length=100)
    founded_on: Day | None = None
    predecessor_founded_on: Day | None = Field(
        default=None, description="day of founding of the unit that this one continues"
    )
    older_than_parent: PlainText | None = Field(
        default=None, description="why it is older than its parent, where it is"
    )

    _check_uscc = field_validator("host_uscc")(_uscc)


class UnitPatch(Correction, Distinguished):
    """Corrections; a field that is given as null is cleared, one left out stays.

    Type and parent can be corrected until the unit is first activated; one that was approved is
    then to be approved again.
    """

    name: UnitName | None = None
    type: UnitType | None = None
    parent_id: UnitId | None = None
    region_code: RegionCode | None = None
    host_uscc: str | None = Field(default=None, max_length=100)
    founded_on: Day | None = None
    predecessor_founded_on: Day | None = Field(
        default=None, description="day of founding of the unit that this one continues"
    )
    older_than_parent: PlainText | None = Field(
        default=None, description="why it is older than its parent, where it is"
    )

    _check_uscc = field_validator("host_uscc")(_uscc)

    _kept = field_validator("name", "type", "parent_id")(kept)


def shown(unit: Unit, path: Iterable[Place], allowed: list[str]) -> Mapping[str, Any]:
    """Return a unit as the API answers it.

    Args:
        path: the unit, its parent, … the headquarters.
        allowed: the actions that the caller may do on it.
    """
    return {
        "id": unit.id,
        "version": unit.version,
        "name": unit.name,
        "code": unit.code,
        "former_codes": unit.former_codes,
        "type": unit.type,
        "level": unit.level,
        "status": unit.status,
        "parent_id": unit.parent_id,
        "region_code": unit.region_code,
        "flags": unit.flags,
        "host_uscc": unit.host_uscc,
        "founded_on": unit.founded_on,
        "predecessor_founded_on": unit.predecessor_founded_on,
        "older_than_parent": unit.older_than_parent,
        "distinct": [{"unit": it.unit, "reason": it.reason} for it in unit.distinct or ()],
        "path": [{"id": one.id, "name": one.name, "level": one.level} for one in path][::-1],
        "allowed": allowed,
        "created_at": unit.created_at,
        "edited_at": unit.edited_at,
    }
