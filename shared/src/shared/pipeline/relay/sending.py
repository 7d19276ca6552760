"""Outbox rows on their way to the log: packed into records, handed over, waited for.

A partition that fails rests: one without a leader must not hold up the others. Of which a record is
refused, it gets a producer of its own.
"""

import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from typing import Any

from shared.base import log
from shared.contract.events import envelope
from shared.pipeline.eventlog import (
    Delivery,
    DeliveryFailed,
    EventLog,
    Headers,
    LogUnavailable,
    Producer,
    TopicPartition,
)
from shared.pipeline.relay.health import PATIENCE_AGAIN, PartitionHealth, Refusal

PackedRecord = tuple[TopicPartition, envelope.Span, bytes]

_log = log.get(__name__)


def place_of(row: dict[str, Any]) -> TopicPartition:
    """Return the topic and partition an outbox row goes to."""
    return row["topic"], row["partition"]


def pack(rows: list[dict[str, Any]], source: str) -> list[PackedRecord]:
    """Return numbered rows as records: runs of one partition and epoch, within a record's size.

    Args:
        rows: in order of topic, partition, sequence.
        source: CloudEvents source of all of them.
    """
    records: list[PackedRecord] = []
    bodies: list[bytes] = []
    size = 0
    first: dict[str, Any] | None = None
    last: dict[str, Any] | None = None

    def close() -> None:
        if first is not None and last is not None:
            span = envelope.Span(source, first["epoch"], first["sequence"], last["sequence"])
            records.append((place_of(first), span, envelope.batch(bodies)))

    for row in rows:
        body = envelope.numbered(row["body"], sequence=row["sequence"], epoch=row["epoch"])
        fits = (
            last is not None
            and place_of(row) == place_of(last)
            and row["epoch"] == last["epoch"]
            and row["sequence"] == last["sequence"] + 1
            and len(bodies) < envelope.MAX_EVENTS_PER_RECORD
            and size + len(body) + 1 <= envelope.MAX_RECORD_BYTES
        )
        if not fits:
            close()
            first, bodies, size = row, [], 2
        bodies.append(body)
        size += len(body) + 1
        last = row
    close()
    return records


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the log acknowledged of one partition: a prefix of what was sent.

    Args:
        first_offset: the lowest offset given to one of its records.
        offset: that of the last record.
        epoch: of the last record.
        sequence: the last of its numbers.
    """

    first_offset: int
    offset: int
    epoch: int
    sequence: int


def _later(receipt: Receipt | None, offset: int, span: envelope.Span) -> Receipt:
    """Return a receipt of one more record."""
    first = offset if receipt is None else min(receipt.first_offset, offset)
    return Receipt(first, offset, span.epoch, span.last)


@dataclass
class Sender:
    """Sends numbered rows and returns what was acknowledged.

    Args:
        event_log: where they go.
        source: CloudEvents source of them all.
        renew_seconds: how often ``renew`` is called while answers are waited for.
        renew: keeps the sender the leader; what it raises ends the waiting.
    """

    event_log: EventLog
    source: str
    renew_seconds: float
    renew: Callable[[], None]
    health: PartitionHealth = field(default_factory=PartitionHealth)
    producer: Producer | None = None
    """Of all partitions but those sent alone."""
    _publisher: Producer | None = None
    _kept_at: float = 0.0
    """When (monotonic) ``renew`` was last called."""
    _quiet_until: float = 0.0
    """Until when (monotonic) nothing is published: the last time there was no answer."""

    def keep_leading(self) -> None:
        """Renew where that is due; to be called wherever something may take its time."""
        moment = time.monotonic()
        if moment - self._kept_at >= self.renew_seconds:
            self._kept_at = moment
            self.renew()

    def deliver(self, rows: list[dict[str, Any]]) -> dict[TopicPartition, Receipt]:
        """Send rows packed into records; return what of each partition was acknowledged.

        Only a prefix counts: behind a failed record nothing of that partition is marked, though
        a later record may have got through. It is sent again, and the worker skips it.

        Raises:
            LogUnavailable: no producer can be made now.
        """
        together: list[PackedRecord] = []
        alone: list[PackedRecord] = []
        for record in pack(rows, self.source):
            (alone if record[0] in self.health.alone else together).append(record)
        acknowledged = self._deliver_together(together) if together else {}
        for place, records in groupby(alone, key=itemgetter(0)):
            if receipt := self._deliver_alone(place, records):
                acknowledged[place] = receipt
        return acknowledged

    def _deliver_together(self, records: list[PackedRecord]) -> dict[TopicPartition, Receipt]:
        waiting = self._hand_over(records)
        acknowledged: dict[TopicPartition, Receipt] = {}
        broken: set[TopicPartition] = set()
        refused: set[TopicPartition] = set()
        started = time.monotonic()
        for place, span, delivery in waiting:
            try:
                offset = self._wait(delivery, started + self.health.patience(place))
            except DeliveryFailed as problem:
                if not broken:
                    _log.warning("delivery failed", place=place, problem=str(problem))
                broken.add(place)
                if problem.refused:
                    refused.add(place)
            else:
                if place not in broken:
                    acknowledged[place] = _later(acknowledged.get(place), offset, span)
        self.health.outcome({place for place, _, _ in waiting} - refused, broken - refused)
        self.health.isolate(refused)
        if broken:
            self._drop_producer()
        return acknowledged

    def _deliver_alone(
        self, place: TopicPartition, records: Iterable[PackedRecord]
    ) -> Receipt | None:
        """Send one partition's records, each when the one before is acknowledged.

        Each is then a request of its own, and what is refused is the record that was sent last.
        """
        receipt: Receipt | None = None
        producer = self.event_log.producer()
        try:
            for _, span, value in records:
                sent = (span, len(value))
                delivery = producer.send(*place, value, envelope.headers(span))
                offset = self._wait(delivery, time.monotonic() + PATIENCE_AGAIN)
                receipt = _later(receipt, offset, span)
        except DeliveryFailed as problem:
            if problem.refused:
                self._refuse(place, *sent, problem)
            else:
                self.health.outcome([place], {place})
        except LogUnavailable:
            self.health.outcome([place], {place})
        else:
            self.health.outcome([place], set())
        finally:
            producer.close()
        return receipt

    def _refuse(
        self, place: TopicPartition, span: envelope.Span | None, size: int, problem: DeliveryFailed
    ) -> None:
        """Show which record is refused, why, and which settings of its topic are too low."""
        reasons = [str(problem)]
        with suppress(LogUnavailable):
            reasons += self.event_log.shortfalls([place[0]])
        first, last = (span.first, span.last) if span else (0, 0)
        refusal = Refusal(place, first, last, size, "; ".join(reasons))
        if self.health.refusals.get(place) != refusal:
            _log.error("a record is refused", record=str(refusal))
        self.health.refuse(refusal)

    def publish(self, topic: str, value: bytes, headers: Headers, seconds: float) -> bool:
        """Send one record to a topic's first partition; return whether it was acknowledged.

        It has a producer of its own: a refused record must not fail those of the partitions. After
        one that was not acknowledged, none is sent for as long as that may take.
        """
        if time.monotonic() < self._quiet_until:
            return False
        place = (topic, 0)
        try:
            if self._publisher is None:
                self._publisher = self.event_log.producer()
            self._publisher.send(*place, value, headers).wait(seconds)
        except (DeliveryFailed, LogUnavailable) as problem:
            if isinstance(problem, DeliveryFailed) and problem.refused:
                self._refuse(place, None, len(value), problem)
            self._drop_publisher()
            self._quiet_until = time.monotonic() + seconds
            return False
        self.health.outcome([place], set())
        return True

    def drop(self) -> None:
        """Close the producers; records under way may arrive or not."""
        self._drop_producer()
        self._drop_publisher()

    def _drop_producer(self) -> None:
        producer, self.producer = self.producer, None
        if producer is not None:
            producer.close()

    def _drop_publisher(self) -> None:
        publisher, self._publisher = self._publisher, None
        if publisher is not None:
            publisher.close()

    def _hand_over(
        self, records: list[PackedRecord]
    ) -> list[tuple[TopicPartition, envelope.Span, Delivery]]:
        if self.producer is None:
            self.producer = self.event_log.producer()
        waiting = []
        try:
            for place, span, value in records:
                delivery = self.producer.send(*place, value, envelope.headers(span))
                waiting.append((place, span, delivery))
        except LogUnavailable as problem:
            _log.warning("log unavailable", source=self.source, problem=str(problem))
        return waiting

    def _wait(self, delivery: Delivery, deadline: float) -> int:
        while True:
            self.keep_leading()
            left = deadline - time.monotonic()
            try:
                return delivery.wait(max(0.0, min(left, self.renew_seconds)))
            except DeliveryFailed:
                if delivery.done() or left <= self.renew_seconds:
                    raise
