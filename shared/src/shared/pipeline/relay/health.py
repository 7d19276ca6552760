"""What the relay knows of its partitions: which may be sent to now, and why the others may not."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from shared.pipeline.eventlog import TopicPartition

FIRST_REST, LONGEST_REST = 1.0, 5.0
"""Seconds a partition rests after a failed record; twice as long each time. Short, since a broker
that comes back finds all of its partitions resting."""
PATIENCE = 25.0
"""Seconds a record's acknowledgement is waited for: longer than the producer itself tries."""
PATIENCE_AGAIN = 5.0
"""The same for a partition that failed the last time: its neighbours wait as long, and a new
producer must have time to find its brokers."""


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
                before = self._rests.get(place, (0.0, FIRST_REST / 2))[1]
                rest = min(before * 2, LONGEST_REST)
                self._rests[place] = (time.monotonic() + rest, rest)
                self.doubtful.add(place)
            else:
                self._rests.pop(place, None)
