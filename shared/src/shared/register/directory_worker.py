"""Keeps a service's unit directory: unit cards from Kafka, only ever a higher version.

Versions, not order, decide what applies, so a card seen twice or late changes nothing and the
position may be stored after the cards.
"""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from shared.base import log
from shared.base.mongo import Database
from shared.contract import events
from shared.contract.events import PoisonEvent, envelope
from shared.contract.events.payloads import UnitCard, UnitChanged, UnitsImported
from shared.pipeline.eventlog import EventLog, Record, TopicPartition
from shared.register.directory import apply_cards, doubt

POSITIONS = "directory_positions"
CHUNK_CARDS = 2_000
CHUNK_SECONDS = 0.2

_log = log.get(__name__)


@dataclass
class DirectoryHandler:
    """Folds unit events into the directory collection."""

    database: Database
    event_log: EventLog
    _topic_id: str = ""
    _cards: dict[str, UnitCard] = field(default_factory=dict)
    _doubtful: set[str] = field(default_factory=set)
    """Units with an unreadable event; org-units is asked for them."""
    _offsets: dict[TopicPartition, int] = field(default_factory=dict)
    _began: float = 0.0

    def positions(self, partitions: Iterable[TopicPartition]) -> Mapping[TopicPartition, int]:
        """Return the next offset of each partition; 0 for a topic that was created again."""
        self._topic_id = self.event_log.topic_ids([events.UNIT_TOPIC])[events.UNIT_TOPIC]
        self._cards, self._doubtful, self._offsets = {}, set(), {}
        wanted = {f"{self._topic_id}/{number}": (topic, number) for topic, number in partitions}
        offsets = dict.fromkeys(wanted.values(), 0)
        for found in self.database[POSITIONS].find({"_id": {"$in": list(wanted)}}):
            offsets[wanted[found["_id"]]] = found["offset"]
        return offsets

    def fold(self, record: Record) -> None:
        """Take a record's cards.

        Unreadable records are left to the aggregator's dead letters; other sources are ignored.
        """
        if not self._offsets:
            self._began = time.monotonic()
        self._offsets[(record.topic, record.partition)] = record.offset + 1
        span = envelope.span_of(record.headers)
        if span is None or record.topic not in events.TOPICS_OF_SOURCE.get(span.source, ()):
            _log.error("record of another source", topic=record.topic, offset=record.offset)
            return
        try:
            batch = orjson.loads(record.value or b"")
        except orjson.JSONDecodeError:
            _log.error("unreadable record", topic=record.topic, offset=record.offset)
            return
        for raw in batch if isinstance(batch, list) else []:
            self._event(raw, record.offset)

    def _event(self, raw: Any, offset: int) -> None:
        try:
            payload = events.read_payload(events.read_event(raw))
        except PoisonEvent as problem:
            _log.error("unreadable event", offset=offset, problem=str(problem))
            subject = raw.get("subject") if isinstance(raw, dict) else None
            if isinstance(subject, str):
                self._doubtful.add(subject)
            return
        cards = payload.units if isinstance(payload, UnitsImported) else ()
        for card in [payload.unit] if isinstance(payload, UnitChanged) else cards:
            known = self._cards.get(card.id)
            if known is None or known.version < card.version:
                self._cards[card.id] = card

    def due(self) -> bool:
        """Return whether the chunk is full or old enough."""
        return bool(self._offsets) and (
            len(self._cards) >= CHUNK_CARDS or time.monotonic() - self._began >= CHUNK_SECONDS
        )

    def commit(self) -> None:
        """Store the cards, then how far they were read."""
        cards, doubtful, offsets = self._cards, self._doubtful, self._offsets
        self._cards, self._doubtful, self._offsets = {}, set(), {}
        if cards:
            apply_cards(self.database, [card.model_dump() for card in cards.values()])
        if doubtful:
            doubt(self.database, doubtful)
        for (_, number), offset in offsets.items():
            self.database[POSITIONS].update_one(
                {"_id": f"{self._topic_id}/{number}"}, {"$set": {"offset": offset}}, upsert=True
            )
