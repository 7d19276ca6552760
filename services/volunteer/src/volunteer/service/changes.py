"""Changes of an entry: the actions of its life, and corrections; and what a volunteer sees of it."""

from datetime import date
from typing import Any

from shared.base.clock import today
from shared.base.errors import NotFound, refuse
from shared.base.mongo import Document
from shared.people import cases, reading
from shared.people.cases import Seen
from shared.people.intake import Person
from shared.people.once import Once
from shared.people.requests import TransitionInput
from shared.register.directory import Card
from shared.web.access import Principal
from volunteer import domain
from volunteer.schemas import DeregisterInput, RegistrationInput, VolunteerCorrection
from volunteer.service.register import Volunteers, state_of, step, waits


async def apply_registration(
    volunteers: Volunteers, principal: Principal, seen: Seen, given: RegistrationInput, once: Once
) -> Document:
    """Apply for registration by a document that evidences the hours."""
    evidence = cases.cause_of(principal, given).document

    def fields(_document: Document) -> dict[str, Any]:
        refuse(
            domain.check_evidence(
                volunteers.rule, document=evidence is not None, declared_hours=given.declared_hours
            )
        )
        registration = {
            "basis": "DOCUMENT" if evidence else volunteers.rule.mode,
            "document": evidence,
            "declared_hours": given.declared_hours,
        }
        return {"registration": registration, "applied_by": principal.subject}

    return await step(volunteers, principal, seen, "apply-registration", given, once, fields=fields)


async def deregister(
    volunteers: Volunteers, principal: Principal, seen: Seen, given: DeregisterInput, once: Once
) -> Document:
    """End an enrolment on a ground."""
    return await step(
        volunteers, principal, seen, "deregister", given, once,
        ground=given.ground, fields=lambda _document: {"ground": given.ground},
    )  # fmt: skip


async def act(
    action: str,
    volunteers: Volunteers,
    principal: Principal,
    seen: Seen,
    given: TransitionInput,
    once: Once,
) -> Document:
    """Do an action that has no rules beyond the table's."""
    return await step(volunteers, principal, seen, action, given, once)


async def correct(
    volunteers: Volunteers, principal: Principal, seen: Seen, given: VolunteerCorrection
) -> Document:
    """Set fields right that were wrong from the start."""

    def own(document: Document, person: Person) -> dict[str, Any]:
        entered_on = date.fromisoformat(document["applied_on"])
        errors = domain.check_applicant(
            person.identifier.id_type, person.birth_date, entered_on, day_name="birth_date"
        )
        if document["status"] != "APPLIED":
            errors += waits(person, today())
        refuse(errors)
        if "service_fields" not in given.corrected:
            return {}
        return {"service_fields": sorted(set(given.service_fields or ())) or None}

    life = domain.lifecycle(volunteers.rule)
    return await cases.correct(
        volunteers.office, principal, seen, given, life=life, state=state_of, own=own
    )


async def me(volunteers: Volunteers, principal: Principal) -> tuple[Document, Card | None]:
    """Return the entry a volunteer's own account is tied to, and its home unit.

    Raises:
        NotFound: the account is tied to none.
    """
    if principal.person is None:
        raise NotFound("volunteer.no_entry")
    found = await reading.read(volunteers.office, principal, principal.person)
    return found, await volunteers.office.directory.get(found["unit"])
