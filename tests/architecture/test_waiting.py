"""No test waits for a time, and none gives up before ``tests.waiting.LIMIT``.

A sleep is too short on a machine that stalls and too long on every other. A limit belongs there
only to end what hangs; where the time itself is tested, the line says so: ``# tested: <why>``.
"""

import ast
import operator
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.waiting import LIMIT

TESTS = Path(__file__).resolve().parents[1]
MAY_SLEEP = TESTS / "waiting.py"

TESTED = re.compile(r"#\s*tested: \S")
TESTED_AT_MOST = 12
"""Lines in all tests on which a time is what is tested; a setting of the product needs no line."""

SLEEPS = {"sleep", "wait_for_timeout", "Timer", "call_later"}
GIVES_WAY = {"asyncio.sleep(0)", "anyio.sleep(0)"}
LIMIT_AT = {
    "timeout": 0, "Timeout": 0, "wait": 0, "join": 0, "result": 0, "exception": 0,
    "settimeout": 0, "fail_after": 0, "move_on_after": 0, "set_default_timeout": 0,
    "set_default_navigation_timeout": 0, "wait_for": 1, "until": 1, "until_async": 1,
    "wait_until": 1, "create_connection": 1, "select": 3,
}  # fmt: skip
"""Which argument of a call is a limit in time."""
LIMIT_BY_NAME = {"timeout", "timeout_ms", "consumer_timeout_ms", "seconds"}
IN_MILLISECONDS = re.compile(
    r"(not_)?to_\w+|set_options|set_default\w*timeout|launch\w*|goto|expect_\w+|wait_for_\w+"
)
"""Calls of the browser's driver, which counts in them."""
NO_LIMIT = {"timedelta"}
"""Calls whose seconds nobody waits for."""
WITH_A_LIMIT = {"Client", "AsyncClient", "get", "post", "request", "stream"}
"""Calls of httpx that give up after five seconds by default."""
CLOCKS = {"monotonic", "perf_counter", "time"}
ARITHMETIC = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
}  # fmt: skip


def hurried(source: str) -> list[str]:
    """Return where a test waits for a time, or gives up before ``LIMIT``, each as ``line: what``."""
    lines = source.splitlines()
    return [found for found in _found(source) if not _is_tested(lines, found)]


def excepted(source: str) -> list[str]:
    """Return what would be hurried, were not the time itself tested there."""
    lines = source.splitlines()
    return [found for found in _found(source) if _is_tested(lines, found)]


def _is_tested(lines: list[str], found: str) -> bool:
    return bool(TESTED.search(lines[int(found.partition(":")[0]) - 1]))


@cache
def _found(source: str) -> list[str]:
    found = {(at, what) for node in ast.walk(ast.parse(source)) for at, what in _of(node)}
    return [f"{at}: {what}" for at, what in sorted(found)]


def _of(node: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield the lines and reasons of one node, without those within it."""
    match node:
        case ast.Call():
            yield from _of_call(node)
        case ast.arguments():
            yield from _of_defaults(node)
        case ast.Attribute(value=ast.Attribute(attr="mark") | ast.Name(id="mark"), attr=mark):
            if mark == "flaky" or mark.startswith("rerun"):
                yield node.lineno, f"a test that may fail: mark {mark}"
        case ast.BinOp(left=ast.Call() as clock, op=ast.Add(), right=limit):
            if _name(clock) in CLOCKS and _is_short(limit):
                yield node.lineno, f"a deadline of its own: {ast.unparse(node)}"


def _of_call(call: ast.Call) -> Iterator[tuple[int, str]]:
    name = _name(call)
    if _is_sleep(call, name):
        yield call.lineno, f"waits for a time: {ast.unparse(call.func)}"
    if _has_the_limit_of_httpx(call, name):
        yield call.lineno, f"the five seconds of httpx: {ast.unparse(call.func)}"
    for limit, enough in _limits(call, name):
        if _is_short(limit, enough):
            written = f"{ast.unparse(call.func)}(… {ast.unparse(limit)})"
            yield limit.lineno, f"a limit below LIMIT: {written}"


def _is_sleep(call: ast.Call, name: str) -> bool:
    if name in SLEEPS:
        return ast.unparse(call) not in GIVES_WAY
    match call:
        case ast.Call(func=ast.Attribute(value=ast.Call() as made, attr="wait"), args=[_, *_]):
            return _name(made) == "Event"  # nobody else has it: nobody sets it
    return False


def _has_the_limit_of_httpx(call: ast.Call, name: str) -> bool:
    match call.func:
        case ast.Attribute(value=ast.Name(id="httpx")) if name in WITH_A_LIMIT:
            return not {"timeout", "transport"} & {given.arg for given in call.keywords}
    return False


def _limits(call: ast.Call, name: str) -> Iterator[tuple[ast.expr, float]]:
    """Yield each argument that is a limit in time, and what is enough in its unit."""
    unit = 1_000 if IN_MILLISECONDS.fullmatch(name) else 1
    position = LIMIT_AT.get(name, len(call.args))
    for given in call.args[position : position + 1]:
        yield given, LIMIT * unit
    for keyword in call.keywords:
        if keyword.arg and _is_limit(name, keyword.arg):
            yield keyword.value, LIMIT * (1_000 if keyword.arg.endswith("_ms") else unit)


def _is_limit(call: str, argument: str) -> bool:
    if argument == "limit":
        return call in {"until", "until_async"}
    return argument in LIMIT_BY_NAME and call not in NO_LIMIT


def _of_defaults(given: ast.arguments) -> Iterator[tuple[int, str]]:
    positional = [*given.posonlyargs, *given.args]
    with_default = positional[len(positional) - len(given.defaults) :]
    pairs = [*zip(with_default, given.defaults, strict=True)]
    pairs += [
        (one, default)
        for one, default in zip(given.kwonlyargs, given.kw_defaults, strict=True)
        if default is not None
    ]
    for one, default in pairs:
        enough = LIMIT * 1_000 if one.arg.endswith("_ms") else LIMIT
        if one.arg in LIMIT_BY_NAME and _is_short(default, enough):
            yield default.lineno, f"a limit below LIMIT: {one.arg} = {ast.unparse(default)}"


def _name(call: ast.Call) -> str:
    """Return the last part of what is called."""
    match call.func:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
    return ""


def _is_short(limit: ast.expr, enough: float = LIMIT) -> bool:
    """Return whether a limit is too small; zero is none, since it only checks for something."""
    least = _least(limit)
    return least is not None and 0 < least < enough


def _least(limit: ast.expr) -> float | None:
    """Return what a limit comes to; None for a name, which is not followed.

    Within a calculation a name counts for one: ``20 * SECONDS`` is twenty.
    """
    match limit:
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.Name(id="LIMIT") | ast.Attribute(attr="LIMIT"):
            return LIMIT
        case ast.BinOp(left=left, op=op, right=right) if type(op) in ARITHMETIC:
            one, other = _least(left), _least(right)
            if one is None and other is None:
                return None
            one, other = 1.0 if one is None else one, 1.0 if other is None else other
            return float(ARITHMETIC[type(op)](one, other))
    return None


HURRIED = {
    "a sleep": "time.sleep(1)",
    "a sleep of the loop": "async def f():\n    await asyncio.sleep(0.01)",
    "a sleep under its bare name": "sleep(LIMIT)",
    "a sleep of nobody knows how long": "anyio.sleep(pause)",
    "a thread that gives way": "time.sleep(0)",
    "an event that nobody can set": "threading.Event().wait(LIMIT)",
    "an event waited for too shortly": "over.wait(0.02)",
    "a timer": "threading.Timer(0.1, done)",
    "a timer of the loop": "loop.call_later(delay, done)",
    "the browser's sleep": "page.wait_for_timeout(500)",
    "a short limit by name": "httpx.get(url, timeout=60.0)",
    "a short limit in milliseconds": "reader.poll(timeout_ms=30_000)",
    "a short limit of a consumer": "KafkaConsumer(consumer_timeout_ms=30_000)",
    "a short limit in the browser": "expect(part).to_be_visible(timeout=60_000)",
    "a short limit of the browser": "expect.set_options(timeout=60_000)",
    "a short limit for a condition": "until(ready, limit=20.0)",
    "a short limit in its place": "until(ready, 20.0)",
    "a short limit of ours": "viewer.sees(value, seconds=60)",
    "a short limit of the loop": "async def f():\n    async with asyncio.timeout(10): pass",
    "a short limit of an answer": "asyncio.wait_for(reader.read(), 10)",
    "a short limit of a process": "process.wait(60)",
    "a short limit of a thread": "client.join(30.0)",
    "a short limit of a future": "future.result(10)",
    "a short limit of a socket": "link.settimeout(5)",
    "a short limit of many": "select.select([one], [], [], 0.5)",
    "a short limit of a test": "@pytest.mark.timeout(60)\ndef test_it(): pass",
    "a part of the limit": "process.wait(LIMIT / 2)",
    "a limit calculated": "process.wait(timeout=20 * SECONDS)",
    "a limit by default": "def wait(condition, seconds: float = 60.0): pass",
    "a limit by default, by name": "def wait(*, timeout=5): pass",
    "a deadline": "deadline = time.monotonic() + 30",
    "the limit of httpx": "httpx.Client(base_url=url)",
    "a test that may fail": "@pytest.mark.flaky\ndef test_it(): pass",
    "a test that may fail often": "@pytest.mark.flaky(reruns=3)\ndef test_it(): pass",
    "a module that may fail": "pytestmark = [pytest.mark.reruns(2)]",
    "no reason": "process.wait(1)  # tested:",
}
PATIENT = [
    "until(ready, 'the broker answers')",
    "until(ready, limit=2 * LIMIT)",
    "async def f():\n    await asyncio.sleep(0)",
    "async def f():\n    async with asyncio.timeout(waiting.LIMIT): pass",
    "process.wait(LIMIT)",
    "process.wait(600)",
    "process.wait()",
    "asyncio.Event().wait()",
    "over.wait(remaining)",
    "queue.get(timeout=0)",
    "httpx.get(url, timeout=None)",
    "httpx.AsyncClient(transport=httpx.MockTransport(answer))",
    "expect.set_options(timeout=LIMIT * 1_000)",
    "timedelta(seconds=5)",
    "page(client, limit=17)",
    "','.join(words)",
    "settings.get('timeout', 5)",
    "Settings(request_timeout_seconds=0.1, mongo_timeout_ms=3_000)",
    "def wait(condition, seconds: float = LIMIT): pass",
    "deadline = time.monotonic() + LIMIT",
    "assert time.monotonic() - began < 15",
    "@pytest.mark.timeout(LIMIT + 90 * TRIALS)\ndef test_it(): pass",
    "reply = process.wait(15)  # tested: a stop is over within its fifteen seconds",
]


@pytest.mark.parametrize("source", HURRIED.values(), ids=HURRIED)
def test_a_hurried_wait_of_a_test_is_found(source: str) -> None:
    assert len(hurried(source)) == 1


@pytest.mark.parametrize("source", PATIENT)
def test_a_patient_wait_of_a_test_is_accepted(source: str) -> None:
    assert hurried(source) == []


def test_the_line_of_a_hurried_wait_is_reported() -> None:
    source = "import time\nsystem.stop(\n    timeout=5,\n)\ntime.sleep(1)\n"
    assert hurried(source) == [
        "3: a limit below LIMIT: system.stop(… 5)",
        "5: waits for a time: time.sleep",
    ]
    assert excepted(
        "process.wait(15)  # tested: why\nprocess.wait(LIMIT)  # tested: nothing\n"
    ) == ["1: a limit below LIMIT: process.wait(… 15)"]


def test_no_wait_of_a_test_is_hurried() -> None:
    found, excepted_ones = [], []
    for path in sorted(TESTS.rglob("*.py")):
        if path != MAY_SLEEP:
            source, name = path.read_text(encoding="utf-8"), path.relative_to(TESTS.parent)
            found += [f"{name}:{line}" for line in hurried(source)]
            excepted_ones += [f"{name}:{line}" for line in excepted(source)]
    assert found == [], "\n".join(found)
    assert len(excepted_ones) <= TESTED_AT_MOST, excepted_ones
