"""A new application of a person whose membership has ended or was voided."""

from member import domain
from member.domain import LIFE, REOPENABLE
from member.schemas import MemberCreate, ReapplyInput
from member.service.admission import application, examine
from member.service.changes import state_of
from member.service.registry import Registry
from shared.base.clock import now, today
from shared.base.errors import Invalid, refuse
from shared.base.mongo import Document
from shared.people.cases import Fields, Seen, cause_of, decision
from shared.people.lifecycle import Command
from shared.people.once import Once
from shared.people.returning import PLACE, check_same_number, numbers_to_take, placed, stored_within
from shared.people.sealed import countable
from shared.register.entities import Decision
from shared.web.access import Principal


async def reapply(
    registry: Registry, caller: Principal, seen: Seen, given: ReapplyInput, once: Once
) -> Document:
    """Open a membership that has ended or was voided again, as an application.

    Where the entry is in another county, or holds what was entered in error, the whole
    registration is given (``shared.people.returning``).
    """

    async def do() -> Document:
        registration = given.registration
        if registration is None:
            return await _reopen(registry, caller, seen, given, once)
        own_day = given.effective_on is None and registration.effective_on is not None
        with placed(own_day=own_day):
            return await _replace(registry, caller, seen, given, registration, once)

    return await registry.office.answered(caller, once, do)


def _command(caller: Principal, given: ReapplyInput) -> Command:
    """Return the command of a request; without a day the registration's holds, or today."""
    day = given.effective_on or (given.registration and given.registration.effective_on)
    present = today()
    return Command(day or present, present, now(), caller.subject, given.reason)


def _decision(
    document: Document, state: Fields, command: Command, fields: Fields | None = None
) -> Decision:
    outcome = domain.apply_again(document, state, command)
    return decision("reapply", outcome, fields or {}, drafts=True)


async def _reopen(
    registry: Registry, caller: Principal, seen: Seen, given: ReapplyInput, once: Once
) -> Document:
    office = registry.office
    found = await office.stored(seen.identity)
    await office.permit_transition(caller, found["unit"], LIFE.transitions["reapply"])
    LIFE.check_allowed("reapply", found["status"])
    if found["status"] == "VOIDED":
        raise Invalid("person.registration_required", field=PLACE)
    refuse(await office.unit_problems(found["unit"], registry.unit_check))
    asked = _command(caller, given)

    def decide(document: Document) -> Decision:
        return _decision(document, state_of(document), asked)

    return await office.change(
        caller, seen.identity, seen.version, decide,
        action="reapply", cause=cause_of(caller, given, asked.day), once=once,
    )  # fmt: skip


async def _replace(
    registry: Registry,
    caller: Principal,
    seen: Seen,
    given: ReapplyInput,
    registration: MemberCreate,
    once: Once,
) -> Document:
    office = registry.office
    found, within = await stored_within(office, caller, seen.identity)
    problems = await office.home(caller, registration.unit_id, registry.unit_check)
    asked = _command(caller, given)
    person, errors = examine(
        registration, registration.consent, registry.rules, day=asked.day, present=asked.today
    )
    refuse([*problems, *errors])
    if person is None:
        raise AssertionError("a person was examined")
    reopens = found["status"] in REOPENABLE
    check_same_number(office, person, found, within=within, reopens=reopens)
    document = application(registration, person, seen.identity, registry, asked.day)
    document.pop("_id")

    def decide(before: Document) -> Decision:
        state = domain.state_of({**before, **document}, countable(person))
        return _decision(before, state, asked, document)

    return await office.change(
        caller, seen.identity, seen.version, decide,
        action="reapply", cause=cause_of(caller, given, asked.day), once=once,
        numbers=await numbers_to_take(office, seen.identity, document["id_index"]),
    )  # fmt: skip
