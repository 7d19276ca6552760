"""The outermost layer of a service, as plain ASGI: limits, identity of a request, headers, metrics.

Nothing gets past it unread: size, kind and text of a body are checked before a route sees it.
"""

import asyncio
import re
import time
import traceback
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from shared.base import log
from shared.base.errors import Malformed, RegistryError, TooLarge, Unavailable
from shared.base.ids import new_id
from shared.base.log import correlation_id
from shared.base.settings import HttpSettings
from shared.web import metrics
from shared.web.access import TokenVerifier
from shared.web.access.http import bearer_token
from shared.web.body import check_json, check_media_type
from shared.web.limits import TokenBuckets
from shared.web.problems import REFUSED, TooManyRequests, problem_response, translated
from shared.web.queries import Declared

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

UNLIMITED = frozenset({"/healthz", "/readyz", "/metrics"})
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)

_CORRELATION = re.compile(rb"[A-Za-z0-9._:-]{1,64}")

_log = log.get(__name__)


class _Exchange:
    """One request and its answer: completes headers, knows whether the answer has begun."""

    def __init__(self, scope: Scope, send: Send, fixed: list[tuple[bytes, bytes]]) -> None:
        self.scope = scope
        self.headers: dict[bytes, bytes] = dict(scope["headers"])
        given = self.headers.get(b"x-correlation-id", b"")
        self.correlation = given.decode() if _CORRELATION.fullmatch(given) else new_id()
        self.status = 0
        self.deadline: asyncio.Timeout | None = None
        self._send = send
        self._fixed = fixed
        self._since = time.perf_counter()
        self.seconds = 0.0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.seconds = time.perf_counter() - self._since
            if self.deadline is not None and not self.deadline.expired():
                self.deadline.reschedule(None)  # a stream may last
            headers = message["headers"] = [*message.get("headers", ()), *self._fixed]
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
        metrics.count(method, route or "-", self.status, self.seconds)


def _told(problem: Exception) -> dict[str, Any]:
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
        app: what it stands before.
        settings: the limits.
        verifier: knows whose token a request bears, for the rate limit.
        multipart: paths that take uploads instead of JSON, and how many bytes each.
        content_security_policy: what pages of this service may load.
    """

    def __init__(
        self,
        app: App,
        *,
        settings: HttpSettings,
        verifier: TokenVerifier | None,
        multipart: Mapping[str, int],
        content_security_policy: str,
    ) -> None:
        self._app = app
        self._settings = settings
        self._verifier = verifier
        self._multipart = multipart
        self._buckets = TokenBuckets(settings.requests_per_minute)
        self._in_flight = 0
        self._declared: Declared | None = None
        self._fixed = [
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"no-referrer"),
            (b"x-frame-options", b"DENY"),
            (b"content-security-policy", content_security_policy.encode()),
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = _Exchange(scope, send, self._fixed)
        bound = correlation_id.set(exchange.correlation)
        self._in_flight += 1
        metrics.IN_FLIGHT.inc()
        try:
            await self._answer(exchange, receive)
        except RegistryError as refusal:
            await exchange.refuse(refusal)
        except Exception as problem:
            _log.error("unforeseen", route=_template(scope), **_told(problem))
            if exchange.status:
                raise  # the answer has begun; the server cuts the connection
            await exchange.refuse(translated(problem))
        finally:
            self._in_flight -= 1
            metrics.IN_FLIGHT.dec()
            exchange.measure()
            correlation_id.reset(bound)

    async def _answer(self, exchange: _Exchange, receive: Receive) -> None:
        scope, limit = exchange.scope, self._settings.request_timeout_seconds
        if scope["path"] not in UNLIMITED:
            self._admit(exchange)
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
            if known.service:
                return
            caller = f"subject {known.subject}"
        if wait := self._buckets.take(caller):
            raise TooManyRequests("rate.limited", params={"seconds": wait})

    def _check_query(self, scope: Scope) -> None:
        if scope["query_string"]:
            if self._declared is None:
                self._declared = Declared(scope["app"].routes)
            self._declared.check(scope["method"], scope["path"], scope["query_string"])

    async def _body(self, exchange: _Exchange, receive: Receive) -> Receive:
        """Return a ``receive`` that gives the checked body."""
        headers, path = exchange.headers, exchange.scope["path"]
        length = headers.get(b"content-length")
        if length in (None, b"0") and b"transfer-encoding" not in headers:
            return receive
        upload = self._multipart.get(path)
        limit = self._settings.max_body_bytes if upload is None else upload
        if length is not None and (not length.isdigit() or int(length) > limit):
            raise TooLarge("body.too_large", params={"limit": limit})
        check_media_type(headers.get(b"content-type"), multipart=upload is not None)
        counted = _counted(exchange.scope, receive, limit)
        if upload is not None:
            if exchange.deadline is not None:
                exchange.deadline.reschedule(None)  # a roster of a province takes its time
            return counted
        body = await _whole(counted)
        if body:
            check_json(body)
        return _replayed(body, receive)


def _counted(scope: Scope, receive: Receive, limit: int) -> Receive:
    taken = 0

    async def count() -> Message:
        nonlocal taken
        message = await receive()
        if message["type"] == "http.request":
            taken += len(message.get("body", b""))
            if taken > limit:
                scope[REFUSED] = TooLarge("body.too_large", params={"limit": limit})
                raise scope[REFUSED]
        return message

    return count


async def _whole(receive: Receive) -> bytes:
    parts: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise Malformed("request.malformed")  # the caller left half-way
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


def _replayed(body: bytes, receive: Receive) -> Receive:
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
