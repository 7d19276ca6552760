"""Lag and completeness of the figures, from watermarks and marks (pure)."""

from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from aggregator.intake.projection import mark_key
from shared.contract.events.payloads import Watermark

PENDING = 600
"""Watermarks kept per source while their numbers are being applied: ten minutes' worth."""


@dataclass(frozen=True)
class Verdict:
    """What the dashboard shows about its own figures.

    ``lag_seconds`` is None until every source has published a watermark.
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
    _pending: dict[str, deque[Watermark]] = field(
        default_factory=lambda: defaultdict(lambda: deque(maxlen=PENDING))
    )
    _reached: dict[str, Watermark] = field(default_factory=dict)

    def applied(
        self, topic: str, partition: int, sequences: Mapping[str, int], *, gap: bool
    ) -> None:
        """Take a partition's stored marks (``source@epoch`` to number)."""
        self._applied[(topic, partition)] = sequences
        (self._gaps.add if gap else self._gaps.discard)((topic, partition))

    def watermark(self, mark: Watermark) -> None:
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

    def _covers(self, mark: Watermark) -> bool:
        key = mark_key(mark.source, mark.epoch)
        return all(
            self._applied.get((topic, int(partition)), {}).get(key, 0) >= number
            for topic, numbers in mark.sequences.items()
            for partition, number in numbers.items()
        )
