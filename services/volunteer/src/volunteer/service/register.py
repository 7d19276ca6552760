"""What every use case works with: the office both registers have, the rule, what is checked of all."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from shared.base.errors import FieldError, Invalid, refuse
from shared.base.mongo import AsyncDatabase, Document
from shared.contract import events
from shared.people import cases
from shared.people.cases import Seen
from shared.people.intake import Person, check_consent, check_person
from shared.people.lifecycle import check_effective
from shared.people.office import Office
from shared.people.once import Once
from shared.people.requests import TransitionInput
from shared.people.sealed import countable_fields
from shared.register.directory import Card
from shared.register.entities import EntityWriter
from shared.web.access import Principal
from volunteer import domain, store
from volunteer.domain import Ground, RegisteredRule
from volunteer.schemas import VolunteerCreate

SOURCE = "/services/volunteer"


def writer(database: AsyncDatabase, partitions: int) -> EntityWriter:
    """Return the one way volunteers are written."""
    return EntityWriter(database, store.VOLUNTEERS, SOURCE, events.VOLUNTEER_TOPIC, partitions)


def taken(holder: Mapping[str, Any]) -> str:
    """Return the code of the refusal of a number that an entry holds."""
    if holder["status"] in domain.OPEN:
        return "person.duplicate"
    return "volunteer.left" if domain.returns(holder) else "volunteer.barred"


def reopens(document: Mapping[str, Any]) -> str | None:
    """Return the action that opens an entry again, if one does."""
    return "enrol" if domain.returns(document) else None


def state_of(document: Document) -> dict[str, Any]:
    """Return the countable state of a stored entry."""
    return domain.state_of(document, countable_fields(document))


@dataclass(frozen=True)
class Volunteers:
    """The wiring of the service: one office, under one registered rule."""

    office: Office
    rule: RegisteredRule


def unit_problems(card: Card) -> list[FieldError]:
    """Return what speaks against a unit that is to enrol a volunteer."""
    return domain.check_unit(card.status)


def examined(given: VolunteerCreate, errors: list[FieldError], day: date, present: date) -> Person:
    """Return the person in stored form.

    Raises:
        Invalid: everything that speaks against the enrolment, ``errors`` found before included.
    """
    found = [*errors, *check_effective(day, present)]
    if given.consent is None:
        found.append(FieldError("consent", "consent.missing"))
    check_consent(found, "consent", given.consent, present)
    try:
        person = check_person(given, present)
    except Invalid as refusal:
        refuse([*found, *refusal.errors])
        raise
    found += domain.check_applicant(person.identifier.id_type, person.birth_date, day)
    refuse(found)
    return person


def waits(person: Person, present: date) -> list[FieldError]:
    """Return what a person's enrolment still waits for."""
    guardian = person.guardian
    consent = guardian is not None and guardian.consent is not None
    return domain.lacks_guardian(person.birth_date, present, consent=consent)


async def step(
    volunteers: Volunteers,
    principal: Principal,
    seen: Seen,
    action: str,
    given: TransitionInput,
    once: Once,
    *,
    ground: Ground = domain.OWN_REQUEST,
    **more: Any,
) -> Document:
    """Do an action of the table; see ``shared.people.cases.act``."""
    return await cases.act(
        volunteers.office, principal, seen, action, given,
        life=domain.lifecycle(volunteers.rule, ground), once=once, state=state_of, **more,
    )  # fmt: skip
