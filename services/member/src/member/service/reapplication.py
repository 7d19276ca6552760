"""A new application of a person whose membership has ended or was voided."""

from collections.abc import Sequence

from member import domain
from member.domain import LIFE
from member.schemas import MemberCreate, ReapplyInput
from member.service.admission import application, examine
from member.service.changes import beside, cause, command, decision, holder_of, stored
from member.service.registry import (
    Done,
    Registry,
    admitting_path,
    once,
    permitted,
    readable,
    registrar,
    unit_problems,
)
from shared.access import Principal
from shared.entities import Decision, Insert
from shared.errors import Invalid, NotFound
from shared.idempotency import Key
from shared.mongo import Document
from shared.personal.records import (
    IDENTIFIERS,
    Person,
    countable,
    countable_fields,
    id_indexes,
    identifier_rows,
    refuse,
)


async def reapply(
    registry: Registry,
    identity: str,
    given: ReapplyInput,
    expected: int,
    caller: Principal,
    key: Key | None,
) -> Done:
    """Open a membership that has ended or was voided again, as an application.

    The one document a person has may be in another county, or hold what was entered in error; then
    the whole registration is given and its number must be the entry's own, which is proof enough
    that the caller has this person before him.
    """
    digest = key.digest(given) if key else ""

    async def do() -> Done:
        found = await stored(registry, identity)
        if given.registration is None:
            return await _reopen(registry, found, given, expected, caller, key, digest)
        return await _replace(
            registry, found, given, given.registration, expected, caller, key, digest
        )

    return await once(registry, key, digest, do)


async def _reopen(
    registry: Registry,
    found: Document,
    given: ReapplyInput,
    expected: int,
    caller: Principal,
    key: Key | None,
    digest: str,
) -> Done:
    await permitted(registry, found["unit"], holder_of(domain.TRANSITIONS["reapply"], caller))
    LIFE.check_allowed("reapply", found["status"])
    if found["status"] == "VOIDED":
        raise Invalid("member.registration_required", field="registration")
    refuse(await unit_problems(registry, found["unit"]))

    def decide(document: Document) -> Decision:
        state = domain.state_of(document, countable_fields(document))
        move = domain.apply_again(document, state, command(given, caller))
        return decision(move, "reapply")

    changed = await registry.writer.change(
        found["_id"], expected, decide, cause=cause(given, caller),
        beside=lambda after: beside(after, "reapply", caller, key, digest),
    )  # fmt: skip
    return Done(changed)


async def _replace(
    registry: Registry,
    found: Document,
    given: ReapplyInput,
    registration: MemberCreate,
    expected: int,
    caller: Principal,
    key: Key | None,
    digest: str,
) -> Done:
    within = await readable(registry, caller, found["unit"])
    await admitting_path(registry, registration.unit_id, registrar(caller))
    asked = command(given, caller, registration.effective_on)
    person, errors = examine(
        registration, registration.consent, registry.rules, day=asked.day, present=asked.today
    )
    refuse([*await unit_problems(registry, registration.unit_id), *errors])
    if person is None:
        raise AssertionError("a person was examined")
    _check_same_number(registry, person, found, within)
    document = application(registration, person, found["_id"], registry, asked.day)
    document.pop("_id")
    new_indexes = set(document["id_index"]) - set(found.get("id_index", ()))

    def decide(before: Document) -> Decision:
        state = domain.state_of({**before, **document}, countable(person))
        return decision(domain.apply_again(before, state, asked), "reapply", document)

    def written(after: Document) -> Sequence[Insert]:
        rows = identifier_rows(sorted(new_indexes), after["_id"])
        return [
            *((IDENTIFIERS, row) for row in rows),
            *beside(after, "reapply", caller, key, digest),
        ]

    changed = await registry.writer.change(
        found["_id"], expected, decide, cause=cause(given, caller), beside=written
    )
    return Done(changed, person.warnings)


def _check_same_number(registry: Registry, person: Person, found: Document, within: bool) -> None:
    same = set(id_indexes(registry.ring, person.identifier)) & set(found.get("id_index", ()))
    if not within and (not same or found["status"] not in domain.REOPENABLE):
        raise NotFound("not_found")
    if not same:
        raise Invalid("member.number_differs", field="registration.id_number")
