"""Watermarks: up to when a source has sent everything, and how old that is by a reader's clocks.

No age rests on the wall clock alone: it is never less than the time since the watermark was heard. One
that was only found when the reader started proves no age, and one from the future shows that a clock
is wrong (docs/design.md section 5.4).
"""

import math
import re
import time
from collections import deque
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from shared.contract import events
from shared.contract.events.payloads import Watermark
from shared.pipeline.eventlog import TopicPartition

CLOCK_SECONDS = 2.0
"""How far two clocks may differ; beyond that one of them is wrong, and no age is known."""
PENDING = 600
"""Watermarks kept while their numbers are being applied: ten minutes' worth."""
_NUMBER = re.compile(r"[0-9]{1,9}")
_MOST = 2**63 - 1
"""The largest number the database stores."""

Applied = Mapping[TopicPartition, Mapping[str, int]]
"""The last number applied in each partition, by ``mark_key``."""


def mark_key(source: str, epoch: int) -> str:
    """Return the name a source's mark is kept under: ``member@1``."""
    return f"{source.rsplit('/', 1)[1]}@{epoch}"


def read(value: bytes | None) -> Watermark | None:
    """Return a record of the watermark topic; None where none of our relays wrote it."""
    try:
        mark = Watermark.model_validate_json(value or b"")
    except ValidationError:
        return None
    topics = events.TOPICS_OF_SOURCE.get(mark.source)
    if topics is None or mark.epoch > _MOST or not all(map(_NUMBER.fullmatch, mark.starts)):
        return None
    ours = (_is_of(topics, given) for given in (mark.sequences, *mark.starts.values()))
    return mark if all(ours) else None


def _is_of(topics: Collection[str], given: Mapping[str, Mapping[str, int]]) -> bool:
    """Whether numbers are of partitions, by number, of these topics."""
    items = [item for topic in given.values() for item in topic.items()]
    return given.keys() <= set(topics) and all(
        _NUMBER.fullmatch(name) and 0 <= number <= _MOST for name, number in items
    )


def numbers(given: Mapping[str, Mapping[str, int]]) -> dict[TopicPartition, int]:
    """Return numbers that are given by topic and partition, by place."""
    return {
        (topic, int(partition)): number
        for topic, found in given.items()
        for partition, number in found.items()
    }


def by_topic(numbers: Mapping[str, int]) -> dict[str, dict[str, int]]:
    """Return numbers by ``topic/partition`` as a watermark gives them, by topic and partition."""
    found: dict[str, dict[str, int]] = {}
    for place, number in numbers.items():
        topic, _, partition = place.rpartition("/")
        found.setdefault(topic, {})[partition] = number
    return found


def reached(sequences: Mapping[str, int], key: str, number: int) -> bool:
    """Whether a partition's marks have come to a number; an epoch must have started there."""
    return sequences.get(key, 0 if key.endswith("@1") else -1) >= number


def given(marks: Iterable[Watermark]) -> dict[TopicPartition, dict[str, int]]:
    """Return the last numbers given in each partition, by ``mark_key``."""
    found: dict[TopicPartition, dict[str, int]] = {}
    for mark in marks:
        for place, number in numbers(mark.sequences).items():
            found.setdefault(place, {})[mark_key(mark.source, mark.epoch)] = number
    return found


def document(mark: Watermark) -> dict[str, Any]:
    """Return the stored form of a watermark; a dot in a field's name would divide it."""
    sequences, *starts = (
        {topic.replace(".", "/"): numbers for topic, numbers in given.items()}
        for given in (mark.sequences, *mark.starts.values())
    )
    stored = {"_id": mark.source, "epoch": mark.epoch, "at": mark.at, "sequences": sequences}
    return {**stored, "starts": dict(zip(mark.starts, starts, strict=True))}


def of_document(stored: Mapping[str, Any]) -> Watermark:
    """Return a stored watermark; it shares nothing with the document."""
    epochs = stored.get("starts", {})  # of before there was more than one
    sequences, *starts = (
        {topic.replace("/", "."): dict(numbers) for topic, numbers in given.items()}
        for given in (stored["sequences"], *epochs.values())
    )
    return Watermark(
        source=stored["_id"],
        epoch=stored["epoch"],
        at=stored["at"],
        sequences=sequences,
        starts=dict(zip(epochs, starts, strict=True)),
    )


def starts(marks: Iterable[Watermark]) -> dict[TopicPartition, list[tuple[str, int, int]]]:
    """Return the epochs after the first in each partition, as source, epoch, and start; in order."""
    found: dict[TopicPartition, list[tuple[str, int, int]]] = {}
    for mark in marks:
        for epoch in sorted(map(int, mark.starts)):
            for place, number in numbers(mark.starts[str(epoch)]).items():
                found.setdefault(place, []).append((mark.source, epoch, number))
    return found


def replaces(mark: Watermark, known: Watermark | None) -> bool:
    """Whether a watermark takes the place of the one before it in the log.

    The order of the log decides, not their times: a clock that was ahead is put right.
    """
    return known is None or known.epoch <= mark.epoch


def is_ahead(at: datetime, now: datetime) -> bool:
    """Whether an instant is so far in the future that one of the two clocks is wrong."""
    return (at - now).total_seconds() > CLOCK_SECONDS


@dataclass(frozen=True)
class _Heard:
    mark: Watermark
    moment: float | None
    """By the monotonic clock; None for one that was found and not heard."""


@dataclass
class SourceAge:
    """The age of what is applied of one source: that of the newest watermark wholly applied."""

    _pending: deque[_Heard] = field(default_factory=lambda: deque(maxlen=PENDING))
    _reached: _Heard | None = None

    def take(self, mark: Watermark, *, heard: bool) -> None:
        """Take a watermark.

        Args:
            heard: whether it comes now; one that was stored before may be of any age.
        """
        while self._pending and self._pending[0].mark.epoch < mark.epoch:
            self._pending.popleft()  # its numbers may never come
        if self._reached is not None and self._reached.mark.epoch < mark.epoch:
            self._reached = None  # what was applied by then may be void
        self._pending.append(_Heard(mark, time.monotonic() if heard else None))

    def advance(self, applied: Applied) -> None:
        """Take what has been applied."""
        while self._pending and _covers(applied, self._pending[0].mark):
            self._reached = self._pending.popleft()

    def ahead(self, now: datetime) -> bool:
        """Whether the watermark is from the future."""
        return self._reached is not None and is_ahead(self._reached.mark.at, now)

    def lag(self, now: datetime) -> float | None:
        """Return the age in seconds as far as it is known."""
        if self._reached is None or self.ahead(now):
            return None
        age = (now - self._reached.mark.at).total_seconds()
        moment = self._reached.moment
        return max(0.0, age, 0.0 if moment is None else time.monotonic() - moment)

    def age(self, now: datetime) -> float:
        """Return the age in seconds that may be relied on; infinite where nothing may."""
        lag = self.lag(now)
        heard = self._reached is not None and self._reached.moment is not None
        return lag if lag is not None and heard else math.inf


def _covers(applied: Applied, mark: Watermark) -> bool:
    key = mark_key(mark.source, mark.epoch)
    given = numbers(mark.sequences).items()
    return all(reached(applied.get(place, {}), key, number) for place, number in given)
