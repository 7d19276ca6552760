"""How far the figures have come: lag and completeness from watermarks and marks (pure)."""

from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

PENDING = 600
"""Watermarks kept per source while their numbers are being applied: ten minutes' worth."""


@dataclass(frozen=True)
class Mark:
    """A watermark: up to ``at`` every commit of a source has a number no higher than these."""

    source: str
    epoch: int
    at: datetime
    sequences: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True)
class Verdict:
    """What the dashboard says of its own figures.

    ``lag_seconds`` is None until every source has been heard of.
    """

    complete: bool
    lag_seconds: float | None
    reasons: tuple[str, ...]


@dataclass
class Freshness:
    """Marks applied, watermarks pending, gaps and dead letters."""

    sources: tuple[str, ...]
    complete_seconds: float
    dead_letters: int = 0
    _applied: dict[tuple[str, int], Mapping[str, int]] = field(default_factory=dict)
    _gaps: set[tuple[str, int]] = field(default_factory=set)
    _pending: dict[str, deque[Mark]] = field(
        default_factory=lambda: defaultdict(lambda: deque(maxlen=PENDING))
    )
    _reached: dict[str, Mark] = field(default_factory=dict)

    def applied(
        self, topic: str, partition: int, sequences: Mapping[str, int], *, gap: bool
    ) -> None:
        """Take a partition's stored marks (``source@epoch`` to number)."""
        self._applied[(topic, partition)] = sequences
        (self._gaps.add if gap else self._gaps.discard)((topic, partition))

    def watermark(self, mark: Mark) -> None:
        """Take a source's newest watermark."""
        self._pending[mark.source].append(mark)

    def verdict(self, now: datetime) -> Verdict:
        """Return how the figures stand at an instant."""
        reasons: list[str] = []
        ages: list[float] = []
        for source in self.sources:
            self._settle(source)
            reached = self._reached.get(source)
            age = None if reached is None else max(0.0, (now - reached.at).total_seconds())
            if age is None or age >= self.complete_seconds:
                reasons.append(f"late:{source.rsplit('/', 1)[1]}")
            if age is not None:
                ages.append(age)
        if self._gaps:
            reasons.append("gap")
        if self.dead_letters:
            reasons.append("dead_letter")
        lag = round(max(ages), 3) if len(ages) == len(self.sources) else None
        return Verdict(not reasons, lag, tuple(reasons))

    def _settle(self, source: str) -> None:
        pending = self._pending[source]
        while pending and self._covers(pending[0]):
            self._reached[source] = pending.popleft()

    def _covers(self, mark: Mark) -> bool:
        key = f"{mark.source.rsplit('/', 1)[1]}@{mark.epoch}"
        return all(
            self._applied.get((topic, int(partition)), {}).get(key, 0) >= number
            for topic, numbers in mark.sequences.items()
            for partition, number in numbers.items()
        )
