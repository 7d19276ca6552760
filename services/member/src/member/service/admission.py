"""Joining: checks of the person, and the create that shares its transaction with its neighbours."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from member import domain, store
from member.schemas import BulkRow, MemberCreate
from member.service.registry import (
    Done,
    Registry,
    admitting_path,
    once,
    registrar,
    taken,
    unit_problems,
)
from shared import accesslog, idempotency
from shared.access import Principal
from shared.clock import now, today
from shared.errors import Conflict, FieldError, Invalid
from shared.groupcommit import AlreadyThere, Write
from shared.idempotency import Key, Outcome
from shared.identity import new_id
from shared.people import begun, check_effective
from shared.personal.records import (
    IDENTIFIERS,
    ConsentInput,
    Person,
    PersonInput,
    check_consent,
    check_person,
    consent_document,
    countable,
    identifier_rows,
    refuse,
    seal,
)

CREATED = 201


def examine(
    given: PersonInput,
    consent: ConsentInput | None,
    rules: domain.Rules,
    *,
    day: date,
    present: date,
    day_name: str = "effective_on",
    paper_stock: bool = False,
) -> tuple[Person | None, list[FieldError]]:
    """Return the person in stored form, and everything that speaks against admission.

    Args:
        given: the fields as sent.
        consent: to the processing of the data.
        rules: what the chapter's body has set.
        day: day of the application, or of joining.
        present: today.
        day_name: what the request calls the day.
        paper_stock: whether members of long standing are entered from paper.
    """
    errors = domain.check_document_type(given.id_type, rules, paper_stock=paper_stock)
    errors += check_effective(day, present, day_name)
    if consent is None:
        errors.append(FieldError("consent", "consent.missing"))
    check_consent(errors, "consent", consent, present)
    if any(error.field == "id_type" for error in errors):
        return None, errors  # what the number then lacks is beside the point
    try:
        person = check_person(given, present)
    except Invalid as refusal:
        return None, [*errors, *refusal.errors]
    if person.unverified and given.sex is None:
        errors.append(FieldError("sex", "member.sex_required"))
    guardian = person.guardian
    errors += domain.check_age(
        person.birth_date,
        joins_on=day,
        today=present,
        guardian=guardian is not None,
        guardian_consent=guardian is not None and guardian.consent is not None,
        rules=rules,
    )
    return person, errors


def admitted(
    given: MemberCreate | BulkRow, person: Person, identity: str, registry: Registry
) -> dict[str, Any]:
    """Return the document fields of a person who joins, but for status, days and consent."""
    return {
        "_id": identity,
        "unit": given.unit_id,
        "kind": given.kind,
        "grade": domain.ORDINARY,
        **seal(person, identity, store.MEMBERS, registry.ring),
    }


def application(
    given: MemberCreate, person: Person, identity: str, registry: Registry, day: date
) -> dict[str, Any]:
    """Return the document of an application."""
    return {
        **admitted(given, person, identity, registry),
        "status": "APPLIED",
        "consent": consent_document(given.consent),
        "applied_on": day.isoformat(),
        "last_action": "apply",
    }


async def register(
    registry: Registry, given: MemberCreate, caller: Principal, key: Key | None
) -> Done:
    """Enter an application to join.

    Raises:
        Invalid: a field, the unit or the age breaks a rule.
        Forbidden: the caller registers nobody there.
        Conflict: the number is held already.
    """
    digest = key.digest(given) if key else ""

    async def act() -> Done:
        return await _register(registry, given, caller, key, digest)

    return await once(registry, key, digest, act, ask_first=False)


async def _register(
    registry: Registry, given: MemberCreate, caller: Principal, key: Key | None, digest: str
) -> Done:
    await admitting_path(registry, given.unit_id, registrar(caller))
    present = today()
    day = given.effective_on or present
    person, errors = examine(given, given.consent, registry.rules, day=day, present=present)
    refuse([*await unit_problems(registry, given.unit_id), *errors])
    if person is None:
        raise AssertionError("a person was examined")
    identity = new_id()
    document = application(given, person, identity, registry, day)
    states = begun(domain.state_of(document, countable(person)), day, now())
    inserts = registry.writer.creation(
        document, states, fact=domain.LIFE.fact("applied"), subject=caller.subject
    )
    try:
        await registry.groups.submit(_write(document, inserts, caller, key, digest))
    except AlreadyThere as there:
        raise await _refusal(registry, there) from None
    return Done(inserts[0][1], person.warnings)


def _write(
    document: Mapping[str, Any],
    inserts: list[tuple[str, dict[str, Any]]],
    caller: Principal,
    key: Key | None,
    digest: str,
) -> Write:
    identity, indexes = document["_id"], document["id_index"]
    log_row = accesslog.row(caller.subject, "create", identity, unit=document["unit"])
    beside = [(IDENTIFIERS, row) for row in identifier_rows(indexes, identity)]
    unique = {IDENTIFIERS: indexes}
    if key is not None:
        outcome = Outcome(CREATED, identity, 1)
        beside.insert(0, (idempotency.COLLECTION, idempotency.record(key, digest, outcome)))
        unique = {idempotency.COLLECTION: [key.id], **unique}
    return Write(
        inserts=(*beside, *inserts, (accesslog.COLLECTION, log_row)),
        keys=frozenset([*indexes, *([key.id] if key else [])]),
        unique=unique,
    )


async def _refusal(registry: Registry, there: AlreadyThere) -> Conflict:
    holder = (await store.holders(registry.database, [there.id])).get(there.id)
    if holder is None:  # the idempotency record: answered from it by ``once``
        return Conflict("person.duplicate", params={"county": "-", "unit_type": "OTHER"})
    return await taken(registry, holder)
