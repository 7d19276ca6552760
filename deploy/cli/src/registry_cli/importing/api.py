"""The registry's public API as an importer needs it: authorised, patient, bounded in its tries."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, NoReturn

import httpx

from registry_cli.importing.failures import ImportFailed
from shared.tables.problems import Language

ATTEMPTS = 8
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0
"""Eight tries with doubled pauses last about a minute: longer than a service takes to restart."""
TIMEOUT_SECONDS = 60.0
BUSY = frozenset(
    {
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)
LIST_LIMIT = 200
ACCEPT_LANGUAGE = {"zh": "zh-CN", "en": "en"}

Json = dict[str, Any]


@dataclass
class RegistryApi:
    """Requests with a token; repeats what failed for reasons that pass.

    A roster may take longer than a token lives: a refused one is replaced once for each request.
    Every POST must carry an idempotency key, since a repeated one may have succeeded before.

    Args:
        client: sends the requests.
        mint: gives a bearer token that is good now, again whenever one has expired.
        language: what the services answer in.
        pause: waits some seconds before a repetition.
    """

    client: httpx.Client
    mint: Callable[[], str]
    language: Language = "zh"
    pause: Callable[[float], None] = time.sleep
    _token: str | None = field(default=None, init=False)

    def get(self, url: str, params: Mapping[str, str] | None = None) -> Json:
        """Return the JSON object of a GET."""
        return _object(self._request("GET", url, params=params))

    def items(self, url: str, params: Mapping[str, str]) -> Iterator[Json]:
        """Yield every item of a list, following its cursors."""
        query = {**params, "limit": str(LIST_LIMIT)}
        while True:
            page = self.get(url, query)
            items = page.get("items")
            if not isinstance(items, list):
                raise ImportFailed("answer", url=url, reason="items")
            yield from items
            cursor = page.get("next_cursor")
            if not cursor:
                return
            query["cursor"] = str(cursor)

    def post(self, url: str, content: bytes, idempotency_key: str) -> Json:
        """Return the JSON object of a POST that may be repeated."""
        headers = {"Content-Type": "application/json", "Idempotency-Key": idempotency_key}
        return _object(self._request("POST", url, content=content, headers=headers))

    def _request(
        self, method: str, url: str, headers: Mapping[str, str] | None = None, **parts: Any
    ) -> httpx.Response:
        failure = ImportFailed("unreachable", url=url, attempts=0, reason="")
        for attempt in range(1, ATTEMPTS + 1):
            wait = min(FIRST_PAUSE_SECONDS * 2 ** (attempt - 1), LONGEST_PAUSE_SECONDS)
            try:
                response = self._authorised(method, url, headers or {}, parts)
            except httpx.TransportError as error:
                reason = str(error) or type(error).__name__
                failure = ImportFailed("unreachable", url=url, attempts=attempt, reason=reason)
            else:
                if response.status_code not in BUSY:
                    return response if response.is_success else _refuse(response)
                status = response.status_code
                failure = ImportFailed("busy", url=url, attempts=attempt, status=status)
                wait = _asked_pause(response, wait)
            if attempt < ATTEMPTS:
                self.pause(wait)
        raise failure

    def _authorised(
        self, method: str, url: str, headers: Mapping[str, str], parts: Mapping[str, Any]
    ) -> httpx.Response:
        """Send once, and once more with a new token where the one at hand is refused."""
        known = self._token is not None
        response = self._send(method, url, headers, parts)
        if known and response.status_code == HTTPStatus.UNAUTHORIZED:
            self._token = None
            response = self._send(method, url, headers, parts)
        return response

    def _send(
        self, method: str, url: str, headers: Mapping[str, str], parts: Mapping[str, Any]
    ) -> httpx.Response:
        if self._token is None:
            self._token = self.mint()
        accepted = ACCEPT_LANGUAGE[self.language]
        bearer = {"Authorization": f"Bearer {self._token}", "Accept-Language": accepted}
        return self.client.request(
            method, url, headers={**bearer, **headers}, timeout=TIMEOUT_SECONDS, **parts
        )


def _asked_pause(response: httpx.Response, otherwise: float) -> float:
    """Return the seconds of Retry-After, within bounds; its date form is not used by us."""
    asked = response.headers.get("Retry-After", "")
    return min(float(asked), LONGEST_PAUSE_SECONDS) if asked.isdecimal() else otherwise


def _refuse(response: httpx.Response) -> NoReturn:
    detail = _detail(response)
    status = response.status_code
    if status == HTTPStatus.UNAUTHORIZED:
        raise ImportFailed("token")
    if status == HTTPStatus.FORBIDDEN:
        raise ImportFailed("forbidden", detail=detail)
    url = response.request.url
    if status == HTTPStatus.NOT_FOUND and "/units" in url.path:
        raise ImportFailed("unit", unit=url.path.rsplit("/", 1)[-1])
    raise ImportFailed("refused", url=url, status=status, detail=detail)


def _detail(response: httpx.Response) -> str:
    """Return what a problem document says, with the first of its fields."""
    try:
        problem = response.json()
    except ValueError:
        return response.text[:200]
    if not isinstance(problem, dict):
        return response.text[:200]
    said = [str(problem.get("detail") or problem.get("title") or "")]
    fields = problem.get("errors")
    if isinstance(fields, list):
        said += [f"{e.get('field')}: {e.get('message')}" for e in fields[:5] if isinstance(e, dict)]
    return "；".join(part for part in said if part)


def _object(response: httpx.Response) -> Json:
    try:
        body = response.json()
    except ValueError as error:
        raise ImportFailed("answer", url=response.request.url, reason="JSON") from error
    if not isinstance(body, dict):
        raise ImportFailed("answer", url=response.request.url, reason="object")
    return body
