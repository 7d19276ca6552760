"""Requests and answers of the member service; the request models are the commands."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, TypeAdapter, field_validator, model_validator
from pydantic_core import PydanticCustomError

from shared.personal.identifiers import IdType
from shared.personal.records import (
    ConsentInput,
    Day,
    Given,
    GuardianInput,
    PersonInput,
    PlainText,
    ShortText,
)

MAX_ROWS = 500
MAX_PAGE = 200

Kind = Literal["INDIVIDUAL_ADULT", "INDIVIDUAL_YOUTH"]
UnitId = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9-]+$")]
Reason = Annotated[PlainText, Field(description="kept with the version that is replaced")]
RevealField = Literal["name", "id_number", "phone", "address", "guardian_name", "guardian_phone"]


class MemberCreate(PersonInput):
    """An application to join; sex and birth date are read from the number where absent."""

    kind: Kind
    unit_id: UnitId
    consent: ConsentInput | None = None
    effective_on: Day | None = None


class PaperDocument(Given):
    """The paper an action rests on."""

    number: ShortText
    issued_on: Day | None = None


class TransitionInput(Given):
    """What every action on a membership takes."""

    effective_on: Day | None = None
    reason: Reason | None = None
    document: PaperDocument | None = None


class ReapplyInput(TransitionInput):
    """A new application of a person whose membership has ended or was voided.

    ``registration`` replaces what is stored; it is required where the entry was voided or lies
    outside the caller's scope, and must bear the entry's own document number.
    """

    registration: MemberCreate | None = None


class MemberCorrection(Given):
    """Fields that were wrong from the start; null removes one that may be empty."""

    name: str | None = None
    sex: str | None = None
    birth_date: Day | None = None
    kind: Kind | None = None
    phone: str | None = None
    address: PlainText | None = None
    ethnicity: str | None = None
    education: str | None = None
    political: str | None = None
    occupation: str | None = None
    guardian: GuardianInput | None = None
    reason: Reason | None = None
    document: PaperDocument | None = None

    REMOVABLE: ClassVar = frozenset(
        {"phone", "address", "ethnicity", "education", "political", "occupation", "guardian"}
    )

    def given(self) -> frozenset[str]:
        """Return the names of the fields to correct."""
        return frozenset(self.model_fields_set) - {"reason", "document"}


class RevealInput(Given):
    """Which masked fields to show in full, and why."""

    fields: Annotated[list[RevealField], Field(min_length=1, max_length=6)]
    reason: Reason


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
