"""Requests and answers of the member service; the request models are the commands."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, TypeAdapter, field_validator, model_validator
from pydantic_core import PydanticCustomError

from shared.people import PaperDocument, PersonCorrection, TransitionInput, UnitId
from shared.personal.identifiers import IdType
from shared.personal.records import (
    ConsentInput,
    Day,
    Given,
    PersonInput,
    ShortText,
)

MAX_ROWS = 500
MAX_PAGE = 200

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

    REQUIRED: ClassVar[frozenset[str]] = frozenset({"name", "kind"})

    kind: Kind | None = None


class SearchInput(Given):
    """One exact key: a document number with its type, or a phone number."""

    id_type: IdType = IdType.RESIDENT_ID
    id_number: ShortText | None = None
    phone: ShortText | None = None


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


class BulkInput(Given):
    """A page of a roster. Its rows are judged one by one, each on its own (``BulkRow``)."""

    mode: Literal["applications", "existing"]
    document: PaperDocument | None = None
    consent: ConsentInput | None = None
    rows: Annotated[list[dict[str, Any]], Field(min_length=1)]

    @field_validator("rows")
    @classmethod
    def _numbered(cls, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if len(rows) > MAX_ROWS:
            raise PydanticCustomError("rows.too_many", "too many rows", {"max": MAX_ROWS})
        numbers = {row.get("row") for row in rows if type(row.get("row")) is int}
        if len(numbers) != len(rows):
            raise PydanticCustomError("member.rows_unnumbered", "rows without own numbers")
        return rows


BULK_ROW: TypeAdapter[BulkRow] = TypeAdapter(BulkRow)
