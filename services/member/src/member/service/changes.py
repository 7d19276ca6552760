"""Changes of a membership: the actions of its life, and corrections."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from member import domain, store
from member.domain import LIFE
from member.schemas import MemberCorrection
from member.service.registry import (
    Done,
    Registry,
    once,
    permitted,
)
from shared import accesslog, idempotency
from shared.access import Principal, require, require_at
from shared.clock import now, today
from shared.directory import Card, scope, scope_with_levels
from shared.entities import Cause, Decision, Insert
from shared.errors import NotFound
from shared.idempotency import Key, Outcome
from shared.mongo import Document
from shared.people import Command, PaperDocument, Transition, TransitionInput, correct_person
from shared.people import Outcome as Move
from shared.personal.records import (
    countable_fields,
    refuse,
)

OK = 200


async def act(
    registry: Registry,
    identity: str,
    action: str,
    given: TransitionInput,
    expected: int,
    caller: Principal,
    key: Key | None,
) -> Done:
    """Take a membership from one status to another.

    Args:
        identity: id of the membership.
        action: key of ``domain.TRANSITIONS`` other than ``reapply``.
        given: day, reason and document.
        expected: version the caller has seen.
        caller: who acts.
        key: the request's idempotency key.
    """
    digest = key.digest(given) if key else ""

    async def do() -> Done:
        found = await stored(registry, identity)
        await permitted(registry, found["unit"], holder_of(domain.TRANSITIONS[action], caller))

        def decide(document: Document) -> Decision:
            state = domain.state_of(document, countable_fields(document))
            move = LIFE.move(action, document, state, command(given, caller))
            filing = {"filing": paper(given.document)} if action == "file" else {}
            return decision(move, action, filing)

        changed = await registry.writer.change(
            identity, expected, decide, cause=cause(given, caller),
            beside=lambda after: beside(after, action, caller, key, digest),
        )  # fmt: skip
        return Done(changed)

    return await once(registry, key, digest, do)


async def correct(
    registry: Registry,
    identity: str,
    given: MemberCorrection,
    expected: int,
    caller: Principal,
) -> Done:
    """Set fields right that were wrong from the start, in every state the membership ever had."""
    found = await stored(registry, identity)
    await permitted(registry, found["unit"], lambda path: require(caller, "registrar", scope(path)))
    warnings: list[str] = []

    def decide(document: Document) -> Decision:
        fields, countables, warnings[:] = _corrected(registry, document, given, today())
        move = LIFE.corrected(document, countables, now())
        return decision(move, "correct", fields)

    names = sorted(given.corrected)
    changed = await registry.writer.change(
        identity, expected, decide,
        cause=Cause(caller.subject, given.reason, paper(given.document)),
        beside=lambda after: [_log_row(after, "correct", caller, names)],
    )  # fmt: skip
    return Done(changed, tuple(warnings))


def _corrected(
    registry: Registry, document: Document, given: MemberCorrection, present: date
) -> tuple[dict[str, Any], dict[str, Any], tuple[str, ...]]:
    person, fields = correct_person(document, given, store.MEMBERS, registry.ring, present)
    if "kind" in given.corrected:
        fields = {**fields, "kind": given.kind}
    guardian = person.guardian
    if {"birth_date", "guardian"} & given.corrected:
        refuse(
            domain.check_age(
                person.birth_date,
                joins_on=date.fromisoformat(document["applied_on"]),
                today=present,
                guardian=guardian is not None,
                guardian_consent=guardian is not None and guardian.consent is not None,
                rules=registry.rules,
            )
        )
    after = {**document, **fields}
    countables = {**countable_fields(after), "kind": after["kind"]}
    return fields, countables, person.warnings


async def stored(registry: Registry, identity: str) -> Document:
    """Return a membership.

    Raises:
        NotFound: there is none of that id.
    """
    found = await store.read(registry.database, identity)
    if found is None:
        raise NotFound("not_found")
    return found


def holder_of(transition: Transition, caller: Principal) -> Callable[[Sequence[Card]], None]:
    """Return the check of who may take an action."""
    if transition.at_county_or_above:
        return lambda path: require_at(caller, transition.role, scope_with_levels(path))
    return lambda path: require(caller, transition.role, scope(path))


def command(given: TransitionInput, caller: Principal, day: date | None = None) -> Command:
    """Return the command of a request; without a day it takes effect on ``day``, or today."""
    present = today()
    return Command(
        given.effective_on or day or present, present, now(), caller.subject, given.reason
    )


def cause(given: TransitionInput, caller: Principal) -> Cause:
    """Return who asks and on what grounds, for the history."""
    day = given.effective_on.isoformat() if given.effective_on else None
    return Cause(caller.subject, given.reason, paper(given.document), day)


def paper(document: PaperDocument | None) -> dict[str, Any] | None:
    """Return the paper a change rests on as it is stored."""
    return None if document is None else document.model_dump(mode="json")


def decision(move: Move, action: str, fields: dict[str, Any] | None = None) -> Decision:
    """Return what to write of what the rules made of an action."""
    return Decision(move.fact, action, move.timeline, {**(fields or {}), **move.fields})


def _log_row(after: Document, action: str, caller: Principal, fields: Sequence[str] = ()) -> Insert:
    row = accesslog.row(caller.subject, action, after["_id"], unit=after["unit"], fields=fields)
    return (accesslog.COLLECTION, row)


def beside(
    after: Document, action: str, caller: Principal, key: Key | None, digest: str
) -> Sequence[Insert]:
    """Return what is inserted with a change: access-log row and idempotency record."""
    rows = [_log_row(after, action, caller)]
    if key is not None:
        outcome = Outcome(OK, after["_id"], after["version"])
        rows.append((idempotency.COLLECTION, idempotency.record(key, digest, outcome)))
    return rows
