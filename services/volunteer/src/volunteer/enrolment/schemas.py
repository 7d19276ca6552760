"""Requests and answers of the volunteer service; the request models are the commands."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Self

from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from shared.people.entity import runs_shown
from shared.people.intake import GuardianInput
from shared.people.requests import PersonCorrection, Registration, ReturnInput
from shared.register.requests import ActionInput
from shared.web.fields import kept
from shared.web.messages import text
from volunteer.enrolment.rules import (
    ADULT_AGE,
    GUARDIAN_PENDING,
    OWN_REQUEST,
    SERVICE_FIELDS,
    Enrolment,
    Ground,
    ServiceField,
    lacks_guardian,
)

HOURS_OF_A_YEAR = 8_784

ServiceFields = Annotated[list[ServiceField], Field(max_length=len(SERVICE_FIELDS))]


class VolunteerCreate(Registration):
    """An enrolment; sex and birth date are read from the number where absent."""

    phone: str
    service_fields: ServiceFields | None = None


class EnrolInput(ReturnInput):
    """Completes an application, with the guardian where one was missing. Or a return."""

    guardian: GuardianInput | None = None
    registration: VolunteerCreate | None = None

    @model_validator(mode="after")
    def _one_guardian(self) -> Self:
        if self.guardian is not None and self.registration is not None:
            raise PydanticCustomError("volunteer.guardian_twice", "two guardians")
        return self


class RegistrationInput(ActionInput):
    """Applies for registration by a document that evidences the hours of service."""

    declared_hours: Annotated[
        float | None,
        Field(ge=0, le=HOURS_OF_A_YEAR, description="hours within one calendar year"),
    ] = None


class DeregisterInput(ActionInput):
    """Ends an enrolment; whoever leaves by own request needs no ground."""

    ground: Ground = OWN_REQUEST


class VolunteerCorrection(PersonCorrection):
    """Fields of an entry that were wrong from the start; null empties one that may be."""

    service_fields: ServiceFields | None = None

    _phone_kept = field_validator("phone")(kept)


def _standing(entry: Enrolment, today: date, lang: str) -> dict[str, Any]:
    """Return status, days and warnings: what officers and volunteers see alike."""
    person = entry.person
    pending = entry.status == "APPLIED" and lacks_guardian(
        person.birth_date, today, consent=person.guardian_consents
    )
    warnings: list[tuple[str, dict[str, Any]]] = [(code, {}) for code in entry.warnings]
    if pending:
        warnings.append(("volunteer.guardian_pending", {"age": ADULT_AGE}))
    return {
        "id": entry.id,
        "version": entry.version,
        "status": entry.status,
        "pending": GUARDIAN_PENDING if pending else None,
        "applied_on": entry.applied_on,
        "enrolled_on": entry.enrolled_on,
        "registration_applied_on": entry.registration_applied_on,
        "registered_on": entry.registered_on,
        "suspended_on": entry.suspended_on,
        "resumed_on": entry.resumed_on,
        "deregistered_on": entry.deregistered_on,
        "deceased_on": entry.deceased_on,
        "voided_on": entry.voided_on,
        "service_fields": entry.service_fields,
        "warnings": [
            {"code": code, "message": text(code, lang, params)} for code, params in warnings
        ],
    }


def shown(
    entry: Enrolment, person: Mapping[str, Any], allowed: list[str], today: date, lang: str
) -> Mapping[str, Any]:
    """Return an entry as every ordinary answer shows it.

    Args:
        person: the masked person.
        allowed: the actions that the caller may do on it.
    """
    evidence = entry.registration
    return {
        **_standing(entry, today, lang),
        "unit_id": entry.unit,
        **person,
        "consent": entry.consent and entry.consent.model_dump(mode="json"),
        "registration": evidence
        and {
            "basis": evidence.basis,
            "document": evidence.document and evidence.document.model_dump(mode="json"),
            "declared_hours": evidence.declared_hours,
        },
        "ground": entry.ground,
        "runs": runs_shown(entry),
        "allowed": allowed,
        "created_at": entry.created_at,
        "edited_at": entry.edited_at,
    }


def own(
    entry: Enrolment, unit: Mapping[str, str] | None, today: date, lang: str
) -> Mapping[str, Any]:
    """Return a volunteer's own entry as the volunteer sees it.

    Args:
        unit: id, name and code of the unit it belongs to.
    """
    return {**_standing(entry, today, lang), "name": entry.person.name, "unit": unit}
