"""The comparison itself: what is expected, what is there, and where they differ (pure)."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from aggregator.figures.rules import SERIES, topic_of
from aggregator.intake.projection import Addend, mark_key
from shared.contract.definitions import DEFINITIONS
from shared.pipeline.eventlog import TopicPartition

DIFFERENCES_SHOWN = 200


@dataclass(frozen=True)
class Answer:
    """A writer's recount: counts at T, and the marks of T (``topic/partition`` to number)."""

    source: str
    epoch: int
    sequences: dict[str, int]
    counts: Counter[Addend]
    at: str

    @property
    def mark(self) -> str:
        """The key of the source's numbers in a cursor."""
        return mark_key(self.source, self.epoch)

    def marks(self) -> dict[TopicPartition, int]:
        """Return the last number of each partition at T."""
        places = {name.rpartition("/"): number for name, number in self.sequences.items()}
        return {(topic, int(number)): last for (topic, _, number), last in places.items()}


@dataclass(frozen=True)
class Difference:
    """An addend of history, or a counter (its day is empty), that is not as expected."""

    topic: str
    unit: str
    day: str
    counter: str
    registry: int
    dashboard: int


@dataclass(frozen=True)
class Total:
    """A series over all units."""

    registry: int
    dashboard: int


@dataclass(frozen=True)
class Report:
    """What a comparison found."""

    id: str
    at: datetime
    seconds: float
    equal: bool
    compared: int
    open_dead_letters: int
    counted_at: dict[str, str]
    series: dict[str, Total]
    differing: int
    differences: tuple[Difference, ...]


def differences(
    expected: Counter[Addend], history: Counter[Addend], counters: Counter[Addend]
) -> list[Difference]:
    """Return where history differs from what is expected, and counters from the sum of history."""
    present: Counter[Addend] = Counter()
    for (topic, unit, _day, name), count in history.items():
        present[(topic, unit, "", name)] += count
    return [*_differences(expected, history), *_differences(present, counters)]


def _differences(expected: Counter[Addend], found: Counter[Addend]) -> list[Difference]:
    return [
        Difference(*key, registry=expected[key], dashboard=found[key])
        for key in sorted(expected.keys() | found.keys())
        if expected[key] != found[key]
    ]


def totals(expected: Counter[Addend], history: Counter[Addend]) -> dict[str, Total]:
    """Return each series as the registers hold it and as the dashboard counts it."""
    return {
        series: Total(registry=_total(series, expected), dashboard=_total(series, history))
        for series in SERIES
    }


def _total(series: str, counts: Counter[Addend]) -> int:
    definition, topic = DEFINITIONS[series], topic_of(series)
    return sum(
        count
        for (where, _unit, _day, name), count in counts.items()
        if where == topic and definition.counts_counter(name)
    )
