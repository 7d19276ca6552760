"""What the HTTP process holds in memory: the tree with its figures, and their freshness (pure)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from aggregator.figures.rules import doubt, doubts_of_events
from aggregator.figures.tree import Figures
from aggregator.intake import documents
from shared.base.clock import now
from shared.contract.events.payloads import Watermark
from shared.pipeline.eventlog import TopicPartition
from shared.pipeline.watermark import SourceAge, of_document


@dataclass(frozen=True)
class Verdict:
    """What the dashboard shows about its own figures.

    ``lag_seconds`` is None until every source has published a watermark, and while one is from
    the future.
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
        dismissed: sources with events that were closed without counting them.
    """

    sources: tuple[str, ...]
    complete_seconds: float
    dead_letters: int = 0
    dismissed: Sequence[str] = ()
    _applied: dict[TopicPartition, Mapping[str, int]] = field(default_factory=dict)
    _gaps: set[TopicPartition] = field(default_factory=set)
    _ages: dict[str, SourceAge] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._ages = {source: SourceAge() for source in self.sources}

    def applied(
        self, topic: str, partition: int, sequences: Mapping[str, int], *, gap: bool
    ) -> None:
        """Take a partition's stored marks (``source@epoch`` to number)."""
        self._applied[(topic, partition)] = sequences
        (self._gaps.add if gap else self._gaps.discard)((topic, partition))

    def watermark(self, mark: Watermark, *, heard: bool = True) -> None:
        """Take a watermark; ``heard``: it comes now, and was not found when all was loaded."""
        if mark.source in self._ages:
            self._ages[mark.source].take(mark, heard=heard)

    def verdict(self, now: datetime) -> Verdict:
        """Return how the figures stand at an instant."""
        reasons: list[str] = []
        for source, age in self._ages.items():
            age.advance(self._applied)
            if age.ahead(now):
                reasons.append(doubt("clock", source))
            elif age.age(now) >= self.complete_seconds:
                reasons.append(doubt("late", source))
        reasons += doubts_of_events(
            gaps=len(self._gaps), open_letters=self.dead_letters, dismissed=self.dismissed
        )
        lags = [lag for age in self._ages.values() if (lag := age.lag(now)) is not None]
        lag = round(max(lags), 3) if lags and len(lags) == len(self.sources) else None
        return Verdict(not reasons, lag, tuple(reasons))


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
            self.freshness.watermark(of_document(document), heard=self.ready)
