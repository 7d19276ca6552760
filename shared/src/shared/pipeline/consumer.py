"""The loop from the log to a handler that commits positions together with what it derives.

The handler keeps positions in its own transaction; the log's group only deals partitions out.
After any abort or change of assignment the loop drops what was folded, asks the handler where
each partition is, and seeks there (docs/design.md section 5.3).
"""

import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from pymongo.errors import PyMongoError

from shared.base import log
from shared.pipeline.eventlog import EventLog, GroupReader, LogUnavailable, Record, TopicPartition
from shared.pipeline.partitions import compare

POLL_SECONDS = 1.0
"""How long a poll may wait; it returns as soon as there are records."""
RECORDS_PER_TURN = 2_000
RETRY_SECONDS = 0.2
TOPICS_SECONDS = 5.0
"""How often the topics' ids are compared: a client that reads a topic which was deleted and created
again goes on at its old offset, over whatever is there before it."""
ASK_SECONDS = 10.0
"""After so long without a record the log is asked whether it is there: a poll that finds nobody
returns nothing, as one that finds nothing new does."""

_log = log.get(__name__)


class Superseded(Exception):
    """What the handler expected to find was changed by another worker: nothing was committed."""


class Handler(Protocol):
    """What a worker does with records."""

    def positions(self, partitions: Iterable[TopicPartition]) -> Mapping[TopicPartition, int]:
        """Forget all that is not committed; return the next offset of each partition."""

    def fold(self, record: Record) -> None:
        """Take a record into the present chunk."""

    def due(self) -> bool:
        """Return whether the chunk is to be committed now."""

    def commit(self) -> None:
        """Make the chunk durable in one transaction, positions with it; nothing if it is empty.

        Raises:
            Superseded: the stored positions are not the expected ones.
        """


class WatchingHandler(Handler, Protocol):
    """A handler that knows which partitions wait for numbers."""

    def rewinds(self) -> Sequence[TopicPartition]:
        """Return the partitions to be read again from the beginning, now."""


@dataclass
class Consumer:
    """Runs a handler over a group's share of some topics.

    Args:
        event_log: the log to read.
        group: name of the consumer group.
        topics: what is read.
        handler: what is done.
        partitions: what the topics of facts must have; None to read whatever is there.
    """

    event_log: EventLog
    group: str
    topics: tuple[str, ...]
    handler: Handler
    partitions: int | None = None
    stop: threading.Event = field(default_factory=threading.Event)
    _heard: float = field(default_factory=lambda: time.monotonic())
    """When (monotonic) records were last taken in, or the log said that there are none."""
    _reader: GroupReader | None = None
    _generation: int = -1
    _topic_ids: Mapping[str, str] = field(default_factory=dict)
    _topics_due: float = 0.0
    """When (monotonic) the topics' ids are compared next."""

    def run(self) -> None:
        """Read until ``stop`` is set; raises any error that is not transient.

        Raises:
            PartitionsDiffer: the topics have another partition count than this process is set to.
        """
        try:
            while not self.stop.is_set():
                try:
                    self.turn()
                except (LogUnavailable, PyMongoError, Superseded) as problem:
                    _log.warning("starting over", group=self.group, problem=str(problem)[:500])
                    self._generation = -1
                    self.stop.wait(RETRY_SECONDS)
        finally:
            if self._reader is not None:
                self._reader.close()

    def turn(self, timeout: float = POLL_SECONDS) -> int:
        """Poll once, fold, commit when due; return how many records were folded."""
        reader = self._joined()
        records = reader.poll(timeout, RECORDS_PER_TURN)
        if reader.generation() != self._generation:
            # Whatever was just read may have started at a position that is not ours.
            self._start_over(reader)
            return 0
        for record in records:
            self.handler.fold(record)
            if self.handler.due():
                self.handler.commit()
        if self.handler.due() or len(records) < RECORDS_PER_TURN:
            self.handler.commit()
        if records:
            self._heard = time.monotonic()
        elif self.idle_seconds() > ASK_SECONDS:
            place = next(iter(reader.assignment()), (self.topics[0], 0))
            self.event_log.bounds(place)
            self._heard = time.monotonic()
        self._notice_renewed_topics()
        return len(records)

    def idle_seconds(self) -> float:
        """Return for how long nothing was taken in, and the log did not say that it has nothing."""
        return time.monotonic() - self._heard

    def seek(self, partition: TopicPartition, offset: int) -> None:
        """Read a partition on from an offset, as a handler asks that found a gap."""
        if self._reader is not None:
            self._reader.seek(partition, offset)

    def _joined(self) -> GroupReader:
        """Return the member of the group, which joins once the partitions are as they must be."""
        if self._reader is None:
            if self.partitions is not None:
                compare(self.event_log, self.topics, self.partitions)
            self._reader = self.event_log.group(self.group, self.topics)
        return self._reader

    def _notice_renewed_topics(self) -> None:
        """Start over where a topic has another id than at the last start."""
        if time.monotonic() < self._topics_due:
            return
        self._topics_due = time.monotonic() + TOPICS_SECONDS
        found = self.event_log.topic_ids(self.topics)
        if found != self._topic_ids:
            renewed = [topic for topic in self.topics if found[topic] != self._topic_ids.get(topic)]
            _log.warning("topics were created again", group=self.group, topics=renewed)
            self._generation = -1

    def _start_over(self, reader: GroupReader) -> None:
        # First: of ids that change meanwhile the older ones are remembered, and found to be old.
        self._topic_ids = self.event_log.topic_ids(self.topics)
        generation = reader.generation()
        owned = reader.assignment()
        for place, offset in self.handler.positions(owned).items():
            reader.seek(place, offset)
        self._generation = generation
        _log.info("assigned", group=self.group, partitions=len(owned))


class WatchingConsumer(Consumer):
    """A consumer that rereads a partition whose gap does not close by itself."""

    handler: WatchingHandler

    def turn(self, timeout: float = POLL_SECONDS) -> int:
        """Poll, fold, commit; then rewind where numbers have been missing too long."""
        count = super().turn(timeout)
        for place in self.handler.rewinds():
            _log.warning("numbers are missing; rereading the partition", place=place)
            self.seek(place, 0)
        return count
