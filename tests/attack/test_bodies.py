"""Bytes that are no request, at every register: refused in words, and nothing is written."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import httpx
import pytest

from tests.clients.county import KINDS, County
from tests.clients.refusals import check_refused

WRITERS = tuple(KINDS)
LARGEST = 2 * 1024 * 1024
"""Bytes of a body, as ``shared.base.settings.HttpSettings`` sets it."""


@dataclass(frozen=True)
class Bytes:
    """A right body made unreadable."""

    spoil: Callable[[bytes], bytes | Iterator[bytes]]
    status: int
    code: str
    field: str | None = None
    media: str = "application/json"


def named(name: bytes) -> Callable[[bytes], bytes]:
    """Return what gives a body other bytes in the place of its name."""
    return lambda body: json.dumps({**json.loads(body), "name": "@@"}).encode().replace(b"@@", name)


def in_chunks(_: bytes) -> Iterator[bytes]:
    """Say nothing of the size beforehand."""
    yield b'{"name": "'
    for _part in range(LARGEST // 65_536 + 1):
        yield b"x" * 65_536
    yield b'"}'


SPOILT: Mapping[str, Bytes] = {
    "oversized": Bytes(lambda _: b'{"name": "' + b"x" * LARGEST + b'"}', 413, "body.too_large"),
    "oversized in chunks": Bytes(in_chunks, 413, "body.too_large"),
    "text/plain": Bytes(bytes, 415, "media.unsupported", media="text/plain"),
    "form": Bytes(
        lambda _: b"name=a", 415, "media.unsupported", media="application/x-www-form-urlencoded"
    ),
    "other character set": Bytes(
        bytes, 415, "media.unsupported", media="application/json; charset=gbk"
    ),
    "broken UTF-8": Bytes(named(b"\xff\xfe"), 400, "body.encoding"),
    "GBK": Bytes(named("王小明".encode("gbk")), 400, "body.encoding"),
    "surrogate": Bytes(named(rb"\ud800"), 400, "body.json"),
    "raw NUL": Bytes(named(b"a\0b"), 400, "body.nul"),
    "escaped NUL": Bytes(named(rb"a\u0000b"), 400, "body.nul", "name"),
    "cut off": Bytes(lambda body: body[:-1], 400, "body.json"),
    "not a number": Bytes(named(b'a", "x": NaN, "y": "'), 400, "body.json"),
    "a list": Bytes(lambda _: b"[]", 422, "field.type", ""),
    "empty": Bytes(lambda _: b"", 422, "body.required", ""),
    "deep nesting": Bytes(lambda _: b'{"a":' * 5_000 + b"1" + b"}" * 5_000, 400, "body.json"),
}


@pytest.mark.parametrize("kind", SPOILT)
@pytest.mark.parametrize("service", WRITERS)
def test_an_unreadable_body_is_refused(county: County, service: str, kind: str) -> None:
    register, case = county.register(service), SPOILT[kind]
    body = json.dumps(register.body()).encode()

    def send(said: dict[str, str]) -> httpx.Response:
        sent = {**register.registrar, "Content-Type": case.media, **said}
        return register.http.post(register.path, content=case.spoil(body), headers=sent)

    check_refused(county, service, send, case.status, case.code, case.field)
