"""The comparison itself: what is expected, what is there, and where they differ (pure)."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from aggregator.figures.rules import SERIES, counted_in
from aggregator.intake.documents import Dismissed
from aggregator.intake.projection import Addend

DIFFERENCES_SHOWN = 200

Difference = dict[str, str | int]
"""Topic, unit, day and counter of an addend of history, or of a counter (its day is empty), with
its number in the ``registry`` and on the ``dashboard``."""


@dataclass(frozen=True)
class Report:
    """What a comparison found; ``series`` has the totals over all units.

    ``incomplete_reasons`` are those of the figures (``GET /v1/progress``), without ``late``: a
    comparison waits until what it compares is applied.
    """

    id: str
    at: datetime
    seconds: float
    equal: bool
    compared: int
    open_dead_letters: int
    counted_at: dict[str, str]
    series: Mapping[str, Mapping[str, int]]
    differing: int
    differences: tuple[Difference, ...]
    incomplete_reasons: tuple[str, ...] = ()
    dismissed: tuple[Dismissed, ...] = ()
    """The dead letters that were closed without counting them: by these the figures differ."""


def differences(
    expected: Counter[Addend], history: Counter[Addend], counters: Counter[Addend]
) -> list[Difference]:
    """Return where history differs from what is expected, and counters from the sum of history."""
    present: Counter[Addend] = Counter()
    for (topic, unit, _day, name), count in history.items():
        present[(topic, unit, "", name)] += count
    names = ("topic", "unit", "day", "counter")
    return [
        {**dict(zip(names, key, strict=True)), "registry": wanted[key], "dashboard": found[key]}
        for wanted, found in ((expected, history), (present, counters))
        for key in sorted(wanted.keys() | found.keys())
        if wanted[key] != found[key]
    ]


def totals(expected: Counter[Addend], history: Counter[Addend]) -> dict[str, dict[str, int]]:
    """Return each series as the registers hold it and as the dashboard counts it."""
    found = {series: {"registry": 0, "dashboard": 0} for series in SERIES}
    for side, counts in (("registry", expected), ("dashboard", history)):
        for (topic, _unit, _day, name), count in counts.items():
            for series in counted_in(topic, name):
                found[series][side] += count
    return found
