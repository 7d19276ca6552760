"""The load generator, a process of its own: keep-alive sockets, no HTTP library, uvloop.

``python -m benchmarks.load`` reads a plan from standard input and prints what it saw. It spends
some tens of microseconds on a request (``cpu_us`` shows how many), far less than any server here.
"""

import asyncio
import re
import subprocess
import sys
import time
from collections import Counter, deque
from dataclasses import asdict, dataclass, field
from typing import Any

import orjson
import uvloop

from tests.people import member, resident_id, volunteer

CLIENT = "asyncio protocol on uvloop, one process, keep-alive"
NO_ANSWER = 0
"""Counted as a status where a server closed a connection."""
PATIENCE = 120.0
"""Seconds for the answers still under way when the time is over."""
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_SERIAL = b"<<serial>>"
_PHONE = b"<<phone>>"


@dataclass(frozen=True)
class Plan:
    """What to send.

    Args:
        port: of the server on the loopback address.
        path: where to post.
        kind: ``member`` or ``volunteer``.
        units: ids of units, taken in turn.
        tokens: officers' tokens, one per connection in turn.
        clients: connections.
        seconds: how long is measured.
        warmup: seconds before that, which are not.
        first_serial: first number of the people; no two runs may share a range.
        per_second: requests are due at this even rate whatever the answers do; None: each client
            sends its next request when it has its answer.
    """

    port: int
    path: str
    kind: str
    units: list[str]
    tokens: list[str]
    clients: int
    seconds: float
    first_serial: int
    warmup: float = 0.5
    per_second: float | None = None


@dataclass
class Seen:
    """What came of it; instants are of the monotonic clock, which all processes share."""

    statuses: Counter[int] = field(default_factory=Counter)
    milliseconds: list[float] = field(default_factory=list)
    answered_at: list[float] = field(default_factory=list)
    seconds: float = 0.0
    handled: int = 0
    """Requests answered, those of the warm-up and after the end among them."""
    cpu_us: float = 0.0


class _Requests:
    """Renders requests from a template, so that the server and not this process is measured."""

    def __init__(self, plan: Plan) -> None:
        self._serial = plan.first_serial
        make = {"member": member, "volunteer": volunteer}[plan.kind]
        self._bodies = [
            orjson.dumps(make(unit, id_number=_SERIAL.decode(), phone=_PHONE.decode()))
            for unit in plan.units
        ]

    def head(self, plan: Plan, token: str) -> bytes:
        return (
            f"POST {plan.path} HTTP/1.1\r\nHost: 127.0.0.1:{plan.port}\r\n"
            f"Authorization: Bearer {token}\r\nContent-Type: application/json\r\n"
        ).encode()

    def render(self, head: bytes) -> bytes:
        serial, self._serial = self._serial, self._serial + 1
        body = self._bodies[serial % len(self._bodies)]
        body = body.replace(_SERIAL, resident_id(serial).encode())
        body = body.replace(_PHONE, b"199%08d" % (serial % 100_000_000))
        return b"%sIdempotency-Key: b%d\r\nContent-Length: %d\r\n\r\n%s" % (
            head,
            serial,
            len(body),
            body,
        )


class _Client(asyncio.Protocol):
    """One connection with one request under way at the most."""

    def __init__(self, run: "_Run", head: bytes) -> None:
        self._run, self._head = run, head
        self._buffer = b""
        self._due = 0.0
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._run.idle(self)

    def send(self, due: float) -> None:
        self._due = due
        self._transport.write(self._run.requests.render(self._head))

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        length = _LENGTH.search(self._buffer, 0, end) if end >= 0 else None
        if length is None or len(self._buffer) < end + 4 + int(length[1]):
            return
        status, self._buffer = int(self._buffer[9:12]), b""
        self._run.answered(status, self._due)
        self._run.idle(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._run.lost()


class _Run:
    """Deals requests out to connections until the time is over."""

    def __init__(self, plan: Plan) -> None:
        self.plan, self.requests, self.seen = plan, _Requests(plan), Seen()
        self._begin = time.monotonic()
        self._measured_from = self._begin + plan.warmup
        self._end = self._measured_from + plan.seconds
        self._stopped = False
        self._waiting: deque[_Client] = deque()
        self._late: deque[float] = deque()

    async def run(self) -> Seen:
        loop = asyncio.get_running_loop()
        for number in range(self.plan.clients):
            token = self.plan.tokens[number % len(self.plan.tokens)]
            head = self.requests.head(self.plan, token)
            await loop.create_connection(
                lambda head=head: _Client(self, head),  # type: ignore[misc]
                "127.0.0.1",
                self.plan.port,
            )
        before = time.process_time()
        if self.plan.per_second is None:
            await asyncio.sleep(self._end - time.monotonic())
        else:
            await self._pace(1 / self.plan.per_second)
        await self._last()
        spent = time.process_time() - before
        self.seen.cpu_us = spent / max(1, self.seen.handled) * 1e6
        self.seen.seconds = self.plan.seconds
        self._stopped = True
        return self.seen

    async def _pace(self, interval: float) -> None:
        due = self._begin
        while due < self._end:
            self._late.append(due)
            self._dispatch()
            due += interval
            await asyncio.sleep(max(0.0, due - time.monotonic()))

    async def _last(self) -> None:
        """Wait for the answers under way: the servers have worked, or will work, on them all."""
        async with asyncio.timeout(PATIENCE):
            while not self._stopped and (self._late or len(self._waiting) < self.plan.clients):
                await asyncio.sleep(0.01)

    def _dispatch(self) -> None:
        while self._late and self._waiting:
            self._waiting.popleft().send(self._late.popleft())

    def idle(self, client: _Client) -> None:
        moment = time.monotonic()
        if self.plan.per_second is None and moment < self._end:
            client.send(moment)
        else:
            self._waiting.append(client)
            self._dispatch()

    def answered(self, status: int, due: float) -> None:
        moment = time.monotonic()
        self.seen.handled += 1
        if self.plan.per_second is None and not self._measured_from <= moment < self._end:
            return
        self.seen.statuses[status] += 1
        self.seen.milliseconds.append((moment - due) * 1000)
        if self.plan.per_second is not None:
            self.seen.answered_at.append(moment)

    def lost(self) -> None:
        if not self._stopped:
            self.seen.statuses[NO_ANSWER] += 1
            self._stopped = True


def drive(plan: Plan) -> Seen:
    """Run a plan in a process of its own and return what it saw.

    Raises:
        RuntimeError: an answer was not 201.
    """
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.load"],
        input=orjson.dumps(asdict(plan)),
        stdout=subprocess.PIPE,
        check=True,
    )
    found = orjson.loads(done.stdout)
    statuses = Counter({int(status): count for status, count in found.pop("statuses").items()})
    if set(statuses) != {201}:
        raise RuntimeError(f"{plan.path} on {plan.port} answered {dict(statuses)}")
    return Seen(statuses=statuses, **found)


async def _main() -> None:
    plan = Plan(**orjson.loads(sys.stdin.buffer.read()))
    seen = await _Run(plan).run()
    sys.stdout.buffer.write(orjson.dumps(vars(seen), option=orjson.OPT_NON_STR_KEYS))


if __name__ == "__main__":
    uvloop.run(_main())
