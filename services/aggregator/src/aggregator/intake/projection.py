"""From records to counter differences: pure, and the only place that decides what applies.

An event applies if its sequence is the mark plus one. Lower is a duplicate. Higher is a gap: a
later batch got through where an earlier one failed; it is not applied, the stored offset never
passes it, and scanning goes on for the resend (docs/design.md section 5.3).
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import orjson

from shared.contract import events
from shared.contract.countable import counter_names
from shared.contract.events import PoisonEvent, envelope, payloads
from shared.contract.events.envelope import Span
from shared.contract.events.payloads import UnitCard, Watermark
from shared.pipeline import watermark
from shared.pipeline.eventlog import Record, TopicPartition
from shared.pipeline.marks import Cursor
from shared.pipeline.watermark import mark_key

UnitTopic = tuple[str, str]
UnitTopicDay = tuple[str, str, str]
Addend = tuple[str, str, str, str]
"""Topic, unit, day, counter name: one addend of history."""


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

    def taken_off(self) -> "Delta":
        """Return what takes its counts off again; cards are no sums."""
        delta = Delta(rows=-self.rows)
        for key, names in self.counters.items():
            delta.counters[key].subtract(names)
        for dated, names in self.history.items():
            delta.history[dated].subtract(names)
        return delta

    def documents(self) -> int:
        """Return how many counters, days of history and cards it touches."""
        return len(self.counters) + len(self.history) + len(self.cards)

    def apply(self, topic: str, payload: payloads.Payload) -> None:
        if isinstance(payload, payloads.Imported):
            times = Counter(position for _, _, steps in payload.rows for position in steps)
            for position, count in times.items():
                self._step(topic, payload.steps[position], count)
            self.rows += len(payload.rows)
        elif isinstance(payload, payloads.Changed):
            for change in payload.changes:
                self._step(topic, change, 1)
            self.rows += 1
        if isinstance(payload, payloads.UnitsImported):
            for card in payload.units:
                self._card(card)
        elif isinstance(payload, payloads.UnitChanged):
            self._card(payload.unit)

    def _step(self, topic: str, step: payloads.Step[Any], count: int) -> None:
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
        cursor.passes(record.offset)

    def _watermark(self, record: Record) -> None:
        mark = watermark.read(record.value)
        if mark is None:
            return  # the next one follows within a second; none of them counts anything
        if watermark.replaces(mark, self.watermarks.get(mark.source)):
            self.watermarks[mark.source] = mark

    def _batch(self, record: Record, cursor: Cursor) -> None:
        span, value = envelope.span_of(record.headers), record.value or b""
        if span is None or record.topic not in events.TOPICS_OF_SOURCE.get(span.source, ()):
            # None of ours wrote it: it holds no number, so no mark moves.
            self._set_aside(record, None, "the record names no source of this topic", value)
            return
        key, members = mark_key(span.source, span.epoch), _members(value, span)
        limit = cursor.void_after(key)
        if members is None:  # it is crossed by the numbers in its headers
            first, last = max(span.first, cursor.sequences.get(key, 0) + 1), span.last
            if limit < last:
                last = int(limit)
            if first <= last and cursor.follows(key, first, last, self.now()):
                lost = replace(span, first=first, last=last)
                self._set_aside(record, lost, "the record is no batch", value)
                cursor.advance(key, last)
            return
        for sequence, raw in enumerate(members, span.first):
            if sequence > limit:
                return  # a source restored from a backup never sent it
            if cursor.follows(key, sequence, sequence, self.now()):
                self._event(record, span, sequence, raw)
                cursor.advance(key, sequence)

    def _event(self, record: Record, span: Span, sequence: int, raw: Mapping[str, Any]) -> None:
        try:
            payload = _payload(span, sequence, raw)
        except PoisonEvent as problem:
            alone = replace(span, first=sequence, last=sequence)
            self._set_aside(record, alone, str(problem), orjson.dumps(raw))
        else:
            self.delta.apply(record.topic, payload)

    def _set_aside(self, record: Record, span: Span | None, reason: str, raw: bytes) -> None:
        place = (record.topic, record.partition, record.offset)
        if span is None:
            identity = f"foreign/{record.topic}/{record.partition}/{record.offset}"
            span = Span("", 0, 0, 0)
        else:
            source = f"{span.source.rsplit('/', 1)[1]}.{span.epoch}"
            identity = f"{source}.{record.topic}.{record.partition}.{span.first}-{span.last}"
        letter = DeadLetter(
            identity, *place, span.source, span.epoch, span.first, span.last, reason, raw
        )
        self.dead.append(letter)


def counted(topic: str, value: bytes, span: Span, first: int, last: int) -> Delta:
    """Return what a record counted by some of its numbers: what could not be read counted nothing."""
    delta = Delta()
    for sequence, raw in enumerate(_members(value, span) or (), span.first):
        if first <= sequence <= last:
            with suppress(PoisonEvent):
                delta.apply(topic, _payload(span, sequence, raw))
    return delta


def _payload(span: Span, sequence: int, raw: Any) -> payloads.Payload:
    event = events.read_event(raw)
    if (event.source, event.epoch, event.sequence) != (span.source, span.epoch, sequence):
        raise PoisonEvent("its numbers are not those of its record")
    return events.read_payload(event)


def _members(value: bytes, span: Span) -> list[dict[str, Any]] | None:
    """Return a batch's events, or None where the value is no batch of as many as announced."""
    try:
        parsed = orjson.loads(value)
    except orjson.JSONDecodeError:
        return None
    whole = isinstance(parsed, list) and len(parsed) == span.last - span.first + 1
    return parsed if whole else None
