"""What the HTTP process holds in memory: the tree with its figures, and their freshness (pure)."""

from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from aggregator.figures.tree import Figures
from aggregator.intake import documents
from aggregator.intake.projection import mark_key
from shared.base.clock import now
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
    """Lag and completeness of the figures, from watermarks and marks.

    Args:
        sources: the services whose watermarks are expected.
        complete_seconds: the age from which a watermark is late.
        dead_letters: how many are open.
    """

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
        self._pending[mark.source].append(mark)

    def verdict(self, now: datetime) -> Verdict:
        """Return how the figures stand at an instant."""
        reasons: list[str] = []
        ages: list[float] = []
        for source in self.sources:
            pending = self._pending[source]
            while pending and self._covers(pending[0]):
                self._reached[source] = pending.popleft()
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

    def _covers(self, mark: Watermark) -> bool:
        key = mark_key(mark.source, mark.epoch)
        return all(
            self._applied.get((topic, int(partition)), {}).get(key, 0) >= number
            for topic, numbers in mark.sequences.items()
            for partition, number in numbers.items()
        )


class Live:
    """Figures and freshness as committed; it follows the feed of intake."""

    def __init__(self, sources: tuple[str, ...], complete_seconds: float) -> None:
        self.ready, self.figures = False, Figures()
        self.freshness = Freshness(sources, complete_seconds)

    def reset(self) -> None:
        """Forget everything: it is loaded again."""
        self.figures = Figures()
        self.freshness = Freshness(self.freshness.sources, self.freshness.complete_seconds)

    def verdict(self) -> Verdict:
        """Return lag and completeness; until everything is loaded, nothing is complete."""
        return self.freshness.verdict(now()) if self.ready else Verdict(False, None, ("starting",))

    def has(self, unit: str) -> bool:
        """Return whether a unit is loaded, with everything else; check it again after an await."""
        return self.ready and unit in self.figures.cards

    def take(self, name: str, document: documents.Document) -> None:
        """Take what the feed read of a collection."""
        if name == documents.COUNTERS:
            self.figures.set_counters(document["u"], document["t"], document.get("c", {}))
        elif name == documents.UNITS:
            self.figures.set_card(documents.card_of(document))
        elif name == documents.MARKS:
            place, numbers = (document["topic"], document["partition"]), document["sequences"]
            self.freshness.applied(*place, dict(numbers), gap=document.get("gap") is not None)
        elif name == documents.WATERMARKS:
            self.freshness.watermark(documents.watermark_of(document))
