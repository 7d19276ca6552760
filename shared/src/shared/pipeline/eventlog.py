"""What the registry asks of an event log; ``shared.pipeline.kafka`` and ``shared.pipeline.memorylog`` give it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

Headers = Sequence[tuple[str, bytes]]
TopicPartition = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Record:
    """One record as it was read. ``value`` is None for a tombstone, which we never write."""

    topic: str
    partition: int
    offset: int
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]


class DeliveryFailed(Exception):
    """A record was not acknowledged; whether it is in the log is not known.

    Args:
        message: what is known of it.
        refused: whether the log does not take the record: sent again, it is refused again.
    """

    def __init__(self, message: str, *, refused: bool = False) -> None:
        super().__init__(message)
        self.refused = refused


class LogUnavailable(Exception):
    """The log cannot be reached now."""


class Delivery(Protocol):
    """A record on its way."""

    def wait(self, timeout: float) -> int:
        """Return the offset once every in-sync replica has it.

        Raises:
            DeliveryFailed: it was refused, or no answer came within ``timeout`` seconds.
        """

    def done(self) -> bool:
        """Return whether there is an answer, so that waiting longer changes nothing."""


class Producer(Protocol):
    """Writes records, in order per partition, idempotently within its own life."""

    def send(self, topic: str, partition: int, value: bytes, headers: Headers) -> Delivery:
        """Hand a record over; the answer comes with the delivery."""

    def close(self) -> None:
        """Close the producer without waiting for acknowledgements."""


class GroupReader(Protocol):
    """A member of a consumer group that keeps its own positions."""

    def poll(self, timeout: float, limit: int) -> list[Record]:
        """Return up to ``limit`` records, waiting at the most ``timeout`` seconds."""

    def generation(self) -> int:
        """Return a number that grows whenever partitions are given to or taken from this member."""

    def assignment(self) -> frozenset[TopicPartition]:
        """Return the partitions this member owns now."""

    def seek(self, partition: TopicPartition, offset: int) -> None:
        """Read a partition on from an offset."""

    def close(self) -> None:
        """Leave the group."""


class EventLog(Protocol):
    """A partitioned, append-only log."""

    def producer(self) -> Producer:
        """Return a new producer."""

    def group(self, name: str, topics: Sequence[str]) -> GroupReader:
        """Return a new member of a consumer group."""

    def bounds(self, partition: TopicPartition) -> tuple[int, int]:
        """Return the first offset that is there and the next one to be written."""

    def read(self, partition: TopicPartition, start: int, end: int) -> Iterator[Record]:
        """Yield the records of ``start <= offset < end``."""

    def topic_ids(self, topics: Sequence[str]) -> Mapping[str, str]:
        """Return each topic's id, which differs after a topic was deleted and made anew."""

    def partition_counts(self, topics: Sequence[str]) -> Mapping[str, int]:
        """Return how many partitions each topic has.

        Raises:
            LogUnavailable: one of them is not there, or the log cannot be reached now.
        """

    def shortfalls(self, topics: Sequence[str]) -> Sequence[str]:
        """Return a line for each setting of the topics that may refuse or lose what is written."""

    def close(self) -> None:
        """Close every client of the log."""
