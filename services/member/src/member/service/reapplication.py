"""A new application of a person whose membership has ended or was voided."""

from member import domain
from member.domain import LIFE
from member.schemas import MemberCreate, ReapplyInput
from member.service.admission import application, examine
from member.service.registry import Done, Registry, answered_once, readable
from shared.access import Principal
from shared.clock import now, today
from shared.entities import Decision
from shared.errors import Invalid, NotFound
from shared.mongo import Document
from shared.people import Command
from shared.people.cases import Fields, Seen, cause_of
from shared.people.office import Once
from shared.personal.records import Person, countable, countable_fields, id_indexes, refuse


async def reapply(
    registry: Registry, caller: Principal, seen: Seen, given: ReapplyInput, once: Once
) -> Done:
    """Open a membership that has ended or was voided again, as an application.

    The one document a person has may be in another county, or hold what was entered in error; then
    the whole registration is given and its number must be the entry's own, which is proof enough
    that the caller has this person before him.
    """

    async def do() -> Done:
        found = await registry.office.stored(seen.identity)
        if given.registration is None:
            return await _reopen(registry, caller, seen, found, given, once)
        return await _replace(registry, caller, seen, found, given, given.registration, once)

    return await answered_once(registry, once, do)


def _command(caller: Principal, given: ReapplyInput) -> Command:
    """Return the command of a request; without a day the registration's holds, or today."""
    day = given.effective_on or (given.registration and given.registration.effective_on)
    present = today()
    return Command(day or present, present, now(), caller.subject, given.reason)


def _decision(
    document: Document, state: Fields, command: Command, fields: Fields | None = None
) -> Decision:
    move = domain.apply_again(document, state, command)
    return Decision(move.fact, "reapply", move.timeline, {**(fields or {}), **move.fields})


async def _reopen(
    registry: Registry,
    caller: Principal,
    seen: Seen,
    found: Document,
    given: ReapplyInput,
    once: Once,
) -> Done:
    office = registry.office
    await office.permit_transition(caller, found["unit"], LIFE.transitions["reapply"])
    LIFE.check_allowed("reapply", found["status"])
    if found["status"] == "VOIDED":
        raise Invalid("member.registration_required", field="registration")
    refuse(await office.unit_problems(found["unit"], registry.unit_check))

    def decide(document: Document) -> Decision:
        state = domain.state_of(document, countable_fields(document))
        return _decision(document, state, _command(caller, given))

    changed = await office.change(
        caller, seen.identity, seen.version, decide,
        action="reapply", cause=cause_of(caller, given, given.effective_on), once=once,
    )  # fmt: skip
    return Done(changed)


async def _replace(
    registry: Registry,
    caller: Principal,
    seen: Seen,
    found: Document,
    given: ReapplyInput,
    registration: MemberCreate,
    once: Once,
) -> Done:
    within = await readable(registry, caller, found["unit"])
    problems = await registry.office.home(caller, registration.unit_id, registry.unit_check)
    asked = _command(caller, given)
    person, errors = examine(
        registration, registration.consent, registry.rules, day=asked.day, present=asked.today
    )
    refuse([*problems, *errors])
    if person is None:
        raise AssertionError("a person was examined")
    _check_same_number(registry, person, found, within)
    document = application(registration, person, seen.identity, registry, asked.day)
    document.pop("_id")

    def decide(before: Document) -> Decision:
        state = domain.state_of({**before, **document}, countable(person))
        return _decision(before, state, asked, document)

    changed = await registry.office.change(
        caller, seen.identity, seen.version, decide,
        action="reapply", cause=cause_of(caller, given, given.effective_on), once=once,
        numbers=sorted(set(document["id_index"]) - set(found.get("id_index", ()))),
    )  # fmt: skip
    return Done(changed, person.warnings)


def _check_same_number(registry: Registry, person: Person, found: Document, within: bool) -> None:
    indexes = id_indexes(registry.office.ring, person.identifier)
    same = set(indexes) & set(found.get("id_index", ()))
    if not within and (not same or found["status"] not in domain.REOPENABLE):
        raise NotFound("not_found")
    if not same:
        raise Invalid("member.number_differs", field="registration.id_number")
