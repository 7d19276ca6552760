"""Coming into the register, and back into it."""

from datetime import date
from typing import Any

from shared.base.clock import now, today
from shared.base.errors import FieldError, refuse
from shared.base.ids import new_id
from shared.base.mongo import Document
from shared.people import cases
from shared.people.cases import Seen
from shared.people.intake import Person, check_guardian
from shared.people.lifecycle import Command, begun
from shared.people.once import Once
from shared.people.returning import check_same_number, numbers_to_take, placed, stored_within
from shared.people.sealed import consent_document, countable, seal, seal_guardian
from shared.register.entities import Decision
from shared.web.access import Principal
from volunteer import domain, store
from volunteer.schemas import EnrolInput, VolunteerCreate
from volunteer.service.register import Volunteers, examined, step, unit_problems, waits


async def create(
    volunteers: Volunteers, principal: Principal, given: VolunteerCreate, once: Once
) -> Document:
    """Enrol a person; without a minor's guardian the entry stays an application.

    Raises:
        Invalid: a field, the unit or the consent breaks a rule.
        Forbidden: the caller enrols nobody there.
        Conflict: the number is held already.
    """

    async def do() -> Document:
        return await _create(volunteers, principal, given, once)

    return await volunteers.office.answered(principal, once, do, ask_first=False)


async def _create(
    volunteers: Volunteers, principal: Principal, given: VolunteerCreate, once: Once
) -> Document:
    errors = await volunteers.office.home(principal, given.unit_id, unit_problems)
    present = today()
    day = given.effective_on or present
    person = examined(given, errors, day, present)
    waiting = waits(person, present)
    status, fact = domain.entered(volunteers.rule, waiting)
    document = {
        "_id": (identity := new_id()),
        "status": status,
        **_document(volunteers, given, person, identity, day),
    }
    if status != "APPLIED":
        document[f"{fact}_on"] = day.isoformat()
    states = begun(domain.state_of(document, countable(person)), day, now())
    inserts = volunteers.office.writer.creation(
        document, states,
        fact=domain.lifecycle(volunteers.rule).fact(fact), subject=principal.subject,
    )  # fmt: skip
    return await volunteers.office.create(principal, inserts, entity=document, once=once)


def _document(
    volunteers: Volunteers, given: VolunteerCreate, person: Person, identity: str, day: date
) -> Document:
    return {
        "unit": given.unit_id,
        **seal(person, identity, store.VOLUNTEERS, volunteers.office.ring),
        "consent": consent_document(given.consent),
        "service_fields": sorted(set(given.service_fields or ())) or None,
        "warnings": list(person.warnings) or None,
        "applied_on": day.isoformat(),
        "last_action": "create",
    }


async def enrol(
    volunteers: Volunteers, principal: Principal, seen: Seen, given: EnrolInput, once: Once
) -> Document:
    """Complete an application, or take back who left by own request.

    Where the entry is in another county, or holds what was entered in error, the whole
    registration is given (``shared.people.returning``).
    """
    registration = given.registration
    if registration is None:
        return await _complete(volunteers, principal, seen, given, once)
    own_day = given.effective_on is None and registration.effective_on is not None

    async def do() -> Document:
        with placed(own_day=own_day):
            return await _enrol_anew(volunteers, principal, seen, given, registration, once)

    return await volunteers.office.answered(principal, once, do)


async def _complete(
    volunteers: Volunteers, principal: Principal, seen: Seen, given: EnrolInput, once: Once
) -> Document:
    errors: list[FieldError] = []
    guardian = check_guardian(errors, given.guardian, today())
    refuse(errors)
    sealed = seal_guardian(guardian, seen.identity, store.VOLUNTEERS, volunteers.office.ring)
    unit = (await volunteers.office.stored(seen.identity))["unit"]

    def fields(document: Document) -> dict[str, Any]:
        domain.check_return(document, anew=False)
        known = sealed or document.get("guardian") or {}
        born = date.fromisoformat(document["birth_date"])
        consent = known.get("consent") is not None
        refuse(domain.lacks_guardian(born, today(), consent=consent))
        return {**domain.fields_on_return(document), **({"guardian": sealed} if sealed else {})}

    async def do() -> Document:
        refuse(await volunteers.office.unit_problems(unit, unit_problems))
        return await step(volunteers, principal, seen, "enrol", given, once, fields=fields)

    await volunteers.office.permit(principal, unit, "registrar")
    return await volunteers.office.answered(principal, once, do)


async def _enrol_anew(
    volunteers: Volunteers,
    principal: Principal,
    seen: Seen,
    given: EnrolInput,
    registration: VolunteerCreate,
    once: Once,
) -> Document:
    office, present = volunteers.office, today()
    found, within = await stored_within(office, principal, seen.identity)
    day = given.effective_on or registration.effective_on or present
    problems = await office.home(principal, registration.unit_id, unit_problems)
    person = examined(registration, problems, day, present)
    check_same_number(office, person, found, within=within, reopens=domain.returns(found))
    refuse(waits(person, present))
    document = _document(volunteers, registration, person, seen.identity, day)
    command = Command(day, present, now(), principal.subject, given.reason)

    def decide(before: Document) -> Decision:
        domain.check_return(before, anew=True)
        state = domain.state_of({**before, **document}, countable(person))
        outcome = domain.lifecycle(volunteers.rule).move("enrol", before, state, command)
        fields = {**domain.fields_on_return(before), **document}
        return cases.decision("enrol", outcome, fields, drafts=True)

    return await office.change(
        principal, seen.identity, seen.version, decide,
        action="enrol", cause=cases.cause_of(principal, given, day), once=once,
        numbers=await numbers_to_take(office, seen.identity, document["id_index"]),
    )  # fmt: skip
