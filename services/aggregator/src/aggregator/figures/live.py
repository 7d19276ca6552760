"""What the HTTP process holds in memory: the tree with its figures, and their freshness."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from aggregator.figures.freshness import Freshness, Verdict
from aggregator.figures.tree import Figures
from aggregator.intake.documents import Card
from shared.base.clock import now
from shared.contract.events.payloads import Watermark


@dataclass
class Live:
    """Figures and freshness as committed; it follows the feed of intake.

    Args:
        sources: the services whose watermarks are expected.
        complete_seconds: the age from which a watermark is late.
    """

    sources: tuple[str, ...]
    complete_seconds: float
    ready: bool = False
    figures: Figures = field(default_factory=Figures)
    freshness: Freshness = field(init=False)

    def __post_init__(self) -> None:
        self.freshness = Freshness(self.sources, self.complete_seconds)

    def reset(self) -> None:
        """Forget everything: it is loaded again."""
        self.figures = Figures()
        self.freshness = Freshness(self.sources, self.complete_seconds)

    def verdict(self) -> Verdict:
        """Return lag and completeness; until everything is loaded, nothing is complete."""
        if not self.ready:
            return Verdict(False, None, ("starting",))
        return self.freshness.verdict(now())

    def has(self, unit: str) -> bool:
        """Return whether a unit is loaded, with everything else; check it again after an await."""
        return self.ready and unit in self.figures.cards

    def set_counters(self, unit: str, topic: str, values: Mapping[str, int]) -> None:
        """Take the present values of some counters of a unit."""
        self.figures.set_counters(unit, topic, values)

    def set_card(self, card: Card) -> None:
        """Take a unit's newest card."""
        self.figures.set_card(card)

    def set_mark(
        self, topic: str, partition: int, sequences: Mapping[str, int], *, gap: bool
    ) -> None:
        """Take a partition's stored numbers."""
        self.freshness.applied(topic, partition, sequences, gap=gap)

    def set_watermark(self, mark: Watermark) -> None:
        """Take a source's newest watermark."""
        self.freshness.watermark(mark)

    def set_dead_letters(self, count: int) -> None:
        """Take the number of open dead letters."""
        self.freshness.dead_letters = count

    def set_ready(self) -> None:
        """What is held is what was committed."""
        self.ready = True
