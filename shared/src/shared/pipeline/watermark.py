"""Watermarks: up to when a source has sent everything, and how old that is by a reader's clocks.

No age rests on the wall clock alone: it is never less than the time since the watermark was heard. One
that was only found when the reader started proves no age, and one from the future shows that a clock
is wrong (docs/design.md section 5.4).
"""

import math
import re
import time
from collections import deque
from collections.abc import Iterable, Mapping
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
_PARTITION = re.compile(r"[0-9]{1,9}")
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
    if topics is None or mark.epoch > _MOST or not mark.sequences.keys() <= set(topics):
        return None
    numbers = [item for topic in mark.sequences.values() for item in topic.items()]
    ours = all(_PARTITION.fullmatch(name) and 0 <= number <= _MOST for name, number in numbers)
    return mark if ours else None


def numbers(mark: Watermark) -> dict[TopicPartition, int]:
    """Return the last number given in each partition that a watermark names."""
    return {
        (topic, int(partition)): number
        for topic, given in mark.sequences.items()
        for partition, number in given.items()
    }


def given(marks: Iterable[Watermark]) -> dict[TopicPartition, dict[str, int]]:
    """Return the last numbers given in each partition, by ``mark_key``."""
    found: dict[TopicPartition, dict[str, int]] = {}
    for mark in marks:
        for place, number in numbers(mark).items():
            found.setdefault(place, {})[mark_key(mark.source, mark.epoch)] = number
    return found


def document(mark: Watermark) -> dict[str, Any]:
    """Return the stored form of a watermark; a dot in a field's name would divide it."""
    sequences = {topic.replace(".", "/"): given for topic, given in mark.sequences.items()}
    return {"_id": mark.source, "epoch": mark.epoch, "at": mark.at, "sequences": sequences}


def of_document(stored: Mapping[str, Any]) -> Watermark:
    """Return a stored watermark; it shares nothing with the document."""
    items = stored["sequences"].items()
    sequences = {topic.replace("/", "."): dict(given) for topic, given in items}
    return Watermark(
        source=stored["_id"], epoch=stored["epoch"], at=stored["at"], sequences=sequences
    )


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
    return all(
        applied.get(place, {}).get(key, 0) >= number for place, number in numbers(mark).items()
    )
