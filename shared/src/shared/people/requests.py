"""What requests to the registers of persons have in common: corrections, reveals, searches."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from typing import Annotated, Literal

from pydantic import Field, field_validator

from shared.base.errors import Conflict, FieldError, Invalid
from shared.contract.events.states import UnitId
from shared.people.identifiers import IdType
from shared.people.intake import ConsentInput, PersonFields, PersonInput
from shared.register.requests import ActionInput, Correction, Dated, Reason
from shared.web.fields import ShortText, StrictModel, kept

RevealField = Literal["name", "id_number", "phone", "address", "guardian_name", "guardian_phone"]


MOST_RUNS = 10_000
"""Far more often than anybody joins again."""


class RevealInput(StrictModel):
    """Which masked fields to show in full, and why."""

    fields: Annotated[list[RevealField], Field(min_length=1, max_length=6)]
    reason: Reason


class SearchInput(StrictModel):
    """One exact key: a document number with its type, or a phone number."""

    id_type: IdType = IdType.RESIDENT_ID
    id_number: ShortText | None = None
    phone: ShortText | None = None


class PersonCorrection(Correction, PersonFields):
    """Fields that were wrong from the start; null empties one, and sex and birth date are then taken
    from the number.

    They are set right in the newest run and in those before it that were carried over; with ``run``
    in that run alone.
    """

    GROUNDS = Correction.GROUNDS | {"run"}

    run: Annotated[
        int | None, Field(ge=1, le=MOST_RUNS, description="the one run to correct, as runs show")
    ] = None

    _name_kept = field_validator("name")(kept)


class Registration(PersonInput, Dated):
    """A person who is entered; sex and birth date are read from the number where absent."""

    unit_id: UnitId
    consent: ConsentInput | None = None


class ReturnInput(ActionInput):
    """The return of a person whose entry has ended or was voided.

    ``registration`` replaces what is stored; it is required where the entry was voided or lies
    outside the caller's scope, and must have the entry's own document number.
    """

    registration: Registration | None = None

    @property
    def dated(self) -> date | None:
        """Return the day of the return, else that of the registration."""
        if self.effective_on is not None or self.registration is None:
            return self.effective_on
        return self.registration.effective_on

    def path_of(self, field: str) -> str:
        """Return the path of a field of the registration in the request."""
        own_day = self.effective_on is not None or self.dated is None
        return field if field == "effective_on" and own_day else f"registration.{field}"


def within_registration(errors: Sequence[FieldError]) -> list[FieldError]:
    """Return what is wrong with a stored person by the field that would set it right: a whole
    registration is given instead. The day of the command is its own."""
    return [
        error
        if error.field == "effective_on"
        else replace(error, field=f"registration.{error.field}")
        for error in errors
    ]


@contextmanager
def placed(given: ReturnInput) -> Iterator[None]:
    """Name fields at fault by their path in the request, not within the registration."""
    try:
        yield
    except (Invalid, Conflict) as refusal:
        errors = [replace(error, field=given.path_of(error.field)) for error in refusal.errors]
        raise type(refusal)(refusal.code, params=refusal.params, errors=errors) from refusal
