"""The one write path of every register (docs/design.md section 3).

repeat → authorise → decide → one transaction (entity, history, outbox, idempotency record, access
row) → answer. Nothing else writes an entity.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from shared.base.errors import RegistryError, StaleVersion, Unavailable
from shared.base.mongo import AsyncClientSession, Document, transact_async
from shared.contract import timeline
from shared.contract.timeline import Entry
from shared.pipeline import outbox
from shared.register import reading, trail
from shared.register.command import Command
from shared.register.entity import E, Entity
from shared.register.groupcommit import AlreadyThere, GroupCommit, Write
from shared.register.register import Decision, Found, Register
from shared.register.scope import Place
from shared.register.store import DUPLICATES, Insert
from shared.register.trail import Outcome

OK, CREATED = 200, 201


async def execute(register: Register[E], command: Command) -> Found[E]:
    """Do what a command asks for and return the entity's new version, durably stored.

    A command that was given before under the same key is answered as it was then.

    Raises:
        RegistryError: the command is refused; nothing is written.
    """
    # A creation finds a known key when it inserts it, which saves a query.
    if command.entity is not None and (before := await _repeated(register, command)) is not None:
        return before
    try:
        return await _perform(register, command)
    except (RegistryError, *DUPLICATES) as refusal:
        # Refused by what the first request with this key changed (it may have been under way at
        # the same time), or by what has changed since.
        if (before := await _repeated(register, command)) is not None:
            return before
        if isinstance(refusal, RegistryError):
            raise
        raise Unavailable("unavailable") from refusal  # a retry sees the document that took the key


async def _repeated(register: Register[E], command: Command) -> Found[E] | None:
    """Return the entity as an earlier request with the same key left it; logged as a read.

    A caller who has lost the role is refused.
    """
    if command.key is None:
        return None
    outcome = await trail.earlier(register.store.database, command.key)
    if outcome is None:
        return None
    if command.entity is not None:
        await register.authorise(command)
    found = await reading.read(register, command.caller, outcome.entity or "")
    entity = found.entity
    if outcome.version is None or outcome.version == entity.version:
        return found
    status = await register.store.status_of_version(entity.id, outcome.version)
    then = replace(entity, version=outcome.version, status=status or entity.status)
    return Found(then, found.path)


async def _perform(register: Register[E], command: Command) -> Found[E]:
    before = None
    if command.entity is None:
        path = await register.authorise_creation(command)
    else:
        before, path = await register.authorise(command)
        if before.version != command.seen:
            raise StaleVersion(before.version)
    decision = await register.decide(command, before, path)
    path = path if decision.path is None else decision.path
    if before is None and register.groups is not None:
        entity = await _create_in_group(register, register.groups, command, decision)
    else:
        async with register.turn(command, decision.entity, path):
            entity = await _commit(register, command, before, decision, path)
    return Found(entity, register.path_after(entity, path))


def initial(entity: E, subject: str, moment: datetime, day: date) -> E:
    """Return a new entity with its first version's author and time, and its first dated state."""
    return replace(
        entity,
        version=1,
        timeline=(Entry(day, moment, entity.state),),
        created_by=subject,
        created_at=moment,
        edited_by=subject,
        edited_at=moment,
        drafted_by=subject,
    )


async def _create_in_group(
    register: Register[E], groups: GroupCommit, command: Command, decision: Decision[E]
) -> E:
    """Commit a new entity in a group transaction; return it as stored."""
    entity = initial(decision.entity, command.caller.subject, command.moment, command.day)
    inserts = _inserts(register, command, None, entity, decision)
    unique: dict[str, list[str]] = {}
    for name, document in inserts[:-3]:  # all but the entity, its event and its access row
        unique.setdefault(name, []).append(document["_id"])
    keys = frozenset(key for ids in unique.values() for key in ids)
    try:
        await groups.submit(Write(tuple(inserts), keys, unique))
    except AlreadyThere as found:
        if found.collection == trail.REQUESTS:
            raise Unavailable("unavailable") from None  # answered by ``execute``
        raise await register.refusal(found) from None
    return entity


async def _commit(
    register: Register[E],
    command: Command,
    before: E | None,
    decision: Decision[E],
    path: Sequence[Place],
) -> E:
    """Write an entity's first or next version in a transaction of its own; return it as stored."""
    database = register.store.database

    async def run(session: AsyncClientSession) -> E:
        entity = await register.guard(session, command, before, decision.entity, path)
        if before is None:
            entity = initial(entity, command.caller.subject, command.moment, command.day)
        else:
            entity = _next(entity, before, command, decision)
            await _update(register, before, entity, session)
        for name, document in _inserts(register, command, before, entity, decision):
            await database[name].insert_one(document, session=session)
        return entity

    return await transact_async(database, run)


def _inserts(
    register: Register[E], command: Command, before: E | None, entity: E, decision: Decision[E]
) -> list[Insert]:
    """Return what is inserted with a version: first what may be there already, last the version."""
    store = register.store
    first = store.claim_rows(decision.claims, entity.id) if decision.claims else []
    if command.key is not None:
        outcome = Outcome(CREATED if before is None else OK, entity.id, entity.version)
        first.insert(0, (trail.REQUESTS, command.key.record(outcome)))
    row = trail.access_row(
        command.caller.subject,
        command.action.name,
        entity.id,
        at=command.moment,
        unit=entity.unit,
        fields=decision.corrected,
        reason=command.reason,
    )
    return [
        *first,
        (store.name, store.document(entity))
        if before is None
        else (store.versions.name, _history(command, before)),
        _event(register, command, before, entity, decision.fact or command.action.fact),
        (trail.ACCESS_LOG, row),
    ]


def _next(entity: E, before: E, command: Command, decision: Decision[E]) -> E:
    drafts = command.action.drafts if decision.drafts is None else decision.drafts
    return replace(
        entity,
        version=before.version + 1,
        edited_by=command.caller.subject,
        edited_at=command.moment,
        drafted_by=command.caller.subject if drafts else before.drafted_by,
    )


async def _update(register: Register[E], before: E, entity: E, session: AsyncClientSession) -> None:
    """Put the next version in place of the one that was decided on.

    Raises:
        StaleVersion: another command was faster.
    """
    collection = register.store.collection
    seen = {"_id": before.id, "version": before.version}
    outcome = await collection.update_one(
        seen, register.store.changes(before, entity), session=session
    )
    if outcome.matched_count != 1:
        present = await collection.find_one({"_id": before.id}, {"version": 1}, session=session)
        raise StaleVersion(present["version"] if present else entity.version)


def _history(command: Command, before: Entity) -> Document:
    """Return what is kept of the version that is replaced: its states, and by whom and why."""
    return {
        "_id": f"{before.id}/{before.version}",
        "entity": before.id,
        "version": before.version,
        "status": before.status,
        "timeline": timeline.to_documents(before.timeline),
        "replaced_by": command.action.name,
        "replaced_at": command.moment,
        "subject": command.caller.subject,
        "reason": command.reason,
        "document": command.document and command.document.model_dump(mode="json"),
        "effective_on": command.day.isoformat() if command.action.target else None,
    }


def _event(
    register: Register[E], command: Command, before: E | None, entity: E, fact: str
) -> Insert:
    """Return the outbox row of what a version adds to the timeline and takes back."""
    changes = timeline.changes(before.timeline if before else (), entity.timeline)
    row = outbox.row(
        outbox.Fact(
            f"org.redcross.{register.actions.noun}.{fact}.v1",
            entity.id,
            entity.version,
            command.moment,
            changes,
            entity.card or {},
        ),
        source=register.topic.source,
        topic=register.topic.name,
        partitions=register.topic.partitions,
    )
    return outbox.COLLECTION, row


def imported(
    register: Register[E],
    entities: Iterable[tuple[E, date]],
    fact: str,
    *,
    subject: str,
    moment: datetime,
    cards: str | None = None,
) -> list[Insert]:
    """Return what to insert for many new entities of one moment: documents, packed outbox rows.

    Args:
        entities: each with the first day on which its state holds.
        fact: past participle in the packed event's type.
        subject: who enters them.
        cards: key of the cards that are gathered (``unit`` becomes ``units``), if there are any.
    """
    event_type = f"org.redcross.{register.actions.noun}.{fact}.v1"
    inserts: list[Insert] = []
    facts: list[outbox.Fact] = []
    stamps: Document = {"created_by": subject, "edited_by": subject, "drafted_by": subject}
    stamps |= {"created_at": moment, "edited_at": moment}
    for entity, day in entities:
        states = (Entry(day, moment, entity.state),)
        # Stamped as a document: to replace every field of 500 frozen entities takes as long as to
        # check them.
        document = register.store.document(entity) | stamps
        document["timeline"] = timeline.to_documents(states)
        inserts.append((register.store.name, document))
        changes = timeline.changes((), states)
        facts.append(outbox.Fact(event_type, entity.id, 1, moment, changes, entity.card or {}))
    rows: Sequence[dict[str, Any]] = outbox.packed_rows(
        facts,
        event_type=event_type,
        source=register.topic.source,
        topic=register.topic.name,
        partitions=register.topic.partitions,
        cards=cards,
    )
    return [*inserts, *((outbox.COLLECTION, row) for row in rows)]
