"""Requests and answers of the member service; the request models are the commands."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, TypeAdapter, field_validator, model_validator
from pydantic_core import PydanticCustomError

from shared.people.intake import ConsentInput, PersonInput
from shared.people.requests import PaperDocument, PersonCorrection, TransitionInput
from shared.web.fields import Day, StrictModel, UnitId, kept

MAX_ROWS = 500
MAX_ROW_NUMBER = 2**31 - 1
MAX_PAGE = 200
DEEPEST = 3
"""Objects within one another that a row has: itself, its guardian, the guardian's consent."""
_INTEGERS = range(-(2**63), 2**63)

Kind = Literal["INDIVIDUAL_ADULT", "INDIVIDUAL_YOUTH"]


class MemberCreate(PersonInput):
    """An application to join; sex and birth date are read from the number where absent."""

    kind: Kind
    unit_id: UnitId
    consent: ConsentInput | None = None
    effective_on: Day | None = None


class ReapplyInput(TransitionInput):
    """A new application of a person whose membership has ended or was voided.

    ``registration`` replaces what is stored; it is required where the entry was voided or lies
    outside the caller's scope, and must bear the entry's own document number.
    """

    registration: MemberCreate | None = None


class MemberCorrection(PersonCorrection):
    """Fields of a membership that were wrong from the start; null empties one that may be."""

    kind: Kind | None = None

    _kind_kept = field_validator("kind")(kept)


class BulkRow(PersonInput):
    """One row of a page; empty cells count as absent."""

    row: int
    kind: Kind
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


BULK_ROW: TypeAdapter[BulkRow] = TypeAdapter(BulkRow)
