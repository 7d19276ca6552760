"""Sums of counters that memory does not hold: past days and breakdowns."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping

from aggregator.figures import rules
from aggregator.figures.rules import SERIES
from aggregator.intake import service as intake
from shared.base.mongo import AsyncDatabase


async def figures_on(
    database: AsyncDatabase, subtrees: Mapping[str, set[str]], day: str
) -> dict[str, dict[str, int]]:
    """Return the headline figures of units at the end of a day, from history.

    Args:
        subtrees: by id of a unit, the ids of all that is counted there.
        day: YYYY-MM-DD.
    """
    own: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(SERIES, 0))
    names = "|".join(map(rules.summands, SERIES))
    async for unit, topic, name, count in intake.sums(database, names, day=day):
        for series in rules.counted_in(topic, name):
            own[unit][series] += count
    totals = {}
    for unit, members in subtrees.items():
        found = [own[member] for member in members & own.keys()]
        totals[unit] = {series: sum(figures[series] for figures in found) for series in SERIES}
    return totals


async def counter_totals(
    database: AsyncDatabase, series: str, dimension: str, units: Collection[str], day: str | None
) -> Counter[str]:
    """Return the sums of the counters a breakdown is made of, over some units.

    Args:
        series: a counting definition.
        dimension: what it is broken down by.
        units: ids of the units summed over.
        day: end of this day (YYYY-MM-DD); None for now.
    """
    totals: Counter[str] = Counter()
    async for _unit, _topic, name, count in intake.sums(
        database, rules.cells(series, dimension), topic=rules.topic_of(series), units=units, day=day
    ):
        totals[name] += count
    return totals
