"""What the answers said of each entity, and a plain count of it for any day.

Written apart from the registry's own rules and from its databases: it knows nothing but answers.
"""

import threading
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

ANSWERED, UNANSWERED, LATE = "answered", "no answer", "no answer in time"
VOIDED = "VOIDED"
OPEN = {
    "APPLIED", "APPROVED", "ACTIVE", "ENROLLED", "REG_APPLIED", "REGISTERED", "SUSPENDED"
}  # fmt: skip
"""Statuses of people who keep their unit from being voided."""


@dataclass(frozen=True)
class Series:
    """A published figure: which entities, in which statuses."""

    name: str
    collection: str
    statuses: frozenset[str]


SERIES = (
    Series("units", "units", frozenset({"ACTIVE"})),
    Series("members", "members", frozenset({"ACTIVE", "ARREARS"})),
    Series("volunteers", "volunteers", frozenset({"REGISTERED"})),
    Series("enrolled", "volunteers", frozenset({"ENROLLED", "REG_APPLIED", "REGISTERED"})),
)


@dataclass
class Kept:
    """One entity, as its answers have it.

    Args:
        unit: the unit it is counted at; a unit's own id.
        said: each status that an answer reported, with the day from which on it holds, in the
            order of the answers.
        values: what corrections change; true of every day.
    """

    collection: str
    id: str
    unit: str
    version: int
    said: list[tuple[date, str]]
    values: dict[str, str] = field(default_factory=dict)

    @property
    def status(self) -> str:
        return self.said[-1][1]

    def on(self, day: date) -> str | None:
        """Return the status at the end of a day: the last one said to hold from it or earlier on.

        A status replaces whatever was said before it of its own day and later ones. What is void
        never was.
        """
        if self.status == VOIDED:
            return None
        return next((status for since, status in reversed(self.said) if since <= day), None)


@dataclass
class Ledger:
    """Every entity that an answer reported.

    Args:
        heard: what requests came to: how many were answered, not answered, refused by which code.
        wrong: what no crash explains: a client that meets it stops, and the trial fails.
    """

    kept: dict[str, Kept] = field(default_factory=dict)
    heard: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def answered(self) -> int:
        return self.heard[ANSWERED]

    @property
    def turns(self) -> int:
        """How many requests have come to an end, whichever."""
        return self.heard.total()

    def hear(self, what: str) -> None:
        """Count what a request came to: one of the above, or the code of a refusal."""
        with self.lock:
            self.heard[what] += 1

    def enter(self, entity: Kept) -> None:
        """Keep an entity that an answer reports for the first time."""
        with self.lock:
            if entity.id in self.kept:
                self.wrong.append(f"{entity.collection}/{entity.id} was answered as new twice")
            self.kept[entity.id] = entity

    def follow(self, identity: str, version: int, since: date, status: str) -> None:
        """Keep that an entity has a status from a day on, in a next version."""
        with self.lock:
            known = self.kept[identity]
            self._next(known, version)
            known.said.append((since, status))

    def correct(self, identity: str, version: int, values: Mapping[str, str]) -> None:
        """Keep what an entity's values have been on all days."""
        with self.lock:
            known = self.kept[identity]
            self._next(known, version)
            known.values |= values

    def _next(self, known: Kept, version: int) -> None:
        if version != known.version + 1:
            said = f"version {version} after {known.version}"
            self.wrong.append(f"{known.collection}/{known.id}: answered {said}")
        known.version = version

    def of(self, collection: str) -> Iterator[Kept]:
        """Yield the entities of a collection."""
        return (one for one in self.kept.values() if one.collection == collection)

    def counted(self, series: Series, day: date) -> Iterator[Kept]:
        """Yield what a figure counts at the end of a day."""
        return (one for one in self.of(series.collection) if one.on(day) in series.statuses)

    def by_unit(self, day: date) -> dict[str, Counter[str]]:
        """Count every figure at the end of a day, by unit."""
        return {
            series.name: Counter(one.unit for one in self.counted(series, day)) for series in SERIES
        }

    def by_value(self, series: Series, name: str, day: date) -> Counter[str]:
        """Count a figure at the end of a day by what corrections change."""
        return Counter(one.values[name] for one in self.counted(series, day))

    def left_in_void_units(self) -> dict[str, list[str]]:
        """Return the open entries of units that were answered as void; there must be none."""
        void = {unit.id for unit in self.of("units") if unit.status == VOIDED}
        found: dict[str, list[str]] = defaultdict(list)
        for one in self.kept.values():
            if one.collection != "units" and one.unit in void and one.status in OPEN:
                found[one.unit].append(f"{one.collection}/{one.id} {one.status}")
        return dict(found)
