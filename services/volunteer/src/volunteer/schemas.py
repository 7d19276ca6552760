"""Requests and answers of the volunteer service; the request models are the commands."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from shared.people.intake import ConsentInput, GuardianInput, PersonInput
from shared.people.requests import PersonCorrection, TransitionInput
from shared.web.fields import Day, UnitId, kept
from shared.web.messages import text
from volunteer.domain import (
    ADULT_AGE,
    GUARDIAN_PENDING,
    OWN_REQUEST,
    SERVICE_FIELDS,
    Ground,
    allowed,
    lacks_guardian,
)

MAX_PAGE = 200
HOURS_OF_A_YEAR = 8_784

ServiceField = Literal[
    "EMERGENCY_RESCUE", "HEALTH_CARE", "HUMANITARIAN_AID", "STEM_CELL", "ORGAN_BODY", "BLOOD",
    "AIDS_PREVENTION", "DISSEMINATION", "FUNDRAISING", "OVERSEAS", "FIRST_AID", "ELDER_CARE",
    "YOUTH", "PUBLICITY_NET", "PSYCH",
]  # fmt: skip
ServiceFields = Annotated[list[ServiceField], Field(max_length=len(SERVICE_FIELDS))]
Status = Literal[
    "APPLIED", "ENROLLED", "REG_APPLIED", "REGISTERED", "SUSPENDED", "DEREGISTERED", "VOIDED"
]


class VolunteerCreate(PersonInput):
    """An enrolment; sex and birth date are read from the number where absent."""

    unit_id: UnitId
    phone: str
    service_fields: ServiceFields | None = None
    consent: ConsentInput | None = None
    effective_on: Day | None = Field(default=None, description="day the paper bears; else today")


class EnrolInput(TransitionInput):
    """Completes an application; brings a minor's guardian where he was missing. Or a return.

    ``registration`` replaces what is stored of one who returns; it is required where the entry was
    voided or lies outside the caller's scope, and must bear the entry's own document number.
    """

    guardian: GuardianInput | None = None
    registration: VolunteerCreate | None = None

    @model_validator(mode="after")
    def _one_guardian(self) -> Self:
        if self.guardian is not None and self.registration is not None:
            raise PydanticCustomError("volunteer.guardian_twice", "two guardians")
        return self


class RegistrationInput(TransitionInput):
    """Applies for registration by a document that evidences the hours of service."""

    declared_hours: Annotated[
        float | None,
        Field(ge=0, le=HOURS_OF_A_YEAR, description="hours within one calendar year"),
    ] = None


class DeregisterInput(TransitionInput):
    """Ends an enrolment; whoever leaves by own request needs no ground."""

    ground: Ground = OWN_REQUEST


class VolunteerCorrection(PersonCorrection):
    """Fields of an entry that were wrong from the start; null empties one that may be."""

    service_fields: ServiceFields | None = None

    _phone_kept = field_validator("phone")(kept)


_DAYS = (
    "applied_on", "enrolled_on", "registration_applied_on", "registered_on", "suspended_on",
    "resumed_on", "deregistered_on", "voided_on",
)  # fmt: skip


def _pending(document: Mapping[str, Any], today: date) -> str | None:
    """Return what an application waits for."""
    if document["status"] != "APPLIED":
        return None
    born = document.get("birth_date")
    consent = (document.get("guardian") or {}).get("consent") is not None
    waits = lacks_guardian(born and date.fromisoformat(born), today, consent=consent)
    return GUARDIAN_PENDING if waits else None


def _standing(document: Mapping[str, Any], today: date, lang: str) -> dict[str, Any]:
    """Return status, days and warnings: what officers and volunteers see alike."""
    pending = _pending(document, today)
    warnings: list[tuple[str, dict[str, Any]]] = [
        (code, {}) for code in document.get("warnings", [])
    ]
    if pending:
        warnings.append(("volunteer.guardian_pending", {"age": ADULT_AGE}))
    return {
        "id": document["_id"],
        "version": document["version"],
        "status": document["status"],
        "pending": pending,
        **{name: document.get(name) for name in _DAYS},
        "service_fields": document.get("service_fields", []),
        "warnings": [
            {"code": code, "message": text(code, lang, params)} for code, params in warnings
        ],
    }


def shown(
    document: Mapping[str, Any], person: Mapping[str, Any], today: date, lang: str
) -> dict[str, Any]:
    """Return an entry as every ordinary answer shows it.

    Args:
        document: the entry as stored.
        person: the masked person (``shared.people.sealed.masked``).
    """
    return {
        **_standing(document, today, lang),
        "unit_id": document["unit"],
        **person,
        "consent": document.get("consent"),
        "registration": document.get("registration"),
        "ground": document.get("ground"),
        "allowed": allowed(document),
        "created_at": document["created_at"],
        "edited_at": document["edited_at"],
    }


def own(
    document: Mapping[str, Any], unit: Mapping[str, Any] | None, today: date, lang: str
) -> dict[str, Any]:
    """Return a volunteer's own entry as the volunteer sees it.

    Args:
        document: the entry as stored.
        unit: id, name and code of the home unit.
    """
    return {**_standing(document, today, lang), "name": document["name"], "unit": unit}
