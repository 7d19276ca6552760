"""Checks of a request's bytes before anything reads them."""

from collections.abc import Iterable
from typing import Any

import orjson

from shared.base.errors import Malformed, UnsupportedMedia
from shared.web.validation import plain_name

JSON = "application/json"
MULTIPART = "multipart/form-data"

MOST_FIELDS = 64
"""Of one object: no command has as many, and each unknown one would be told of by name."""
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
    waiting: list[tuple[Any, str]] = [(document, "")]
    while waiting:
        value, place = waiting.pop()
        if isinstance(value, dict):
            if len(value) > MOST_FIELDS:
                return place or "$"
            inner: Iterable[tuple[Any, Any]] = value.items()
        else:
            inner = enumerate(value)
        waiting += [
            (item, f"{place}.{plain_name(name)}".lstrip("."))
            for name, item in inner
            if isinstance(item, dict | list)
        ]
    return None


def check_json(body: bytes) -> None:
    """Let pass what is strict JSON in UTF-8 without a NUL character, raw or escaped, or a crowd of
    fields in one object.

    Raises:
        Malformed: names the byte or the field at fault, never a value.
    """
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as problem:
        raise _reason(body) from problem
    if _ESCAPED_NUL in body and (place := _nul_place(value)):
        raise Malformed("body.nul", field=place, params={"place": place})
    if isinstance(value, dict | list) and (place := _too_wide(value)):
        raise Malformed("body.fields", field=place, params={"place": place, "max": MOST_FIELDS})


def _reason(body: bytes) -> Malformed:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError as problem:
        return Malformed("body.encoding", params={"position": problem.start + 1})
    if (position := body.find(b"\0")) >= 0:
        place = (f"第 {position + 1} 字节", f"byte {position + 1}")
        return Malformed("body.nul", params={"place": place})
    return Malformed("body.json")


def check_media_type(header: bytes | None, *, multipart: bool) -> None:
    """Let pass the one kind of body that is taken here.

    Raises:
        UnsupportedMedia: another kind, or JSON in another character set.
    """
    content_type = (header or b"").decode("latin-1").lower()
    kind, _, parameters = content_type.partition(";")
    kind = kind.strip()
    if multipart:
        if kind != MULTIPART or "boundary=" not in parameters:
            raise UnsupportedMedia("media.unsupported", params={"expected": MULTIPART})
        return
    charset = parameters.strip().removeprefix("charset=").strip('"')
    is_json = kind == JSON or (kind.startswith("application/") and kind.endswith("+json"))
    if not is_json or charset not in {"", "utf-8", "utf8"}:
        raise UnsupportedMedia("media.unsupported", params={"expected": JSON})
