"""Records on their way to the log: handed over, waited for, and the partitions that refuse them."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
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
from shared.pipeline.relay.health import PartitionHealth
from shared.pipeline.relay.packing import pack

_log = log.get(__name__)


@dataclass
class Sender:
    """Sends numbered rows and tells what was acknowledged.

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

    def deliver(self, rows: list[dict[str, Any]]) -> dict[TopicPartition, int]:
        """Send rows packed into records; return the last acknowledged number of each partition.

        Only a prefix counts: behind a refused record nothing of that partition is marked, though
        a later record may have got through. It is sent again, and the worker skips it.
        """
        waiting = self._hand_over(rows)
        acknowledged: dict[TopicPartition, int] = {}
        broken: set[TopicPartition] = set()
        begun = time.monotonic()
        for place, span, delivery in waiting:
            try:
                self._wait(delivery, begun + self.health.patience(place))
            except DeliveryFailed as problem:
                if not broken:
                    _log.warning("delivery failed", place=place, problem=str(problem))
                broken.add(place)
            else:
                if place not in broken:
                    acknowledged[place] = span.last
        self.health.outcome({place for place, _, _ in waiting}, broken)
        if broken:
            self.drop()
        return acknowledged

    def publish(self, topic: str, value: bytes, headers: Headers, seconds: float) -> bool:
        """Send one record to a topic's first partition; return whether it was acknowledged.

        After one that was not, none is sent for as long as that may take.
        """
        if time.monotonic() < self._quiet_until:
            return False
        try:
            self._open().send(topic, 0, value, headers).wait(seconds)
        except (DeliveryFailed, LogUnavailable):
            self.drop()
            self._quiet_until = time.monotonic() + seconds
            return False
        return True

    def drop(self) -> None:
        """Let go of the producer; what is under way may arrive or not."""
        producer, self.producer = self.producer, None
        if producer is not None:
            producer.close()

    def _open(self) -> Producer:
        if self.producer is None:
            self.producer = self.event_log.producer()
        return self.producer

    def _hand_over(
        self, rows: list[dict[str, Any]]
    ) -> list[tuple[TopicPartition, envelope.Span, Delivery]]:
        producer = self._open()
        waiting = []
        try:
            for place, span, value in pack(rows, self.source):
                delivery = producer.send(*place, value, envelope.headers(span))
                waiting.append((place, span, delivery))
        except LogUnavailable as problem:
            _log.warning("log unavailable", source=self.source, problem=str(problem))
        return waiting

    def _wait(self, delivery: Delivery, deadline: float) -> None:
        while True:
            self.keep_leading()
            left = deadline - time.monotonic()
            try:
                delivery.wait(max(0.0, min(left, self.renew_seconds)))
            except DeliveryFailed:
                if delivery.done() or left <= self.renew_seconds:
                    raise
            else:
                return
