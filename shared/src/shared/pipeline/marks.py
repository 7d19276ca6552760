"""Marks: the last number applied in each partition, gaps between numbers, and who waits for which.

A number follows if it is the mark plus one. Lower is a duplicate. Higher is a gap: a later batch got
through where an earlier one failed (docs/design.md section 5.3).
"""

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from shared.base.clock import now
from shared.pipeline.eventlog import TopicPartition


@dataclass(frozen=True)
class Gap:
    """Numbers that have not come: from ``expected`` on, though ``seen`` was read already."""

    expected: int
    seen: int
    since: datetime


@dataclass
class Cursor:
    """The position in one partition.

    ``sequences`` maps ``source@epoch`` to the last number applied; ``offset`` is the next record
    to read after a restart; ``commits`` fences writers of the stored form.
    """

    offset: int = 0
    commits: int = 0
    sequences: dict[str, int] = field(default_factory=dict)
    gap: Gap | None = None

    def follows(self, key: str, first: int, last: int, at: datetime) -> bool:
        """Return whether numbers follow the mark; remember a gap before them."""
        mark = self.sequences.get(key, 0)
        if first > mark + 1:
            since = self.gap.since if self.gap else at
            seen = max(last, self.gap.seen if self.gap else 0)
            self.gap = Gap(mark + 1, seen, since)
        return first == mark + 1

    def advance(self, key: str, sequence: int) -> None:
        """Move the mark to a number, and close the gap that ends there."""
        self.sequences[key] = sequence
        if self.gap is not None:
            closed = sequence >= self.gap.seen
            self.gap = None if closed else Gap(sequence + 1, self.gap.seen, self.gap.since)

    def passes(self, offset: int) -> None:
        """Take a record as read, unless numbers before it are missing: they are sent behind it."""
        if self.gap is None:
            self.offset = max(self.offset, offset + 1)


def fields_of(cursor: Cursor, place: TopicPartition, topic_id: str) -> dict[str, Any]:
    """Return a cursor as the next commit stores it, without its id."""
    return {
        "topic": place[0],
        "partition": place[1],
        "topic_id": topic_id,
        "offset": cursor.offset,
        "sequences": cursor.sequences,
        "gap": cursor.gap and asdict(cursor.gap),
        "commits": cursor.commits + 1,
    }


def cursor_of(stored: Mapping[str, Any], topic_id: str | None = None) -> Cursor:
    """Return a stored cursor.

    Args:
        topic_id: of the topic now; an offset of another one (the topic was made again) starts at
            the beginning: the numbers, not the offsets, decide what was applied.
    """
    gap = Gap(**stored["gap"]) if stored.get("gap") else None
    offset = stored["offset"] if topic_id in (None, stored["topic_id"]) else 0
    return Cursor(offset, stored["commits"], dict(stored["sequences"]), gap)


@dataclass
class Watch:
    """Which partitions wait for numbers, and which are to be read again from the beginning.

    One with a gap is, and one that is silent though numbers beyond its mark were given: a broker
    that lost its tail may hold the resend before the position read so far, without any gap. Each
    time it may take twice as long: a long partition, sent back before it was read to its end, would
    never come to the resend.

    Args:
        rewind_seconds: how long numbers are waited for before their partition is read again.
        alarm_seconds: after so long a partition is a problem.
    """

    rewind_seconds: float
    alarm_seconds: float
    _rewound: dict[TopicPartition, tuple[float, int]] = field(default_factory=dict)
    """When each partition was last sent back to its beginning, and how often."""
    _received: dict[TopicPartition, float] = field(default_factory=dict)
    """When (monotonic) the last record of each partition arrived."""
    _unread: dict[TopicPartition, float] = field(default_factory=dict)
    """Since when (monotonic) numbers that were given have been missing."""

    def received(self, place: TopicPartition) -> None:
        """Take note that a record has come."""
        self._received[place] = time.monotonic()

    def rewinds(
        self,
        cursors: Mapping[TopicPartition, Cursor],
        given: Mapping[TopicPartition, Mapping[str, int]],
    ) -> list[TopicPartition]:
        """Return the partitions to be read again now.

        Args:
            cursors: of the partitions owned.
            given: the last numbers given in each partition, by the watermarks of all sources.
        """
        wait, moment = self.rewind_seconds, time.monotonic()
        wanted = []
        for place, cursor in cursors.items():
            silent = self._silent_seconds(place, cursor, given.get(place, {}), moment)
            if cursor.gap is None and silent is None:
                self._rewound.pop(place, None)
                continue
            since = now() if cursor.gap is None else cursor.gap.since
            waited = max(silent or 0.0, (now() - since).total_seconds()) > wait
            last, times = self._rewound.get(place, (float("-inf"), 0))
            if waited and moment - last > 3 * wait * 2**times:
                self._rewound[place] = (moment, times + 1)
                wanted.append(place)
        return wanted

    def _silent_seconds(
        self, place: TopicPartition, cursor: Cursor, given: Mapping[str, int], moment: float
    ) -> float | None:
        """Return for how long nothing came though numbers were given; None: all have come."""
        if all(cursor.sequences.get(key, 0) >= number for key, number in given.items()):
            self._unread.pop(place, None)
            return None
        return moment - max(self._unread.setdefault(place, moment), self._received.get(place, 0.0))

    def problems(self, cursors: Mapping[TopicPartition, Cursor]) -> list[str]:
        """Return a line for each partition that has waited longer than the alarm's age.

        Health asks from another thread, while the worker may close a gap or be given partitions.
        """
        lines = []
        for place, cursor in list(cursors.items()):
            gap, unread = cursor.gap, self._unread.get(place)  # each read once
            name = f"{place[0]}/{place[1]}"
            if gap is not None and (now() - gap.since).total_seconds() > self.alarm_seconds:
                lines.append(f"{name}: number {gap.expected} has not come")
            elif unread is not None and self._waited(place, unread) > self.alarm_seconds:
                lines.append(f"{name}: numbers that were given have not come")
        return lines

    def _waited(self, place: TopicPartition, unread: float) -> float:
        return time.monotonic() - max(unread, self._received.get(place, 0.0))
