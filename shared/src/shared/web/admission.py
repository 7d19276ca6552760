"""What a request must pass before a route sees it: how often its caller asks, and its bytes."""

import math
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Coroutine, Iterable, MutableMapping
from typing import Any

import orjson
from fastapi import Request
from fastapi.responses import Response
from fastapi.routing import APIRoute

from shared.base.errors import Malformed, TooLarge, UnsupportedMedia
from shared.web.validation import plain_name

BURST_SECONDS = 10
"""A caller who has been quiet may spend this many seconds' worth at once."""
CALLERS = 50_000

JSON = "application/json"

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

MOST_FIELDS = 64
"""Of one object: no command has as many, and each unknown one would be named."""
_ESCAPED_NUL = b"\\u0000"


def _nul_place(document: Any) -> str | None:
    """Return the dotted path of a string or key that holds a NUL; None if there is none."""
    waiting: list[tuple[Any, str]] = [(document, "")]
    while waiting:
        value, place = waiting.pop()
        if isinstance(value, str):
            if "\0" in value:
                return place or "$"
        elif isinstance(value, dict):
            if any("\0" in key for key in value):
                return place or "$"
            waiting += [(item, f"{place}.{key}".lstrip(".")) for key, item in value.items()]
        elif isinstance(value, list):
            waiting += [(item, f"{place}.{at}".lstrip(".")) for at, item in enumerate(value)]
    return None


def _too_wide(document: Any) -> str | None:
    """Return the dotted path of an object with too many fields; None if there is none."""
    waiting: list[tuple[Any, tuple[object, ...]]] = [(document, ())]
    while waiting:
        value, place = waiting.pop()
        items: Iterable[tuple[object, Any]] = enumerate(value)
        if isinstance(value, dict):
            if len(value) > MOST_FIELDS:
                return ".".join(plain_name(part) for part in place) or "$"
            items = value.items()
        waiting += [(item, (*place, name)) for name, item in items if isinstance(item, dict | list)]
    return None


def read_json(body: bytes) -> Any:
    """Return the value of strict JSON in UTF-8, without a NUL character, raw or escaped, and without
    a crowd of fields in one object.

    Raises:
        Malformed: names the byte or the field at fault, never a value.
    """
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as problem:
        raise _reason(body) from problem
    if _ESCAPED_NUL in body and (place := _nul_place(value)):
        raise Malformed("body.nul", field=place, params={"place": place})
    # A field needs a colon: most bodies have fewer.
    crowded = body.count(b":") > MOST_FIELDS and isinstance(value, dict | list)
    if crowded and (place := _too_wide(value)):
        raise Malformed("body.fields", field=place, params={"place": place, "max": MOST_FIELDS})
    return value


def _reason(body: bytes) -> Malformed:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError as problem:
        return Malformed("body.encoding", params={"position": problem.start + 1})
    if (position := body.find(b"\0")) >= 0:
        place = (f"第 {position + 1} 字节", f"byte {position + 1}")
        return Malformed("body.nul", params={"place": place})
    return Malformed("body.json")


def check_media_type(header: bytes) -> None:
    """Refuse a body that is not JSON.

    Raises:
        UnsupportedMedia: another kind, or JSON in another character set.
    """
    kind, _, parameters = header.decode("latin-1").lower().partition(";")
    kind = kind.strip()
    charset = parameters.strip().removeprefix("charset=").strip('"')
    is_json = kind == JSON or (kind.startswith("application/") and kind.endswith("+json"))
    if not is_json or charset not in {"", "utf-8", "utf8"}:
        raise UnsupportedMedia("media.unsupported", params={"expected": JSON})


async def whole(receive: Receive, limit: int) -> bytes:
    """Return a body of a limited size.

    Raises:
        TooLarge: it is larger.
        Malformed: the caller left half-way.
    """
    parts: list[bytes] = []
    taken, more = 0, True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            raise Malformed("request.malformed")
        parts.append(message.get("body", b""))
        taken += len(parts[-1])
        if taken > limit:
            raise TooLarge("body.too_large", params={"limit": limit})
        more = message.get("more_body", False)
    return b"".join(parts)


def replayed(body: bytes, receive: Receive) -> Receive:
    """Return a ``receive`` that gives a body that was read before, then goes on."""
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


PARSED = "registry.json"
"""Key of the scope under which the edge leaves the value of a JSON body it has checked."""


class ParsedRequest(Request):
    """A request whose body the edge has read: it is not parsed a second time."""

    async def json(self) -> Any:
        """Return the value of the body."""
        return self.scope[PARSED] if PARSED in self.scope else await super().json()


class ParsedRoute(APIRoute):
    """A route whose request is a ``ParsedRequest``; FastAPI's own way to exchange the class."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what answers a request."""
        answer = super().get_route_handler()

        async def handler(request: Request) -> Response:
            return await answer(ParsedRequest(request.scope, request.receive))

        return handler


class TokenBuckets:
    """One bucket of tokens per caller, refilled steadily.

    Args:
        per_minute: tokens that flow in per minute.
        callers: how many buckets are kept; the one that was quiet longest goes first.
    """

    def __init__(self, per_minute: int, *, callers: int = CALLERS) -> None:
        self._rate = per_minute / 60
        self._capacity = max(1.0, self._rate * BURST_SECONDS)
        self._callers = callers
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, caller: str, now: float | None = None) -> int:
        """Take a token; return 0, or the whole seconds until there is one again."""
        moment = time.monotonic() if now is None else now
        tokens, since = self._buckets.get(caller, (self._capacity, moment))
        tokens = min(self._capacity, tokens + (moment - since) * self._rate)
        wait = 0 if tokens >= 1 else max(1, math.ceil((1 - tokens) / self._rate))
        self._buckets[caller] = (tokens if wait else tokens - 1, moment)
        self._buckets.move_to_end(caller)
        if len(self._buckets) > self._callers:
            self._buckets.popitem(last=False)
        return wait
