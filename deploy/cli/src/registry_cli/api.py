"""The registry's services over HTTP, as the holder of a token sees them."""

import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from http import HTTPStatus
from typing import Any

import httpx

from registry_cli.problems import Problem
from shared.tables.problems import Language

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0
TIMEOUT_SECONDS = 60.0
BUSY = frozenset({429, 502, 503, 504})
GONE = frozenset({"VOIDED", "DISSOLVED", "MERGED"})
"""States of a unit that nothing names any more."""

Json = dict[str, Any]
Params = Mapping[str, str] | None


def spoken_language() -> Language:
    """Return the language of the terminal, Chinese by default."""
    spoken = next(filter(None, map(os.environ.get, ("LC_ALL", "LC_MESSAGES", "LANG"))), "")
    return "en" if spoken.startswith("en") else "zh"


@cache
def http_client() -> httpx.Client:
    """Return the one client of this process: no proxy has a part in what it asks."""
    return httpx.Client(timeout=TIMEOUT_SECONDS, trust_env=False)


@dataclass
class Api:
    """Requests to the services by name, with a token that is replaced where it has expired.

    Args:
        address: the base address of a service.
        mint: gives a bearer token that is good now; without it requests carry none.
        failure: what is raised by a service that is out of reach, refuses, or answers with no JSON
            object.
        attempts: how often a request is sent that fails for reasons that pass, with doubled pauses.
        language: what the services answer in.
        pause: waits some seconds before a repetition.
    """

    address: Callable[[str], str]
    mint: Callable[[], str] | None = None
    failure: type[Problem] = Problem
    attempts: int = 1
    language: Language = field(default_factory=spoken_language)
    pause: Callable[[float], None] = time.sleep
    _token: str | None = field(default=None, init=False)

    def get(
        self, service: str, path: str, params: Params = None, missing: Problem | None = None
    ) -> Json:
        """Return the JSON object of a GET; `missing` is raised where there is none (404)."""
        try:
            return self._ask("GET", service, path, params=params)
        except Problem as problem:
            if missing is None or problem.params.get("status") != HTTPStatus.NOT_FOUND:
                raise
            raise missing from problem

    def items(self, service: str, path: str, params: Params) -> Iterator[Json]:
        """Yield every item of a list, following its cursors."""
        query = {**(params or {}), "limit": "200"}
        while True:
            page = self.get(service, path, query)
            items = page.get("items")
            if not isinstance(items, list):
                raise self.failure("answer", url=self.address(service) + path, reason="items")
            yield from items
            if not page.get("next_cursor"):
                return
            query["cursor"] = str(page["next_cursor"])

    def post(self, service: str, path: str, content: bytes, idempotency_key: str) -> Json:
        """Return the JSON object of a POST of JSON, which may be sent several times."""
        headers = {"Content-Type": "application/json", "Idempotency-Key": idempotency_key}
        return self._ask("POST", service, path, headers=headers, content=content)

    def _ask(self, method: str, service: str, path: str, **parts: Any) -> Json:
        base = self.address(service)
        url = base + path
        for tries in range(1, self.attempts + 1):
            wait = min(FIRST_PAUSE_SECONDS * 2 ** (tries - 1), LONGEST_PAUSE_SECONDS)
            try:
                response = self._send(method, url, **parts)
            except httpx.TransportError as error:
                why = str(error) or type(error).__name__
                failure = self.failure(
                    "unreachable", base=base, url=url, attempts=tries, reason=why
                )
            else:
                body = _object(response)
                if response.is_success and body is not None:
                    return body
                failure = self._refusal(response, body, tries)
                if response.status_code not in BUSY:
                    raise failure
                asked = response.headers.get("Retry-After", "")  # its other form is a date
                wait = min(float(asked), LONGEST_PAUSE_SECONDS) if asked.isdecimal() else wait
            if tries < self.attempts:
                self.pause(wait)
        raise failure

    def _send(
        self, method: str, url: str, headers: Mapping[str, str] | None = None, **parts: Any
    ) -> httpx.Response:
        """Send once, and once more with a new token if the present one is refused."""
        said = {"Accept-Language": "en" if self.language == "en" else "zh-CN", **(headers or {})}
        while True:
            known = self._token is not None
            if self.mint is not None:
                self._token = self._token or self.mint()
                said["Authorization"] = f"Bearer {self._token}"
            response = http_client().request(method, url, headers=said, **parts)
            if not known or response.status_code != HTTPStatus.UNAUTHORIZED:
                return response
            self._token = None

    def _refusal(self, response: httpx.Response, body: Json | None, attempts: int) -> Problem:
        url, status = response.request.url, response.status_code
        code = self.failure.by_status.get(status, "refused")
        # Services of ours refuse in JSON, unless they broke.
        if code == "refused" and body is None and not response.is_server_error:
            return self.failure("answer", url=url, reason="JSON object")
        said = [response.text[:200]]
        if body is not None:
            said = [str(body.get("detail") or body.get("title") or "")]
            said += [
                f"{e.get('field')}: {e.get('message')}" for e in (body.get("errors") or ())[:5]
            ]
        detail = "；".join(filter(None, said))
        return self.failure(code, url=url, status=status, attempts=attempts, detail=detail)


def _object(response: httpx.Response) -> Json | None:
    try:
        body = response.json()
    except ValueError:
        return None
    return body if isinstance(body, dict) else None
