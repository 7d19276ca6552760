"""From the 2xx of a registration to the figure in the live stream, the whole system running.

Every process runs as ``make run`` starts it. Volunteers are enrolled at an even rate all the while.
The delay is that of single registrations, not of the k-th of many: each probe has a county of its
own and one registration under way at a time, so that the next frame of its stream with one person
more shows that very person. The national figure moves with it: one change, one tick of the clock.
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
from embedded.processes import HTTP_OFFSETS
from shared.base.ids import new_id
from tests.clients.county import County
from tests.people import volunteer
from tests.system import COUNTY, System, running
from tests.waiting import until

BASELINE = "the answers of the load meanwhile (2xx)"
BAR_MS = 1000
"""docs/design.md section 10, p99."""
PER_SECOND = 100
CLIENTS = 16
OFFICERS = 8
PROBED = ("330102", "330105", "330108", "330109", "330110", "330111", "330112", "330113")
"""Counties of Hangzhou other than the one that takes the load."""


@dataclass
class Watch:
    """What a stream showed, and when; instants are of the monotonic clock."""

    url: str
    at: list[float] = field(default_factory=list)
    enrolled: list[int] = field(default_factory=list)
    halt: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Read the stream until ``halt`` is set."""
        with httpx.stream("GET", self.url, timeout=30) as answer:
            for line in answer.iter_lines():
                moment = time.monotonic()
                if line.startswith("data: ") and (frame := orjson.loads(line[6:])):
                    self.at.append(moment)
                    self.enrolled.append(frame["indicators"]["volunteers"]["enrolled"])
                if self.halt.is_set():
                    return

    def shown_at(self, count: int) -> float | None:
        """Return when the stream first showed so many people."""
        position = bisect_left(self.enrolled, count)
        return self.at[position] if position < len(self.enrolled) else None


@dataclass
class Probe:
    """Registers one volunteer after the other in a county that nobody else registers in."""

    system: System
    county: str
    unit: str
    milliseconds: list[float] = field(default_factory=list)

    def run(self, over: threading.Event) -> None:
        """Probe until the load is over."""
        watch = Watch(f"{self.system.url('aggregator')}/v1/stream?unit={self.county}")
        headers = self.system.headers("prober", self.county, "registrar")
        url = f"{self.system.url('volunteer')}/v1/volunteers"
        with ThreadPoolExecutor(1) as pool, httpx.Client(timeout=60) as http:
            watching = pool.submit(watch.run)
            until(lambda: watch.shown_at(0) is not None, "the stream's first frame")
            while not over.is_set():
                count = watch.enrolled[-1] + 1
                keyed = headers | {"Idempotency-Key": new_id()}
                http.post(url, json=volunteer(self.unit), headers=keyed).raise_for_status()
                answered = time.monotonic()
                until(lambda count=count: watch.shown_at(count) is not None, "it is shown")
                delay = (watch.shown_at(count) or answered) - answered
                self.milliseconds.append(max(0.0, delay) * 1000)
            watch.halt.set()
            watching.result()


def run(*, quick: bool) -> Iterator[Line]:
    """Yield p50 and p99 of the delay."""
    seconds = 8.0 if quick else 60.0
    with running("--no-demo") as system:
        plan, probes = _plan(system, seconds), [_probe(system, code) for code in PROBED]
        over = threading.Event()
        with ThreadPoolExecutor(len(probes)) as pool:
            probing = [pool.submit(probe.run, over) for probe in probes]
            try:
                seen = drive(plan)
            finally:
                over.set()
            for one in probing:
                one.result()
    yield from _lines([ms for probe in probes for ms in probe.milliseconds], seen, plan)


def _probe(system: System, code: str) -> Probe:
    county = system.chapter(code)
    return Probe(system, county, _unit(system, code))


def _unit(system: System, code: str) -> str:
    """Bring a unit of a county to be active; return its id."""
    office = County(system, code)
    unit: str = office.units.counted()["id"]
    office.close()
    return unit


def _plan(system: System, seconds: float) -> Plan:
    county = system.chapter()
    units = [_unit(system, COUNTY) for _ in range(4)]
    return Plan(
        port=system.runtime.port(HTTP_OFFSETS["volunteer"]),
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
        "registrations_followed": len(delays),
        "load": len(seen.answered_at),
        "load_per_second": len(seen.answered_at) / plan.seconds,
        "bar_ms": BAR_MS,
        "worst_ms": max(delays),
        "seconds": plan.seconds,
        "figure": "volunteers.enrolled, /v1/stream of the county each followed one is alone in",
        "client": CLIENT,
    }
    rounded = {k: round(v, 1) if isinstance(v, float) else v for k, v in conditions.items()}
    for share in (0.5, 0.99):
        name = f"freshness.p{share * 100:.0f}"
        delay, answer = quantile(delays, share), quantile(seen.milliseconds, share)
        yield Line(name, delay, "ms", BASELINE, answer, conditions=rounded)
