"""How long the path of a command is: the files and functions that one request runs.

``python -m benchmarks.trace`` runs the member service in this process on a real mongod, warms it,
and traces one registration and one page of a roster. It prints one JSON line for each: distinct
files and functions of ``shared`` and ``services`` until the write is handed to the commit, and the
same until the answer.
"""

import argparse
import inspect
import logging
import re
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import httpx
import orjson

from member.migrate import migrate
from shared.base import log
from shared.base.settings import WriterSettings
from tests import people
from tests.clients.inside import members_inside
from tests.clients.member import Members
from tests.clients.officers import Headers
from tests.clients.peers import UnitsAsGiven
from tests.clients.register import a_key
from tests.integration.prepared import prepared
from tests.servers import RealServers
from tests.system import free_port_base

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("shared/", "services/")
ROWS = 100
WARM_UPS = 3
COMMIT = re.compile(r"group_?commit|:transact_async$")
"""A call that takes a write over, as ``file:function``: group commit, or a lone transaction."""
WRITE = re.compile(
    r"pymongo/asynchronous/.*:"
    r"(insert|replace|update|delete|find_one_and|bulk_write|with_transaction|start_transaction)"
)
"""A write that the request hands to the driver itself counts as handed over as well."""
RESUMED = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR
"""Functions whose frame is entered more than once."""
_WITHIN = re.compile(r"(\.<locals>)?\.<(lambda|listcomp|setcomp|dictcomp|genexpr)>(?=\.|$)")


@dataclass(frozen=True)
class Call:
    """A function of this repository, called."""

    file: str
    function: str


@dataclass
class Trace:
    """The calls of one request, in order."""

    calls: list[Call] = field(default_factory=list)
    before_commit: int = 0
    """How many of the calls came before the write was handed over."""
    handed_to: str | None = None
    _entered: set[FrameType] = field(default_factory=set)

    def enter(self, frame: FrameType) -> None:
        """Take a call down, if it is of this request."""
        own, call = _place(frame.f_code)
        context = _context.get()
        if context is self:
            if self.handed_to is None:
                self._look_for_commit(call, own)
        elif self.handed_to is None or context is BACKGROUND:
            return
        if own and not self._is_resumed(frame):
            self.calls.append(call)

    def _look_for_commit(self, call: Call, own: bool) -> None:
        name = f"{call.file}:{call.function}"
        if (COMMIT if own else WRITE).search(name):
            self.handed_to, self.before_commit = name, len(self.calls)

    def _is_resumed(self, frame: FrameType) -> bool:
        if not frame.f_code.co_flags & RESUMED:
            return False
        known = frame in self._entered
        self._entered.add(frame)
        return known


BACKGROUND = object()
_context: ContextVar[object] = ContextVar("context", default=None)
"""Why a call is made: for a request (its trace; in its task and its threads), or in the background,
by what the service started by itself. Group commit has an empty context: it works for many."""
_current: Trace | None = None


def _profile(frame: FrameType, event: str, argument: object) -> None:
    if event == "call" and _current is not None:
        _current.enter(frame)


@cache
def _place(code: CodeType) -> tuple[bool, Call]:
    """Return whether a function is this repository's, and what it is called.

    A comprehension or a lambda is part of the function around it.
    """
    file = code.co_filename.removeprefix(f"{ROOT}/")
    return file.startswith(PACKAGES), Call(file, _WITHIN.sub("", code.co_qualname))


def counts(calls: Sequence[Call]) -> dict[str, int]:
    """Return what calls come to; ``file_switches`` follows the functions by their first call."""
    first = list(dict.fromkeys(calls))
    return {
        "files": len({call.file for call in calls}),
        "functions": len(first),
        "file_switches": _switches(first),
        "calls": len(calls),
        "call_file_switches": _switches(calls),
    }


def _switches(calls: Sequence[Call]) -> int:
    """Return how often a call is in another file than the one before it."""
    return sum(one.file != two.file for one, two in pairwise(calls))


def by_file(calls: Sequence[Call]) -> dict[str, list[str]]:
    """Return the functions of each file, both in the order of their first call."""
    found: dict[str, list[str]] = {}
    for call in dict.fromkeys(calls):
        found.setdefault(call.file, []).append(call.function)
    return found


@contextmanager
def _service() -> Iterator[Members]:
    """Run the member service in this process, its threads under the profiler from their start."""
    threading.setprofile(_profile)
    log.configure("benchmarks")
    logging.disable(logging.ERROR)
    started = _context.set(BACKGROUND)
    with (
        RealServers(port_base=free_port_base(), with_kafka=False) as servers,
        tempfile.TemporaryDirectory(prefix="registry-trace-") as folder,
        prepared(WriterSettings, migrate, servers, Path(folder)) as settings,
        members_inside(servers, settings, UnitsAsGiven()) as members,
    ):
        _context.reset(started)
        yield members
    threading.setprofile(None)


def _person() -> dict[str, Any]:
    """Return the fields of a new person, those that the number holds as well."""
    number = people.resident_id()
    born = f"{number[6:10]}-{number[10:12]}-{number[12:14]}"
    sex = "男" if int(number[16]) % 2 else "女"
    return {"id_number": number, "sex": sex, "birth_date": born, "phone": people.PHONE}


def _registration(members: Members, who: Headers) -> httpx.Response:
    return members.post(members.body(**_person()), who, **a_key())


def _page(members: Members, who: Headers) -> httpx.Response:
    rows = [members.row(number, **_person()) for number in range(1, ROWS + 1)]
    return members.bulk(rows, who, "existing", document={"number": "备案-1"})


REQUESTS = {"registration": _registration, "page": _page}


def _sent(name: str, members: Members, who: Headers) -> httpx.Response:
    """Send a request and return its answer.

    Raises:
        RuntimeError: it was not carried out in full.
    """
    answer = REQUESTS[name](members, who)
    if answer.status_code not in (200, 201) or answer.json().get("refused"):
        raise RuntimeError(f"{name}: {answer.status_code} {answer.text[:500]}")
    return answer


def traced(members: Members, who: Headers, name: str) -> Trace:
    """Send a request and return what it ran.

    Raises:
        RuntimeError: it failed, or no write was seen.
    """
    global _current
    _current = trace = Trace()
    token = _context.set(trace)
    try:
        _sent(name, members, who)
    finally:
        _current = None
        _context.reset(token)
    if trace.before_commit == 0:
        raise RuntimeError(f"{name}: no call of ours, or none that matches {COMMIT.pattern}")
    return trace


def run() -> Iterator[tuple[str, Trace]]:
    """Yield the trace of each kind of request, on a service that has answered all of them."""
    with _service() as members:
        who = members.officer("li", "registrar", "approver")  # one token, which is known by then
        for _ in range(WARM_UPS):
            for name in REQUESTS:
                _sent(name, members, who)
        for name in REQUESTS:
            yield name, traced(members, who, name)


def _write(name: str, trace: Trace, *, listed: bool) -> None:
    before = trace.calls[: trace.before_commit]
    shown = {"name": f"trace.{name}", **counts(before), "handed_to": trace.handed_to}
    sys.stdout.buffer.write(orjson.dumps({**shown, "until_answer": counts(trace.calls)}) + b"\n")
    for file, functions in by_file(before).items() if listed else ():
        sys.stdout.buffer.write(f"  {file}\n    {', '.join(functions)}\n".encode())
    sys.stdout.flush()


def main() -> None:
    """Trace a registration and a page, and print what they ran."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.trace", description=__doc__)
    parser.add_argument("--list", action="store_true", help="name the files and functions as well")
    arguments = parser.parse_args()
    for name, trace in run():
        _write(name, trace, listed=arguments.list)


if __name__ == "__main__":
    main()
