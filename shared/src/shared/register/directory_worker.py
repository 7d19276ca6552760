"""Keeps a service's unit directory: unit cards from Kafka, only ever a higher version.

Versions, not order, decide what applies, so a card seen twice or late changes nothing and the marks
may be stored after the cards. The marks show which numbers have not come, and with the watermark of
org-units how old the directory is (docs/design.md section 5.9).
"""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from shared.base import log
from shared.base.clock import now
from shared.base.mongo import Database, replacing
from shared.contract import events
from shared.contract.events import PoisonEvent, envelope
from shared.contract.events.payloads import UnitCard, Watermark
from shared.pipeline import watermark
from shared.pipeline.consumer import Superseded
from shared.pipeline.eventlog import EventLog, Record, TopicPartition
from shared.pipeline.former import cards_of, former_cards
from shared.pipeline.marks import Cursor, Watch, cursor_of, fields_of
from shared.register.directory import MARKS, WATERMARKS, apply_cards, doubt, withdraw

SOURCE = "/services/org-units"
CHUNK_CARDS = 2_000
CHUNK_SECONDS = 0.2
REWIND_SECONDS, ALARM_SECONDS = 3.0, 30.0
GIVEN_SECONDS = 1.0
"""How often the stored watermark is read: the relay publishes it as often."""

_log = log.get(__name__)


@dataclass
class _Chunk:
    """What was read and is not stored yet."""

    cards: dict[str, UnitCard] = field(default_factory=dict)
    doubtful: set[str] = field(default_factory=set)
    """Units with an unreadable event; org-units is asked for them."""
    touched: set[TopicPartition] = field(default_factory=set)
    watermark: Watermark | None = None
    began: float = 0.0


@dataclass
class DirectoryHandler:
    """Folds unit events into the directory collection."""

    database: Database
    event_log: EventLog
    rewind_seconds: float = REWIND_SECONDS
    _topic_ids: Mapping[str, str] = field(default_factory=dict)
    _cursors: dict[TopicPartition, Cursor] = field(default_factory=dict)
    _chunk: _Chunk = field(default_factory=_Chunk)
    _given: dict[TopicPartition, dict[str, int]] = field(default_factory=dict)
    _asked: float = float("-inf")
    """When (monotonic) the stored watermark was last read."""

    def __post_init__(self) -> None:
        self._watch = Watch(self.rewind_seconds, ALARM_SECONDS)

    def positions(self, partitions: Iterable[TopicPartition]) -> Mapping[TopicPartition, int]:
        """Return the next offset of each partition; 0 for a topic that was created again."""
        wanted = {f"{topic}/{number}": (topic, number) for topic, number in partitions}
        topics = sorted({topic for topic, _ in wanted.values()})
        self._topic_ids = self.event_log.topic_ids(topics) if topics else {}
        self._chunk = _Chunk()
        self._cursors = {place: Cursor() for place in wanted.values()}
        for found in self.database[MARKS].find({"_id": {"$in": list(wanted)}}):
            place = wanted[found["_id"]]
            self._cursors[place] = cursor_of(found, self._topic_ids.get(place[0], ""))
        return {place: cursor.offset for place, cursor in self._cursors.items()}

    def fold(self, record: Record) -> None:
        """Take a record's cards, or a watermark.

        Unreadable records are left to the aggregator's dead letters; other sources are ignored.
        """
        place = (record.topic, record.partition)
        if not self._chunk.touched:
            self._chunk.began = time.monotonic()
        self._chunk.touched.add(place)
        self._watch.received(place)
        if record.topic == events.WATERMARK_TOPIC:
            mark = watermark.read(record.value)
            if mark is not None and mark.source == SOURCE:
                self._chunk.watermark = mark
        else:
            self._batch(record, self._cursors[place])
        self._cursors[place].passes(record.offset)

    def _batch(self, record: Record, cursor: Cursor) -> None:
        span = envelope.span_of(record.headers)
        if span is None or record.topic not in events.TOPICS_OF_SOURCE.get(span.source, ()):
            _log.error("record of another source", topic=record.topic, offset=record.offset)
            return
        key = watermark.mark_key(span.source, span.epoch)
        last = int(min(span.last, cursor.void_after(key)))
        first = max(span.first, cursor.sequences.get(key, 0) + 1)
        if first > last:
            return  # its cards were stored before its numbers were, or never held
        if cursor.has_started(key):
            self._cards(record, last - span.first + 1)  # behind a gap, too: versions decide
        if cursor.follows(key, first, last, now()):
            cursor.advance(key, last)

    def _cards(self, record: Record, count: int) -> None:
        """Take the cards of a record's first events."""
        try:
            batch = orjson.loads(record.value or b"")
        except orjson.JSONDecodeError:
            _log.error("unreadable record", topic=record.topic, offset=record.offset)
            return
        for raw in batch[:count] if isinstance(batch, list) else []:
            self._event(raw, record.offset)

    def _event(self, raw: Any, offset: int) -> None:
        try:
            cards = cards_of(raw)
        except PoisonEvent as problem:
            _log.error("unreadable event", offset=offset, problem=str(problem))
            subject = raw.get("subject") if isinstance(raw, dict) else None
            if isinstance(subject, str):
                self._chunk.doubtful.add(subject)
            return
        for card in cards:
            known = self._chunk.cards.get(card.id)
            if known is None or known.version < card.version:
                self._chunk.cards[card.id] = card

    def due(self) -> bool:
        """Return whether the chunk is full or old enough."""
        return bool(self._chunk.touched) and (
            len(self._chunk.cards) >= CHUNK_CARDS
            or time.monotonic() - self._chunk.began >= CHUNK_SECONDS
        )

    def commit(self) -> None:
        """Store the cards, then the marks: whoever follows both never sees a mark too early.

        Raises:
            Superseded: another worker has the partition.
        """
        chunk, self._chunk = self._chunk, _Chunk()
        if chunk.cards:
            apply_cards(self.database, [card.model_dump() for card in chunk.cards.values()])
        if chunk.doubtful:
            doubt(self.database, chunk.doubtful)
        for place in sorted(chunk.touched):
            self._advance(place)
        if chunk.watermark is not None:
            stored = watermark.document(chunk.watermark)
            self.database[WATERMARKS].bulk_write([replacing(stored, "epoch", "$gte")])

    def _advance(self, place: TopicPartition) -> None:
        cursor, identity = self._cursors[place], f"{place[0]}/{place[1]}"
        fields = fields_of(cursor, place, self._topic_ids.get(place[0], ""))
        if cursor.commits == 0:
            # Whoever was given the same fresh partition meets the unique _id and starts over.
            self.database[MARKS].insert_one({"_id": identity, **fields})
        else:
            expected = {"_id": identity, "commits": cursor.commits}
            if self.database[MARKS].update_one(expected, {"$set": fields}).matched_count != 1:
                raise Superseded(identity)
        cursor.commits += 1

    def rewinds(self) -> list[TopicPartition]:
        """Return the partitions to be read again from the beginning; see ``Watch``."""
        moment = time.monotonic()
        if moment - self._asked >= GIVEN_SECONDS:
            self._asked = moment
            stored = self.database[WATERMARKS].find({"_id": SOURCE})
            found = list(map(watermark.of_document, stored))
            self._given = watermark.given(found)
            if started := self._begin(watermark.starts(found)):
                return started
        return self._watch.rewinds(self._cursors, self._given)

    def _begin(
        self, announced: Mapping[TopicPartition, list[tuple[str, int, int]]]
    ) -> list[TopicPartition]:
        """Begin the epochs that are due: org-units was restored, and some cards never were.

        Returns:
            the partitions where one has started.
        """
        started = []
        for place, epochs in announced.items():
            cursor = self._cursors.get(place)
            for source, epoch, start in epochs if cursor is not None else ():
                key = watermark.mark_key(source, epoch)
                if cursor is None or not cursor.is_due(key, start):
                    continue
                self.commit()
                cursor.begin(key, start)
                lost, kept = former_cards(self.event_log, place, cursor)
                withdraw(self.database, lost)
                apply_cards(self.database, [card.model_dump() for card in kept])
                self._advance(place)
                started.append(place)
        return started

    def gaps(self) -> list[str]:
        """Return a line for each partition that waits for numbers longer than the alarm's age."""
        return self._watch.problems(self._cursors)
