"""Requests and answers of the member service; the request models are the commands."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from member.membership.rules import Kind, Membership
from shared.contract.events.states import UnitId
from shared.people.entity import runs_shown
from shared.people.identifiers import IdType
from shared.people.intake import ConsentInput, PersonInput
from shared.people.requests import PersonCorrection, Registration, ReturnInput
from shared.register.requests import PaperDocument
from shared.web.fields import Day, StrictModel, kept
from shared.web.messages import text

MAX_ROWS = 500
MAX_ROW_NUMBER = 2**31 - 1
DEEPEST = 3
"""Objects within one another that a row has: itself, its guardian, the guardian's consent."""
_INTEGERS = range(-(2**63), 2**63)


Namesake = Annotated[
    bool,
    Field(
        description="this is another person than the one of the same name, sex and birth date who "
        "was entered from paper in this unit; only with a document number"
    ),
]


class MemberCreate(Registration):
    """An application to join; sex and birth date are read from the number where absent."""

    kind: Kind
    namesake: Namesake = False


class ReapplyInput(ReturnInput):
    """A new application of a person whose membership has ended or was voided."""

    registration: MemberCreate | None = None


class MemberCorrection(PersonCorrection):
    """Fields of a membership that were wrong from the start; null empties one that may be.

    Who was entered from paper gets the number of a document by ``id_type`` and ``id_number``.
    """

    kind: Kind | None = None
    id_type: IdType | None = None
    id_number: str | None = None

    _kept = field_validator("kind", "id_type", "id_number")(kept)


class BulkRow(PersonInput):
    """One row of a page; empty cells count as absent."""

    row: int
    kind: Kind
    namesake: Namesake = False
    unit_id: UnitId
    joined_on: Day | None = None

    @model_validator(mode="before")
    @classmethod
    def _drop_empty(cls, value: Any) -> Any:
        if isinstance(value, dict):
            return {k: v for k, v in value.items() if v is not None and v != ""}
        return value


def _plain(value: Any, depth: int = 1) -> Any:
    """Return a value without what no row can hold and nothing after this could store or digest.

    What lies deeper than any field becomes empty, and an integer over 64 bits a fraction: no field
    takes either, so the row is refused by that field.
    """
    if isinstance(value, dict):
        return {k: _plain(v, depth + 1) for k, v in value.items()} if depth <= DEEPEST else {}
    if isinstance(value, list):
        return [_plain(item, depth + 1) for item in value] if depth <= DEEPEST else []
    if isinstance(value, int) and value not in _INTEGERS:
        return value % 2**50 + 0.5
    return value


def _numbered(row: dict[str, Any]) -> dict[str, Any]:
    number = row.get("row")
    if type(number) is not int or not 0 <= number <= MAX_ROW_NUMBER:
        raise PydanticCustomError(
            "member.row_number", "a row without its number", {"max": MAX_ROW_NUMBER}
        )
    plain: dict[str, Any] = _plain(row)
    return plain


RawRow = Annotated[dict[str, Any], AfterValidator(_numbered)]


class BulkInput(StrictModel):
    """A page of a roster. Its rows are judged one by one, each on its own (``BulkRow``)."""

    mode: Literal["applications", "existing"]
    document: PaperDocument | None = None
    consent: ConsentInput | None = None
    rows: Annotated[list[RawRow], Field(min_length=1)]

    @field_validator("rows", mode="before")
    @classmethod
    def _not_too_many(cls, rows: Any) -> Any:
        if isinstance(rows, list) and len(rows) > MAX_ROWS:
            raise PydanticCustomError("rows.too_many", "too many rows", {"max": MAX_ROWS})
        return rows

    @field_validator("rows")
    @classmethod
    def _numbered_apart(cls, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if len({row["row"] for row in rows}) != len(rows):
            raise PydanticCustomError("member.rows_unnumbered", "rows without own numbers")
        return rows


def warnings_of(codes: Sequence[str], language: str) -> list[dict[str, str]]:
    """Put into words what was declared against the number and kept (docs/domain.md section 4.1)."""
    return [{"code": code, "message": text(code, language)} for code in codes]


def shown(
    member: Membership, person: Mapping[str, Any], allowed: list[str], language: str
) -> Mapping[str, Any]:
    """Return a membership as every ordinary answer shows it.

    Args:
        person: the masked person.
        allowed: the actions that the caller may do on it.
    """
    return {
        "id": member.id,
        "unit_id": member.unit,
        "version": member.version,
        "status": member.status,
        "kind": member.kind,
        "grade": member.grade,
        "applied_on": member.applied_on,
        "approved_on": member.approved_on,
        "registered_on": member.registered_on,
        "rejected_on": member.rejected_on,
        "withdrawn_on": member.withdrawn_on,
        "expelled_on": member.expelled_on,
        "deceased_on": member.deceased_on,
        "reapplied_on": member.reapplied_on,
        "voided_on": member.voided_on,
        "consent": member.consent and member.consent.model_dump(mode="json"),
        "filing": member.filing and member.filing.model_dump(mode="json"),
        "created_by": member.created_by,
        "created_at": member.created_at,
        "edited_by": member.edited_by,
        "edited_at": member.edited_at,
        **person,
        "runs": runs_shown(member),
        "warnings": warnings_of(member.warnings, language),
        "allowed": allowed,
    }
