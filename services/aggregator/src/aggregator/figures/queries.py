"""Sums of counters that memory does not hold: past days and breakdowns."""

from collections import Counter, defaultdict
from collections.abc import Collection

from aggregator.figures import rules
from aggregator.figures.rules import SERIES
from aggregator.intake import service as intake
from shared.base.mongo import AsyncDatabase
from shared.contract.definitions import DEFINITIONS


async def figures_on(database: AsyncDatabase, day: str) -> dict[str, dict[str, int]]:
    """Return every unit's own headline figures at the end of a day (YYYY-MM-DD), from history."""
    grouped: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    names = "|".join(map(rules.summands, SERIES))
    async for unit, topic, name, count in intake.sums(database, names, day=day):
        grouped[(unit, topic)][name] = count
    found: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(SERIES, 0))
    for (unit, topic), counters in grouped.items():
        for series in rules.series_of(topic):
            found[unit][series] = DEFINITIONS[series].total(counters)
    return found


async def counter_totals(
    database: AsyncDatabase, series: str, dimension: str, units: Collection[str], day: str | None
) -> Counter[str]:
    """Return the sums of the counters a breakdown is made of, over some units.

    Args:
        database: the aggregator's database.
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
