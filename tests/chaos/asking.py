"""One request of a careful client: sent again under the same key until it is answered, and every
refusal held against the few that a crash or a closed unit explains.
"""

import random
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import httpx

from shared.base.ids import new_id
from tests.chaos.doors import Doors
from tests.chaos.ledger import ANSWERED, LATE, UNANSWERED, Ledger
from tests.clients.officers import Headers
from tests.system import plain_client
from tests.waiting import LIMIT

PATIENCE = 4.0
"""Seconds after which a client asks again; a stopped process answers nobody."""
RETRY = 0.05
BUSY = {
    "unavailable", "auth.unavailable", "overloaded", "timeout", "rate.limited",
    "unit.peers_unavailable",
}  # fmt: skip
"""Refusals of a service that cannot decide now; the client asks again."""
CLOSING, CLOSED = "unit.closing", "unit.not_active"
STALE = "version.stale"
HAS_PEOPLE = "unit.has_people"

Entity = dict[str, Any]


class Broken(AssertionError):
    """A promise was broken; the message says which."""


class Refused(Exception):
    """A refusal that what happens meanwhile explains: the client gives up what it wanted."""


@dataclass(frozen=True)
class Office:
    """What all clients share.

    Args:
        county: id of the chapter.
        urls: addresses of each service; the member service has two processes.
        registrar: who enters; an approver too, since one who enters paper stock files it.
        approver: who decides, and ends; a registrar too.
        days: days that commands are dated on, the last is today.
        units: units that stay open.
    """

    county: str
    urls: Mapping[str, tuple[str, ...]]
    registrar: Headers
    approver: Headers
    days: tuple[date, ...]
    units: tuple[str, ...]
    ledger: Ledger = field(default_factory=Ledger)
    doors: Doors = field(default_factory=Doors)


@dataclass(frozen=True)
class Request:
    """What a client asks for.

    Args:
        who: headers of the officer.
        entity: the version that it is about.
        unit: the unit that it enters a person in, or brings one nearer to being counted in.
        raced: whether another request about the same version is under way.
    """

    service: str
    path: str
    body: Entity
    who: Headers
    entity: Entity | None = None
    unit: str | None = None
    method: str = "POST"
    raced: bool = False


@dataclass
class Asking:
    """Sends requests; see the module."""

    office: Office
    dice: random.Random
    http: httpx.Client = field(default_factory=lambda: plain_client(timeout=PATIENCE))
    _pause: threading.Event = field(default_factory=threading.Event)

    def ask(self, request: Request) -> Entity:
        """Return what a request was answered with.

        Raises:
            Refused: the unit is closed, or has people; the other request was faster.
            Broken: any other refusal, an entry in a closed unit, or no answer at all.
        """
        key, ledger = {"Idempotency-Key": new_id()}, self.office.ledger
        asked, unanswered = time.monotonic(), 0
        while time.monotonic() < asked + LIMIT:
            answer = self._answer(request, key)
            if answer is None:
                unanswered += 1
            elif answer.is_success:
                ledger.hear(ANSWERED)
                return self._entered(request, asked, answer)
            else:
                code = _code(answer)
                ledger.hear(code)
                if request.method == "PATCH" and code == STALE and unanswered:
                    return self._made(request)
                if not self._again(request, code, asked, unanswered):
                    raise Broken(f"{request.path}: {answer.status_code} {answer.text}")
            self._pause.wait(RETRY)
        raise Broken(f"{request.path} was not answered in {LIMIT:g} s")

    def _answer(self, request: Request, key: Headers) -> httpx.Response | None:
        """Return the answer of any process of the service; None where there is none."""
        headers = {**request.who, **key}
        if request.entity is not None:
            headers["If-Match"] = f'"{request.entity["version"]}"'
        url = self.dice.choice(self.office.urls[request.service]) + request.path
        try:
            body = request.body or None
            return self.http.request(request.method, url, json=body, headers=headers)
        except httpx.HTTPError as problem:
            late = isinstance(problem, httpx.TimeoutException)
            self.office.ledger.hear(LATE if late else UNANSWERED)
            return None

    def _entered(self, request: Request, asked: float, answer: httpx.Response) -> Entity:
        unit = request.unit
        if unit is not None and self.office.doors.must_refuse(unit, asked):
            raise Broken(f"{request.path}: {answer.status_code} though {unit} is closed")
        found: Entity = answer.json()
        return found

    def _again(self, request: Request, code: str, asked: float, unanswered: int) -> bool:
        """Return whether to ask again; False where nothing explains the refusal.

        Raises:
            Refused: it is final.
        """
        if code in BUSY:
            return True
        if code == HAS_PEOPLE or (code == STALE and request.raced):
            raise Refused(code)
        if code not in (CLOSING, CLOSED):
            return False
        if request.unit is None:  # a unit is being closed by a try that got no answer
            return code == CLOSING
        if not self.office.doors.may_refuse(request.unit, asked):
            return False
        if code == CLOSING and unanswered:  # a try that got no answer may still be decided
            return True
        raise Refused(code)

    def _made(self, request: Request) -> Entity:
        """Return the version that a correction made whose answer was lost: it has no key."""
        found = self.ask(replace(request, method="GET", body={}, entity=None))
        seen = request.entity["version"] if request.entity else 0
        if found["version"] != seen + 1:
            raise Broken(f"{request.path}: version {found['version']} after {seen}")
        return found


def _code(answer: httpx.Response) -> str:
    """Return the code of a refusal; that of its first field where it names one."""
    try:
        problem = answer.json()
        codes = [error["code"] for error in problem["errors"]] or [problem["code"]]
    except (ValueError, KeyError):
        return f"{answer.status_code}"
    return str(codes[0])
