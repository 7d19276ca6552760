"""What the relay knows of its partitions: which may be sent to now, and why the others may not."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from shared.pipeline.eventlog import TopicPartition

FIRST_REST, LONGEST_REST = 1.0, 5.0
"""Seconds a partition rests after a failed record; twice as long each time. Short, since a broker
that comes back finds all of its partitions resting."""
LONGEST_REST_REFUSED = 30.0
"""The same where the broker refuses a record: it waits for an operator."""
PATIENCE = 25.0
"""Seconds a record's acknowledgement is waited for: longer than the producer itself tries."""
PATIENCE_AGAIN = 5.0
"""The same for a partition that failed the last time: its neighbours wait as long, and a new
producer must have time to find its brokers."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A record that the log does not take.

    Args:
        place: its partition.
        first, last: its numbers; 0 for a watermark, which has none.
        size: bytes of its value, before compression.
        reason: what the log answered, and what to do about it.
    """

    place: TopicPartition
    first: int
    last: int
    size: int
    reason: str

    def __str__(self) -> str:
        topic, partition = self.place
        what = f"numbers {self.first} to {self.last}" if self.last else "the watermark"
        return f"{topic}/{partition}: {what} of {self.size} bytes refused: {self.reason}"


@dataclass
class PartitionHealth:
    """What the relay knows of its partitions.

    Where the end was not yet compared, nothing is numbered or sent: the log might be ahead of the
    rows, and a number must not be given to two events.
    """

    uncompared: set[TopicPartition] = field(default_factory=set)
    unreadable: set[TopicPartition] = field(default_factory=set)
    """Partitions whose end could not be read the last time."""
    doubtful: set[TopicPartition] = field(default_factory=set)
    """Partitions whose log may have lost something: they are compared before more is sent, since
    what is written meanwhile without an answer would hide the loss."""
    alone: set[TopicPartition] = field(default_factory=set)
    """Partitions that get a producer of their own. One refused record fails all that its producer
    sends (kafka-python 3.0), so that whose record it was shows only when each is sent alone."""
    refusals: dict[TopicPartition, Refusal] = field(default_factory=dict)
    _rests: dict[TopicPartition, tuple[float, float]] = field(default_factory=dict)
    """Until when (monotonic), and for how long, by partition that failed."""

    def compared(self, place: TopicPartition) -> None:
        """Note that the log of a partition was compared, and lacks nothing any more."""
        for group in (self.uncompared, self.unreadable, self.doubtful):
            group.discard(place)

    def resting(self) -> set[TopicPartition]:
        """Return the partitions that failed and are not tried again yet."""
        moment = time.monotonic()
        return {place for place, (until, _) in self._rests.items() if until > moment}

    def idle(self) -> set[TopicPartition]:
        """Return the partitions to which nothing may be sent now."""
        return self.uncompared | self.doubtful | self.resting()

    def patience(self, place: TopicPartition) -> float:
        """Return how many seconds to wait for an acknowledgement."""
        return PATIENCE_AGAIN if place in self._rests else PATIENCE

    def outcome(self, places: Iterable[TopicPartition], broken: set[TopicPartition]) -> None:
        """Take what became of the records sent to some partitions."""
        for place in places:
            if place in broken:
                self._rest(place, LONGEST_REST)
            else:
                for known in (self._rests, self.refusals):
                    known.pop(place, None)
                self.alone.discard(place)

    def isolate(self, places: set[TopicPartition]) -> None:
        """Take that a record of one of these partitions was refused: each is sent alone at once."""
        self.alone |= places
        self.doubtful |= places

    def refuse(self, refusal: Refusal) -> None:
        """Take that the log does not take a record: its partition rests, and the record is shown."""
        self.refusals[refusal.place] = refusal
        self._rest(refusal.place, LONGEST_REST_REFUSED)

    def _rest(self, place: TopicPartition, longest: float) -> None:
        before = self._rests.get(place, (0.0, FIRST_REST / 2))[1]
        rest = min(before * 2, longest)
        self._rests[place] = (time.monotonic() + rest, rest)
        self.doubtful.add(place)
