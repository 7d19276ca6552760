"""The outermost layer of a service, as plain ASGI: limits, identity of a request, headers, metrics.

Nothing gets past it unread: size, kind and text of a body are checked before a route sees it.
"""

import asyncio
import re
import time
import traceback
from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import Any

from prometheus_client import Counter, Gauge, Histogram

from shared.base import log
from shared.base.errors import Malformed, RegistryError, TooLarge, Unavailable
from shared.base.ids import new_id
from shared.base.log import correlation_id
from shared.base.settings import HttpSettings
from shared.web.access.tokens import CALLER, TokenVerifier, bearer_token
from shared.web.admission import (
    PARSED,
    Message,
    Receive,
    Scope,
    Send,
    TokenBuckets,
    check_media_type,
    read_json,
    replayed,
    whole,
)
from shared.web.problems import TooManyRequests, problem_response, translated
from shared.web.queries import Declared

App = Callable[[Scope, Receive, Send], Awaitable[None]]

UNLIMITED = frozenset({"/healthz", "/readyz", "/metrics"})
FIXED_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (
        b"content-security-policy",
        b"default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
        b"form-action 'self'; frame-ancestors 'none'",
    ),
)
PLAIN_JSON = b"application/json"
_CORRELATION = re.compile(rb"[A-Za-z0-9._:-]{1,64}")

_REQUESTS = Counter(
    "registry_http_requests", "Requests by route and status", ["method", "route", "status"]
)
_SECONDS = Histogram(
    "registry_http_request_seconds",
    "Time until a response starts",
    ["method", "route"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
_IN_FLIGHT = Gauge("registry_http_requests_in_flight", "Requests being answered, streams included")

_GONE = 499
"""Status under which a request is counted whose caller left before it was answered."""
_log = log.get(__name__)


@lru_cache(maxsize=4_096)
def _children(method: str, route: str, status: int) -> tuple[Counter, Histogram]:
    # Finding a child by its labels takes longer than counting.
    return _REQUESTS.labels(method, route, str(status)), _SECONDS.labels(method, route)


def _count(method: str, route: str, status: int, seconds: float) -> None:
    requests, durations = _children(method, route, status or _GONE)
    requests.inc()
    if status:
        durations.observe(seconds)


class _Exchange:
    """One request and its answer: completes headers, knows whether the answer has started."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self.scope = scope
        self.headers: dict[bytes, bytes] = dict(scope["headers"])
        given = self.headers.get(b"x-correlation-id", b"")
        self.correlation = given.decode() if _CORRELATION.fullmatch(given) else new_id()
        self.status = 0
        self.deadline: asyncio.Timeout | None = None
        self._send = send
        self._since = time.perf_counter()
        self.seconds = 0.0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.seconds = time.perf_counter() - self._since
            if self.deadline is not None and not self.deadline.expired():
                self.deadline.reschedule(None)  # a stream may last
            headers = message["headers"] = [*message.get("headers", ()), *FIXED_HEADERS]
            headers.append((b"x-correlation-id", self.correlation.encode()))
            if self.scope["path"].startswith("/v1/") and all(
                name.lower() != b"cache-control" for name, _ in headers
            ):
                headers.append((b"cache-control", b"no-store"))
        await self._send(message)

    async def refuse(self, refusal: RegistryError) -> None:
        language = self.headers.get(b"accept-language", b"").decode("latin-1")
        response = problem_response(refusal, language)
        await response(self.scope, _nothing, self.send)

    def measure(self) -> None:
        route = _template(self.scope)
        method = self.scope["method"] if route else "-"
        _count(method, route or "-", self.status, self.seconds)


def _described(problem: Exception) -> dict[str, Any]:
    """Return what a log may say of an exception: its message could quote a person's data."""
    chain: list[str] = []
    link: BaseException | None = problem
    while link is not None and len(chain) < 5:
        chain.append(f"{type(link).__module__}.{type(link).__qualname__}")
        link = link.__cause__ or link.__context__
    frames = traceback.extract_tb(problem.__traceback__)
    return {"kinds": chain, "frames": [f"{f.filename}:{f.lineno} {f.name}" for f in frames[-12:]]}


async def _nothing() -> Message:
    return {"type": "http.disconnect"}


def _template(scope: Scope) -> str:
    context = scope.get("fastapi", {}).get("effective_route_context")
    path = getattr(context, "path", None) or getattr(scope.get("route"), "path", "")
    return str(path)


class Edge:
    """Middleware; see the module.

    Args:
        app: the application that it wraps.
        settings: the limits.
        verifier: identifies the caller, for the rate limit.
    """

    def __init__(self, app: App, *, settings: HttpSettings, verifier: TokenVerifier | None) -> None:
        self._app = app
        self._settings = settings
        self._verifier = verifier
        self._buckets = TokenBuckets(settings.requests_per_minute)
        self._in_flight = 0
        self._declared: Declared | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = _Exchange(scope, send)
        bound = correlation_id.set(exchange.correlation)
        self._in_flight += 1
        _IN_FLIGHT.inc()
        try:
            await self._answer(exchange, receive)
        except RegistryError as refusal:
            await exchange.refuse(refusal)
        except Exception as problem:
            _log.error("unforeseen", route=_template(scope), **_described(problem))
            if exchange.status:
                raise  # the answer has started; the server cuts the connection
            await exchange.refuse(translated(problem))
        finally:
            self._in_flight -= 1
            _IN_FLIGHT.dec()
            exchange.measure()
            correlation_id.reset(bound)

    async def _answer(self, exchange: _Exchange, receive: Receive) -> None:
        scope, limit = exchange.scope, self._settings.request_timeout_seconds
        if scope["path"] not in UNLIMITED:
            self._admit(exchange)
        if scope["query_string"]:
            self._check_query(scope)
        deadline = asyncio.timeout(limit)
        try:
            async with deadline:
                exchange.deadline = deadline
                try:
                    await self._app(scope, await self._body(exchange, receive), exchange.send)
                finally:
                    exchange.deadline = None
        except TimeoutError:
            if exchange.status or not deadline.expired():
                raise
            raise Unavailable("timeout", params={"seconds": f"{limit:g}"}) from None

    def _admit(self, exchange: _Exchange) -> None:
        scope = exchange.scope
        if self._in_flight > self._settings.concurrency_limit:
            raise Unavailable("overloaded")
        if "\0" in scope["path"] or b"%00" in scope["query_string"]:
            raise Malformed("body.nul", params={"place": ("网址", "the address")})
        caller = f"address {scope['client'][0]}" if scope.get("client") else "address -"
        token = bearer_token(exchange.headers.get(b"authorization", b"").decode("latin-1"))
        if token and self._verifier and (known := self._verifier.known(token)):
            scope[CALLER] = known
            if known.service:
                return
            caller = f"subject {known.subject}"
        if wait := self._buckets.take(caller):
            raise TooManyRequests("rate.limited", params={"seconds": wait})

    def _check_query(self, scope: Scope) -> None:
        if self._declared is None:
            self._declared = Declared(scope["app"].routes)
        self._declared.check(scope["method"], scope["path"], scope["query_string"])

    async def _body(self, exchange: _Exchange, receive: Receive) -> Receive:
        """Return a ``receive`` that gives the checked body."""
        headers, limit = exchange.headers, self._settings.max_body_bytes
        length = headers.get(b"content-length")
        if length in (None, b"0") and b"transfer-encoding" not in headers:
            return receive
        if length is not None and (not length.isdigit() or int(length) > limit):
            raise TooLarge("body.too_large", params={"limit": limit})
        if headers.get(b"content-type") != PLAIN_JSON:
            check_media_type(headers.get(b"content-type", b""))
        body = await whole(receive, limit)
        if body:
            exchange.scope[PARSED] = read_json(body)
        return replayed(body, receive)
