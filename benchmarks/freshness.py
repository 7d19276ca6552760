"""From the 2xx of a registration to the figure in the national stream, the whole system running.

Every process runs as ``make run`` starts it. Volunteers are enrolled at an even rate; the k-th
answer is set against the moment the stream first showed k people more than at the start.
"""

import threading
import time
from bisect import bisect_left
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import httpx
import orjson

from benchmarks.load import CLIENT, Plan, Seen, drive
from benchmarks.report import Line, quantile
from tests.system import System, running, until

BASELINE = "the bar of design.md section 10 (p99)"
BAR_MS = 1000.0
PER_SECOND = 100
CLIENTS = 16
OFFICERS = 8


@dataclass
class Watch:
    """What the stream showed, and when; instants are of the monotonic clock."""

    url: str
    at: list[float] = field(default_factory=list)
    enrolled: list[int] = field(default_factory=list)
    halt: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Read the national stream until told to stop."""
        with httpx.stream("GET", self.url, timeout=30) as answer:
            for line in answer.iter_lines():
                moment = time.monotonic()
                if line.startswith("data: ") and (frame := orjson.loads(line[6:])):
                    self.enrolled.append(frame["indicators"]["volunteers"]["enrolled"])
                    self.at.append(moment)
                if self.halt.is_set():
                    return

    def shown(self, count: int) -> bool:
        """Tell whether the newest frame shows as many more as this."""
        return bool(self.enrolled) and self.enrolled[-1] - self.enrolled[0] >= count

    def delays(self, answered_at: list[float]) -> list[float]:
        """Return for each answer, in order, the milliseconds until the figure showed it."""
        found = []
        for number, moment in enumerate(sorted(answered_at), self.enrolled[0] + 1):
            position = bisect_left(self.enrolled, number)
            found.append(max(0.0, self.at[position] - moment) * 1000)
        return found


def run(*, quick: bool) -> Iterator[Line]:
    """Yield p50 and p99 of the delay."""
    seconds = 8.0 if quick else 60.0
    with running("--no-demo") as system:
        plan = _plan(system, seconds)
        watch = Watch(f"{system.url('aggregator')}/v1/stream")
        with ThreadPoolExecutor(1) as pool:
            watching = pool.submit(watch.run)
            until(lambda: watch.shown(0) or watching.done(), 30.0, "the stream's first frame")
            seen = drive(plan)
            count = len(seen.answered_at)
            until(lambda: watch.shown(count) or watching.done(), 60.0, "all are shown")
            watch.halt.set()
            watching.result()
    yield from _lines(watch.delays(seen.answered_at), seen, plan)


def _plan(system: System, seconds: float) -> Plan:
    county = system.chapter()
    units = [system.active_unit(f"测速社区{number}红十字会", county) for number in range(4)]
    return Plan(
        port=system.runtime.volunteer_port,
        path="/v1/volunteers",
        kind="volunteer",
        units=units,
        tokens=[system.token(f"officer-{n}", county, "registrar") for n in range(OFFICERS)],
        clients=CLIENTS,
        seconds=seconds,
        first_serial=0,
        warmup=0.0,
        per_second=PER_SECOND,
    )


def _lines(delays: list[float], seen: Seen, plan: Plan) -> Iterator[Line]:
    conditions = {
        "registrations": len(delays),
        "answered_per_second": len(delays) / (max(seen.answered_at) - min(seen.answered_at)),
        "answer_p50_ms": quantile(seen.milliseconds, 0.5),
        "answer_p99_ms": quantile(seen.milliseconds, 0.99),
        "worst_ms": max(delays),
        "seconds": plan.seconds,
        "figure": "volunteers.enrolled of the whole country, /v1/stream",
        "client": CLIENT,
    }
    rounded = {k: round(v, 1) if isinstance(v, float) else v for k, v in conditions.items()}
    for share in (0.5, 0.99):
        name = f"freshness.p{share * 100:.0f}"
        yield Line(name, quantile(delays, share), "ms", BASELINE, BAR_MS, conditions=rounded)
