"""From records to counter differences: pure, and the only place that decides what applies.

An event applies if its sequence is the mark plus one. Lower is a duplicate. Higher is a gap: a
later batch got through where an earlier one failed; it is not applied, the stored offset never
passes it, and scanning goes on for the resend (docs/design.md section 5.3).
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from pydantic import ValidationError

from shared.contract import events
from shared.contract.countable import counter_names
from shared.contract.events import PoisonEvent, envelope
from shared.contract.events.payloads import (
    Changed,
    Imported,
    Payload,
    Step,
    UnitCard,
    UnitChanged,
    UnitsImported,
    Watermark,
)
from shared.pipeline.eventlog import Record, TopicPartition

_PARTITION = re.compile(r"[0-9]{1,9}")
_MOST = 2**63 - 1
"""The largest number the database stores."""

UnitTopic = tuple[str, str]
UnitTopicDay = tuple[str, str, str]
Addend = tuple[str, str, str, str]
"""Topic, unit, day, counter name: one addend of history."""


@dataclass(frozen=True)
class Gap:
    """Numbers that have not come: from ``expected`` on, though ``seen`` was read already."""

    expected: int
    seen: int
    since: datetime


@dataclass
class Cursor:
    """Where one partition stands.

    ``sequences`` maps ``source@epoch`` to the last number applied; ``offset`` is the next record
    to read after a restart; ``commits`` fences writers of the stored form.
    """

    offset: int = 0
    commits: int = 0
    sequences: dict[str, int] = field(default_factory=dict)
    gap: Gap | None = None


@dataclass(frozen=True)
class DeadLetter:
    """What could not be read, where it would have applied."""

    id: str
    topic: str
    partition: int
    offset: int
    source: str
    epoch: int
    first: int
    last: int
    reason: str
    raw: bytes


@dataclass
class Delta:
    """What a chunk adds: to counters, to their dated history, and to the tree's cards."""

    counters: dict[UnitTopic, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    history: dict[UnitTopicDay, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    cards: dict[str, UnitCard] = field(default_factory=dict)
    rows: int = 0

    def addends(self) -> Counter[Addend]:
        """Return what it adds to the dated history, one by one."""
        return Counter(
            {
                (topic, unit, day, name): count
                for (unit, topic, day), names in self.history.items()
                for name, count in names.items()
            }
        )

    def documents(self) -> int:
        """Return how many counters, days of history and cards it touches."""
        return len(self.counters) + len(self.history) + len(self.cards)

    def apply(self, topic: str, payload: Payload) -> None:
        """Add an event's changes."""
        if isinstance(payload, Imported):
            times = Counter(position for _, _, steps in payload.rows for position in steps)
            for position, count in times.items():
                self._step(topic, payload.steps[position], count)
            self.rows += len(payload.rows)
        elif isinstance(payload, Changed):
            for change in payload.changes:
                self._step(topic, change, 1)
            self.rows += 1
        if isinstance(payload, UnitsImported):
            for card in payload.units:
                self._card(card)
        elif isinstance(payload, UnitChanged):
            self._card(payload.unit)

    def _step(self, topic: str, step: Step[Any], count: int) -> None:
        day = step.effective_on.isoformat()
        for state, sign in ((step.was, -count), (step.now, count)):
            if state is None:
                continue
            total = self.counters[(state.unit, topic)]
            dated = self.history[(state.unit, topic, day)]
            for name in counter_names(state):
                total[name] += sign
                dated[name] += sign

    def _card(self, card: UnitCard) -> None:
        known = self.cards.get(card.id)
        if known is None or known.version < card.version:
            self.cards[card.id] = card


@dataclass
class Fold:
    """One chunk of records, folded over the cursors it started from."""

    cursors: dict[TopicPartition, Cursor]
    now: Callable[[], datetime]
    delta: Delta = field(default_factory=Delta)
    dead: list[DeadLetter] = field(default_factory=list)
    watermarks: dict[str, Watermark] = field(default_factory=dict)
    touched: set[TopicPartition] = field(default_factory=set)

    def add(self, record: Record) -> None:
        """Fold one record.

        Raises:
            UnknownEventType: an event that would apply is of a type or version not known here;
                the worker must stop, for skipping it would break exactness.
        """
        place = (record.topic, record.partition)
        cursor = self.cursors[place]
        self.touched.add(place)
        if record.topic == events.WATERMARK_TOPIC:
            self._watermark(record)
        else:
            self._batch(record, cursor)
        if cursor.gap is None:
            cursor.offset = max(cursor.offset, record.offset + 1)

    def _watermark(self, record: Record) -> None:
        try:
            mark = Watermark.model_validate_json(record.value or b"")
        except ValidationError:
            return  # the next one follows within a second; none of them counts anything
        if not _is_of_ours(mark):
            return
        known = self.watermarks.get(mark.source)
        if known is None or (known.epoch, known.at) < (mark.epoch, mark.at):
            self.watermarks[mark.source] = mark

    def _batch(self, record: Record, cursor: Cursor) -> None:
        span = envelope.span_of(record.headers)
        members = _members(record.value, span)
        if span is None or record.topic not in events.TOPICS_OF_SOURCE.get(span.source, ()):
            self._foreign(record)
        elif members is None:
            self._unreadable(record, span, cursor)
        else:
            for sequence, raw in enumerate(members, span.first):
                if self._is_next(cursor, span, sequence, sequence):
                    self._event(record, span, sequence, raw)
                    self._advance(cursor, span, sequence)

    def _event(
        self, record: Record, span: envelope.Span, sequence: int, raw: Mapping[str, Any]
    ) -> None:
        try:
            event = events.read_event(raw)
            if (event.source, event.epoch, event.sequence) != (span.source, span.epoch, sequence):
                raise PoisonEvent("its numbers are not those its record tells")
            payload = events.read_payload(event)
        except PoisonEvent as problem:
            self._dead(record, span, sequence, sequence, str(problem), orjson.dumps(raw))
        else:
            self.delta.apply(record.topic, payload)

    def _unreadable(self, record: Record, span: envelope.Span, cursor: Cursor) -> None:
        """Cross a record whose value cannot be read, by the numbers in its headers."""
        mark = cursor.sequences.get(mark_key(span.source, span.epoch), 0)
        first = max(span.first, mark + 1)
        if first <= span.last and self._is_next(cursor, span, first, span.last):
            self._dead(
                record, span, first, span.last, "the record is no batch", record.value or b""
            )
            self._advance(cursor, span, span.last)

    def _foreign(self, record: Record) -> None:
        """Set aside a record that none of ours wrote: it holds no number, so no mark moves."""
        self.dead.append(
            DeadLetter(
                f"foreign/{record.topic}/{record.partition}/{record.offset}",
                record.topic,
                record.partition,
                record.offset,
                source="",
                epoch=0,
                first=0,
                last=0,
                reason="the record names no source of this topic",
                raw=record.value or b"",
            )
        )

    def _dead(
        self, record: Record, span: envelope.Span, first: int, last: int, reason: str, raw: bytes
    ) -> None:
        name = span.source.rsplit("/", 1)[1]
        self.dead.append(
            DeadLetter(
                f"{name}.{span.epoch}.{record.topic}.{record.partition}.{first}-{last}",
                record.topic,
                record.partition,
                record.offset,
                span.source,
                span.epoch,
                first,
                last,
                reason,
                raw,
            )
        )

    def _is_next(self, cursor: Cursor, span: envelope.Span, first: int, last: int) -> bool:
        mark = cursor.sequences.get(mark_key(span.source, span.epoch), 0)
        if first > mark + 1:
            since = cursor.gap.since if cursor.gap else self.now()
            seen = max(last, cursor.gap.seen if cursor.gap else 0)
            cursor.gap = Gap(mark + 1, seen, since)
        return first == mark + 1

    def _advance(self, cursor: Cursor, span: envelope.Span, sequence: int) -> None:
        cursor.sequences[mark_key(span.source, span.epoch)] = sequence
        if cursor.gap is not None:
            closed = sequence >= cursor.gap.seen
            cursor.gap = None if closed else Gap(sequence + 1, cursor.gap.seen, cursor.gap.since)


def mark_key(source: str, epoch: int) -> str:
    """Return the name a source's mark is kept under: ``member@1``."""
    return f"{source.rsplit('/', 1)[1]}@{epoch}"


def _is_of_ours(mark: Watermark) -> bool:
    """Whether a watermark is about partitions, by number, that its source writes."""
    topics = events.TOPICS_OF_SOURCE.get(mark.source)
    return (
        topics is not None
        and mark.epoch <= _MOST
        and all(topic in topics for topic in mark.sequences)
        and all(
            _PARTITION.fullmatch(partition) and 0 <= number <= _MOST
            for numbers in mark.sequences.values()
            for partition, number in numbers.items()
        )
    )


def _members(value: bytes | None, span: envelope.Span | None) -> list[dict[str, Any]] | None:
    """Return a batch's events, or None where the value is no batch of as many as announced."""
    try:
        parsed = orjson.loads(value or b"")
    except orjson.JSONDecodeError:
        return None
    if not isinstance(parsed, list) or span is None:
        return None
    if len(parsed) != span.last - span.first + 1:
        return None
    return parsed
