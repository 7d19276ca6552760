"""What requests to the registers of persons have in common: actions, corrections, reveals."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from shared.people.identifiers import IdType
from shared.people.intake import GuardianInput
from shared.web.fields import Day, PaperDay, PlainText, ShortText, StrictModel, kept

Reason = Annotated[PlainText, Field(description="kept with the version that is replaced")]
RevealField = Literal["name", "id_number", "phone", "address", "guardian_name", "guardian_phone"]


class PaperDocument(StrictModel):
    """The paper an action rests on."""

    number: ShortText
    issued_on: PaperDay | None = None


class TransitionInput(StrictModel):
    """What every action takes; without a day it takes effect today."""

    effective_on: Day | None = None
    reason: Reason | None = None
    document: PaperDocument | None = None


class RevealInput(StrictModel):
    """Which masked fields to show in full, and why."""

    fields: Annotated[list[RevealField], Field(min_length=1, max_length=6)]
    reason: Reason


class SearchInput(StrictModel):
    """One exact key: a document number with its type, or a phone number."""

    id_type: IdType = IdType.RESIDENT_ID
    id_number: ShortText | None = None
    phone: ShortText | None = None


class PersonCorrection(StrictModel):
    """Fields that were wrong from the start; null empties one, and what the number says of sex
    and birth date then holds."""

    GROUNDS: ClassVar[frozenset[str]] = frozenset({"reason", "document"})

    name: str | None = None
    sex: str | None = None
    birth_date: Day | None = None
    phone: str | None = None
    address: PlainText | None = None
    ethnicity: str | None = None
    education: str | None = None
    political: str | None = None
    occupation: str | None = None
    guardian: GuardianInput | None = None
    reason: Reason | None = None
    document: PaperDocument | None = None

    @property
    def corrected(self) -> frozenset[str]:
        """Names of the fields to correct."""
        return frozenset(self.model_fields_set) - self.GROUNDS

    _name_kept = field_validator("name")(kept)

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.corrected:
            raise PydanticCustomError("field.empty_change", "nothing to correct")
        return self
