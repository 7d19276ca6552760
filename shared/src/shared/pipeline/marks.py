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
    key: str = ""
    """Of the source and epoch; gaps stored before have none."""


@dataclass
class Cursor:
    """The position in one partition.

    ``sequences`` maps ``source@epoch`` to the last number applied; ``offset`` is the next record
    to read after a restart; ``commits`` fences writers of the stored form. ``starts`` maps each
    epoch after the first that has started to the number after which it begins: what earlier epochs
    sent beyond that is void (docs/design.md section 5.6).
    """

    offset: int = 0
    commits: int = 0
    sequences: dict[str, int] = field(default_factory=dict)
    gap: Gap | None = None
    starts: dict[str, int] = field(default_factory=dict)

    def follows(self, key: str, first: int, last: int, at: datetime) -> bool:
        """Return whether numbers follow the mark; remember a gap before them.

        Those of an epoch that has not started wait, as behind a gap.
        """
        mark = self.sequences.get(key, 0)
        if not self.has_started(key):
            self._wait(Gap(first, last, at, key))
            return False
        if first > mark + 1:
            self._wait(Gap(mark + 1, last, at, key))
        return first == mark + 1

    def _wait(self, gap: Gap) -> None:
        known = self.gap
        if known is None:
            self.gap = gap
        elif known.key in ("", gap.key):
            expected, seen = min(gap.expected, known.expected), max(gap.seen, known.seen)
            self.gap = Gap(expected, seen, known.since, gap.key)

    def advance(self, key: str, sequence: int) -> None:
        """Move the mark to a number, and close the gap that ends there."""
        self.sequences[key] = sequence
        if self.gap is not None and self.gap.key in ("", key):
            closed = sequence >= self.gap.seen
            self.gap = None if closed else Gap(sequence + 1, self.gap.seen, self.gap.since, key)

    def passes(self, offset: int) -> None:
        """Take a record as read, unless numbers before it are missing: they are sent behind it."""
        if self.gap is None:
            self.offset = max(self.offset, offset + 1)

    def has_started(self, key: str) -> bool:
        """Whether the numbers of an epoch may be applied."""
        return key.endswith("@1") or key in self.starts

    def void_after(self, key: str) -> float:
        """Return the number beyond which those of an epoch are void; infinite for the newest."""
        name, epoch = _parts(key)
        later = (start for other, start in self.starts.items() if _follows(other, name, epoch))
        return min(later, default=float("inf"))

    def earlier(self, key: str) -> dict[str, int]:
        """Return the marks of a source's epochs before one, newest first."""
        name, epoch = _parts(key)
        epochs = sorted(map(_parts, self.sequences), key=lambda part: -part[1])
        before = [f"{other}@{number}" for other, number in epochs if other == name]
        return {one: self.sequences[one] for one in before if _parts(one)[1] < epoch}

    def is_due(self, key: str, start: int) -> bool:
        """Whether an epoch may begin: what counts of those before it has been applied."""
        if self.has_started(key) or any(_follows(other, *_parts(key)) for other in self.starts):
            return False
        holding = (
            mark for one, mark in self.earlier(key).items() if self.starts.get(one, 0) < start
        )
        return start == 0 or next(holding, 0) >= start

    def begin(self, key: str, start: int) -> None:
        """Begin an epoch; what its predecessors counted beyond its start has been taken off."""
        for one, mark in self.earlier(key).items():
            self.sequences[one] = min(mark, max(start, self.starts.get(one, 0)))
        self.starts[key] = self.sequences[key] = start
        self.gap = None


def _parts(key: str) -> tuple[str, int]:
    name, _, epoch = key.rpartition("@")
    return name, int(epoch)


def _follows(key: str, name: str, epoch: int) -> bool:
    """Whether a key is of a later epoch of a source."""
    other, number = _parts(key)
    return other == name and number > epoch


def fields_of(cursor: Cursor, place: TopicPartition, topic_id: str) -> dict[str, Any]:
    """Return a cursor as the next commit stores it, without its id."""
    return {
        "topic": place[0],
        "partition": place[1],
        "topic_id": topic_id,
        "offset": cursor.offset,
        "sequences": cursor.sequences,
        "starts": cursor.starts,
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
    starts = dict(stored.get("starts", {}))  # of before there was more than one epoch
    return Cursor(offset, stored["commits"], dict(stored["sequences"]), gap, starts)


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
