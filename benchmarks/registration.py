"""A full registration against a bare insert, at rising concurrency, in turn within one run."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from pymongo import IndexModel

from benchmarks import bare
from benchmarks.load import CLIENT, Plan, Seen, drive
from benchmarks.report import Line, median_ratio, quantile, significant
from benchmarks.stand import Stand, stand
from member.membership import store

BASELINE = "bare FastAPI + AsyncMongoClient insert_one of the same document"
BLOCK = 200_000
"""People's numbers set aside for one window: more than it can use up."""
_serials = itertools.count(0, BLOCK)


@dataclass
class Side:
    """What a service did at one concurrency, over all its windows."""

    service: str
    windows: list[Seen] = field(default_factory=list)
    cpu_seconds: float = 0.0
    mongod_seconds: float = 0.0

    def window(self, place: Stand, clients: int, seconds: float) -> None:
        """Send registrations for so many seconds."""
        plan = Plan(
            port=place.port(self.service),
            path="/v1/members",
            kind="member",
            units=place.units,
            tokens=place.tokens,
            clients=clients,
            seconds=seconds,
            first_serial=next(_serials),
        )
        before = place.cpu_seconds(self.service), place.cpu_seconds("mongod")
        self.windows.append(drive(plan))
        self.cpu_seconds += place.cpu_seconds(self.service) - before[0]
        self.mongod_seconds += place.cpu_seconds("mongod") - before[1]

    @property
    def rates(self) -> list[float]:
        return [seen.statuses[201] / seen.seconds for seen in self.windows]

    @property
    def milliseconds(self) -> list[float]:
        return [one for seen in self.windows for one in seen.milliseconds]

    def costs(self) -> dict[str, float]:
        """Return processor time per request in microseconds: neighbours weigh less on it."""
        handled = sum(seen.handled for seen in self.windows)
        return {
            "service": significant(self.cpu_seconds / handled * 1e6),
            "mongod": significant(self.mongod_seconds / handled * 1e6),
            "client": significant(max(seen.cpu_us for seen in self.windows)),
        }


def run(*, quick: bool) -> Iterator[Line]:
    """Yield requests per second, p50 and p99 at each concurrency."""
    levels, windows, seconds = ((8, 32), 1, 2.0) if quick else ((1, 8, 32, 128), 8, 2.5)
    with stand() as place:
        place.prepare()
        _warm(place)
        for clients in levels:
            full, plain = Side("member"), Side("bare")
            for number in range(windows):
                for side in (full, plain) if number % 2 else (plain, full):
                    side.window(place, clients, seconds)
            yield from _lines(full, plain, clients, seconds)


def _warm(place: Stand) -> None:
    """Register the first people, whose documents the baseline copies, and start it."""
    Side("member").window(place, 8, 2.0)
    indexes: list[IndexModel] = list(store.INDEXES[store.MEMBERS])
    place.database(bare.DATABASE)[bare.COLLECTION].create_indexes(indexes)
    place.start("bare", "benchmarks.bare")
    Side("bare").window(place, 8, 2.0)


def _lines(full: Side, plain: Side, clients: int, seconds: float) -> Iterator[Line]:
    costs, plain_costs = full.costs(), plain.costs()
    conditions: dict[str, Any] = {
        "clients": clients,
        "windows": len(full.windows),
        "window_seconds": seconds,
        "requests": [len(full.milliseconds), len(plain.milliseconds)],
        "client": CLIENT,
        "cpu_us_per_request": costs,
        "baseline_cpu_us_per_request": plain_costs,
        "writes": "w=majority, j=true; same indexes on members; relay not running",
    }
    name = f"registration.{clients}"
    rate = median_ratio(full.rates, plain.rates)
    middle = (median(full.rates), median(plain.rates))
    yield Line(f"{name}.rate", middle[0], "requests/s", BASELINE, middle[1], rate, conditions)
    brief = {"clients": clients}
    for share in (0.5, 0.99):
        times = quantile(full.milliseconds, share), quantile(plain.milliseconds, share)
        figure = f"{name}.p{share * 100:.0f}"
        yield Line(figure, times[0], "ms", BASELINE, times[1], conditions=brief)
    spent = [sum(found[who] for who in ("service", "mongod")) for found in (costs, plain_costs)]
    yield Line(f"{name}.cpu", spent[0], "us/request", BASELINE, spent[1], conditions=brief)
