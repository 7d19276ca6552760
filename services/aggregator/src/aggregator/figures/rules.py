"""How headline figures and breakdowns are made of counters, and what makes them incomplete (pure)."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping

from shared.contract import events
from shared.contract.definitions import DEFINITIONS, dimensions_of

SERIES = ("units", "members", "volunteers", "enrolled")
_TOPIC_OF_ENTITY = {
    "unit": events.UNIT_TOPIC,
    "member": events.MEMBER_TOPIC,
    "volunteer": events.VOLUNTEER_TOPIC,
}
_SERIES_OF_TOPIC = {
    topic: tuple(name for name in SERIES if DEFINITIONS[name].entity == entity)
    for entity, topic in _TOPIC_OF_ENTITY.items()
}


def series_of(topic: str) -> tuple[str, ...]:
    """Return the headline series that a topic's counters feed."""
    return _SERIES_OF_TOPIC.get(topic, ())


def topic_of(series: str) -> str:
    """Return the topic whose counters feed a series."""
    return _TOPIC_OF_ENTITY[DEFINITIONS[series].entity]


def counted_in(topic: str, name: str) -> list[str]:
    """Return the headline series that a topic's counter is a summand of."""
    return [series for series in series_of(topic) if DEFINITIONS[series].counts_counter(name)]


def _one_of(values: Iterable[str]) -> str:
    return f"(?:{'|'.join(map(re.escape, sorted(values)))})"


def summands(series: str) -> str:
    """Return the pattern of the counters that add up to a series."""
    definition = DEFINITIONS[series]
    if definition.entity == "unit":
        return rf"{_one_of(definition.levels)}\|{_one_of(definition.statuses)}\|"
    return f"{_one_of(definition.statuses)}$"


def cells(series: str, dimension: str) -> str:
    """Return the pattern of the counters that a breakdown is made of."""
    definition = DEFINITIONS[series]
    if definition.entity == "unit":
        return summands(series)
    return rf"{_one_of(definition.statuses)}\|{_one_of([_stored(dimension)])}\|"


def _stored(dimension: str) -> str:
    return "sexbirth" if dimension in ("sex", "birth_year") else dimension


def breakdown(series: str, dimension: str, totals: Mapping[str, int]) -> dict[str, int]:
    """Return a series' cells by one dimension from the sums of its counters."""
    definition = DEFINITIONS[series]
    offered = {item.id: item for item in dimensions_of(series)}
    found: Counter[str] = Counter()
    for name, count in totals.items():
        parts = name.split("|")
        if definition.entity == "unit":
            if definition.counts_counter(name):
                found[offered[dimension].cell(parts[2])] += count
        elif len(parts) == 3 and parts[0] in definition.statuses and parts[1] == _stored(dimension):
            sex, _, year = parts[2].partition("-")
            found[{"sex": sex, "birth_year": year}.get(dimension, parts[2])] += count
    return {value: count for value, count in sorted(found.items()) if count}


def doubt(kind: str, source: str) -> str:
    """Return the reason for which a source keeps figures from being complete: ``late:member``."""
    return f"{kind}:{source.rsplit('/', 1)[1]}"


def doubts_of_events(*, gaps: int, open_letters: int, dismissed: Iterable[str]) -> list[str]:
    """Return the reasons for which single events keep figures from being complete.

    Args:
        dismissed: sources with events that were closed without counting them.
    """
    reasons = []
    if gaps:
        reasons.append("gap")
    if open_letters:
        reasons.append("dead_letter")
    reasons += [doubt("dismissed", source) for source in sorted(set(dismissed))]
    return reasons
