"""Reads of the aggregator's database that memory does not hold: past days, breakdowns, lists."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from aggregator.figures import SERIES, series_of
from aggregator.store import (
    COUNTERS,
    DEAD_LETTERS,
    GENERATION,
    HISTORY,
    RECOUNTS,
    Place,
    listed,
)
from shared.base.mongo import SNAPSHOT, AsyncDatabase, Document
from shared.contract import events
from shared.contract.definitions import DEFINITIONS, dimensions_of

TOPIC_OF_ENTITY = {
    "unit": events.UNIT_TOPIC,
    "member": events.MEMBER_TOPIC,
    "volunteer": events.VOLUNTEER_TOPIC,
}
TIMEOUT_MS = 20_000
"""A sum over history that takes longer is given up, by the server too: anyone may ask for one."""
SUMMED_AT_ONCE = 20_000
"""Units named in one query; a larger subtree is summed over all units and picked from."""


def _pairs(match: Mapping[str, Any], names: str) -> list[dict[str, Any]]:
    """Return the stages that make a document of each counter whose name fits a pattern.

    A unit has hundreds of counters and a sum wants a few: the others are left out before they
    become documents.
    """
    counters = {"$objectToArray": {"$ifNull": ["$c", {}]}}
    fits = {"$regexMatch": {"input": "$$counter.k", "regex": f"^(?:{names})"}}
    wanted = {"$filter": {"input": counters, "as": "counter", "cond": fits}}
    return [
        {"$match": dict(match)},
        {"$project": {"u": 1, "t": 1, "c": wanted}},
        {"$unwind": "$c"},
    ]


def _one_of(values: Iterable[str]) -> str:
    return f"(?:{'|'.join(map(re.escape, sorted(values)))})"


def _summands(series: str) -> str:
    """Return the pattern of the counters that add up to a series."""
    definition = DEFINITIONS[series]
    if definition.entity == "unit":
        return rf"{_one_of(definition.levels)}\|{_one_of(definition.statuses)}\|"
    return f"{_one_of(definition.statuses)}$"


def _cells(series: str, dimension: str) -> str:
    """Return the pattern of the counters that a breakdown is made of."""
    definition = DEFINITIONS[series]
    if definition.entity == "unit":
        return _summands(series)
    return rf"{_one_of(definition.statuses)}\|{_one_of([_stored(dimension)])}\|"


def _stored(dimension: str) -> str:
    return "sexbirth" if dimension in ("sex", "birth_year") else dimension


async def figures_on(database: AsyncDatabase, day: str) -> dict[str, dict[str, int]]:
    """Return every unit's own headline figures at the end of a day (YYYY-MM-DD), from history."""
    grouped: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    pipeline = [
        *_pairs({"g": GENERATION, "d": {"$lte": day}}, "|".join(map(_summands, SERIES))),
        {"$group": {"_id": {"u": "$u", "t": "$t", "k": "$c.k"}, "n": {"$sum": "$c.v"}}},
    ]
    # A chunk of the worker changes many documents: it is summed wholly or not at all.
    history = database[HISTORY].with_options(read_concern=SNAPSHOT)
    async for row in await history.aggregate(pipeline, allowDiskUse=True, maxTimeMS=TIMEOUT_MS):
        identity = row["_id"]
        grouped[(identity["u"], identity["t"])][identity["k"]] = row["n"]
    found: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(SERIES, 0))
    for (unit, topic), counters in grouped.items():
        for series in series_of(topic):
            found[unit][series] = DEFINITIONS[series].total(counters)
    return found


async def counter_totals(
    database: AsyncDatabase, series: str, dimension: str, units: Iterable[str], day: str | None
) -> Counter[str]:
    """Return the sums of the counters a breakdown is made of, over some units.

    Args:
        database: the aggregator's database.
        series: a counting definition.
        dimension: what it is broken down by.
        units: ids of the units summed over.
        day: end of this day (YYYY-MM-DD); None for now.
    """
    wanted = set(units)
    match: dict[str, Any] = {"g": GENERATION, "t": TOPIC_OF_ENTITY[DEFINITIONS[series].entity]}
    if len(wanted) <= SUMMED_AT_ONCE:
        match["u"] = {"$in": list(wanted)}
    if day is not None:
        match["d"] = {"$lte": day}
    name = COUNTERS if day is None else HISTORY
    collection = database[name].with_options(read_concern=SNAPSHOT)
    pipeline = [
        *_pairs(match, _cells(series, dimension)),
        {"$group": {"_id": {"u": "$u", "k": "$c.k"}, "n": {"$sum": "$c.v"}}},
    ]
    totals: Counter[str] = Counter()
    async for row in await collection.aggregate(pipeline, allowDiskUse=True, maxTimeMS=TIMEOUT_MS):
        if row["_id"]["u"] in wanted:
            totals[row["_id"]["k"]] += row["n"]
    return totals


def breakdown(series: str, dimension: str, totals: Mapping[str, int]) -> dict[str, int]:
    """Return a series' cells by one dimension from the sums of its counters."""
    definition = DEFINITIONS[series]
    offered = {item.id: item for item in dimensions_of(series)}
    cells: Counter[str] = Counter()
    for name, count in totals.items():
        parts = name.split("|")
        if definition.entity == "unit":
            if definition.counts_counter(name):
                cells[offered[dimension].cell(parts[2])] += count
        elif len(parts) == 3 and parts[0] in definition.statuses and parts[1] == _stored(dimension):
            sex, _, year = parts[2].partition("-")
            cells[{"sex": sex, "birth_year": year}.get(dimension, parts[2])] += count
    return {value: count for value, count in sorted(cells.items()) if count}


async def dead_letters(
    database: AsyncDatabase, state: str | None, *, after: Place | None, limit: int
) -> list[Document]:
    """Return up to ``limit`` dead letters, oldest first, from the one after ``after`` on.

    Without their bytes: half a megabyte each may have, and no list shows them.
    """
    wanted = {} if state is None else {"state": state}
    found = listed(database, DEAD_LETTERS, wanted, after=after, without=("raw",))
    return await found.limit(limit).to_list()


async def dead_letter(database: AsyncDatabase, identity: str) -> Document | None:
    """Return one dead letter."""
    return await database[DEAD_LETTERS].find_one({"_id": identity})


async def recounts(database: AsyncDatabase, *, after: Place | None, limit: int) -> list[Document]:
    """Return up to ``limit`` recounts, newest first, from the one after ``after`` on."""
    found = listed(database, RECOUNTS, {}, after=after, newest_first=True)
    return await found.limit(limit).to_list()
