"""How a writer stores an entity: document, timeline, earlier versions and events in one piece.

Every entity document has ``_id``, ``version``, ``status``, ``timeline``, ``created_by``,
``created_at``, ``edited_by`` and ``edited_at``; ``drafted_by`` is who last wrote what it says, and
stays when others decide on it. An earlier version's timeline is kept in ``<collection>_versions``
with who changed it, when, why and by which document.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from shared.base.clock import now
from shared.base.errors import NotFound, StaleVersion
from shared.base.mongo import (
    AsyncClientSession,
    AsyncCollection,
    AsyncDatabase,
    Document,
    transact_async,
)
from shared.contract import timeline
from shared.contract.timeline import Timeline
from shared.pipeline import outbox

Insert = tuple[str, Document]
"""A collection's name and a document to insert there."""


@dataclass(frozen=True)
class Decision:
    """What the rules made of a command; the new version is written from it.

    Args:
        fact: event type that tells of it.
        action: the command's name, for the history.
        timeline: the entity's dated states from now on.
        fields: further document fields that change (``status`` among them); None removes one.
        extra: further fields of the event's data.
        drafts: whether it writes what the entity says, which another one is then to approve.
    """

    fact: str
    action: str
    timeline: Timeline
    fields: Mapping[str, Any]
    extra: Mapping[str, Any] = field(default_factory=dict)
    drafts: bool = False


@dataclass(frozen=True)
class Cause:
    """Who asks for a change, and on what grounds; kept with the version it replaces."""

    subject: str
    reason: str | None = None
    document: Mapping[str, Any] | None = None
    effective_on: str | None = None


@dataclass(frozen=True)
class EntityWriter:
    """Writes the entities of one collection and the events that tell of them.

    Args:
        database: the service's database.
        collection: where the entities are.
        source: CloudEvents source of the service.
        topic: topic of their events.
        partitions: how many partitions it has.
    """

    database: AsyncDatabase
    collection: str
    source: str
    topic: str
    partitions: int

    def creation(
        self,
        document: Mapping[str, Any],
        states: Timeline,
        *,
        fact: str,
        subject: str,
        extra: Mapping[str, Any] | None = None,
    ) -> list[Insert]:
        """Return what to insert for a new entity: its document and its outbox row.

        Args:
            document: fields of the entity, ``_id`` and ``status`` among them.
            states: its first timeline.
            fact: event type.
            subject: who creates it.
            extra: further fields of the event's data.
        """
        stored = self._first(document, states, subject)
        changes = timeline.changes((), states)
        told = outbox.Fact(fact, stored["_id"], 1, stored["created_at"], changes, dict(extra or {}))
        return [(self.collection, stored), (outbox.COLLECTION, self._row(told))]

    def import_chunk(
        self,
        entities: Sequence[tuple[Mapping[str, Any], Timeline, Mapping[str, Any]]],
        *,
        fact: str,
        subject: str,
        cards: str | None = None,
    ) -> list[Insert]:
        """Return what to insert for many new entities: documents and packed outbox rows.

        Args:
            entities: document, first timeline and extra event fields of each.
            fact: type of the packed event.
            subject: who imports.
            cards: key of the extra fields that is gathered (``unit`` becomes ``units``).
        """
        inserts: list[Insert] = []
        facts: list[outbox.Fact] = []
        for document, states, extra in entities:
            stored = self._first(document, states, subject)
            inserts.append((self.collection, stored))
            changes = timeline.changes((), states)
            facts.append(
                outbox.Fact(fact, stored["_id"], 1, stored["created_at"], changes, dict(extra))
            )
        rows = outbox.packed_rows(
            facts,
            event_type=fact,
            source=self.source,
            topic=self.topic,
            partitions=self.partitions,
            cards=cards,
        )
        return [*inserts, *((outbox.COLLECTION, row) for row in rows)]

    async def change(
        self,
        identity: str,
        expected: int,
        decide: Callable[[Document], Decision],
        *,
        cause: Cause,
        beside: Callable[[Document], Sequence[Insert]] = lambda _stored: (),
        guard: Callable[[AsyncClientSession, Document], Any] | None = None,
    ) -> Document:
        """Bring an entity to its next version in one transaction and return it.

        Args:
            identity: id of the entity.
            expected: version the caller has seen (If-Match).
            decide: the rules; pure, may raise a ``RegistryError``; may run more than once.
            cause: who, why, by which document.
            beside: what else is inserted with it (idempotency record, access-log row), given
                the new document.
            guard: coroutine function that reads and touches the documents a rule rests on,
                inside the transaction (docs/design.md section 5.10).

        Raises:
            NotFound: there is no such entity.
            StaleVersion: it has another version.
        """

        async def run(session: AsyncClientSession) -> Document:
            entities = self.database[self.collection]
            found = await entities.find_one({"_id": identity}, session=session)
            if found is None:
                raise NotFound("not_found")
            if found["version"] != expected:
                raise StaleVersion(found["version"])
            if guard is not None:
                await guard(session, found)
            return await self._replace(found, decide(found), cause, beside, session)

        return await transact_async(self.database, run)

    async def as_of_version(self, found: Document, version: int) -> Document:
        """Return an entity with the version and status it had then, for a repeated request."""
        if found["version"] == version:
            return found
        earlier = await self._versions.find_one({"_id": f"{found['_id']}/{version}"}, {"status": 1})
        status = earlier["status"] if earlier else found["status"]
        return {**found, "version": version, "status": status}

    @property
    def _versions(self) -> AsyncCollection[Document]:
        return self.database[f"{self.collection}_versions"]

    async def _replace(
        self,
        found: Document,
        decision: Decision,
        cause: Cause,
        beside: Callable[[Document], Sequence[Insert]],
        session: AsyncClientSession,
    ) -> Document:
        moment, version = now(), found["version"] + 1
        before = timeline.from_documents(found["timeline"])
        changed = {
            **decision.fields,
            "version": version,
            "timeline": timeline.to_documents(decision.timeline),
            "edited_by": cause.subject,
            "edited_at": moment,
            **({"drafted_by": cause.subject} if decision.drafts else {}),
        }
        update: Document = {"$set": {k: v for k, v in changed.items() if v is not None}}
        if gone := {k: "" for k, v in changed.items() if v is None}:
            update["$unset"] = gone
        outcome = await self.database[self.collection].update_one(
            {"_id": found["_id"], "version": found["version"]}, update, session=session
        )
        if outcome.matched_count != 1:
            raise StaleVersion(version)
        stored = {k: v for k, v in {**found, **changed}.items() if v is not None}
        changes = timeline.changes(before, decision.timeline)
        told = outbox.Fact(
            decision.fact, found["_id"], version, moment, changes, dict(decision.extra)
        )
        history = _history(found, decision.action, cause, moment)
        await self._versions.insert_one(history, session=session)
        for name, document in ((outbox.COLLECTION, self._row(told)), *beside(stored)):
            await self.database[name].insert_one(document, session=session)
        return stored

    def _first(self, document: Mapping[str, Any], states: Timeline, subject: str) -> Document:
        moment = now()
        return {
            **{k: v for k, v in document.items() if v is not None},
            "version": 1,
            "timeline": timeline.to_documents(states),
            "created_by": subject,
            "created_at": moment,
            "edited_by": subject,
            "edited_at": moment,
            "drafted_by": subject,
        }

    def _row(self, told: outbox.Fact) -> Document:
        return outbox.row(told, source=self.source, topic=self.topic, partitions=self.partitions)


def _history(found: Document, action: str, cause: Cause, moment: datetime) -> Document:
    """Return what is kept of the version that is replaced."""
    return {
        "_id": f"{found['_id']}/{found['version']}",
        "entity": found["_id"],
        "version": found["version"],
        "status": found["status"],
        "timeline": found["timeline"],
        "replaced_by": action,
        "replaced_at": moment,
        "subject": cause.subject,
        "reason": cause.reason,
        "document": dict(cause.document) if cause.document else None,
        "effective_on": cause.effective_on,
    }
