"""What routes use to read a request and to write an answer."""

import asyncio
import re
from typing import Annotated, Any

import orjson
from fastapi import Depends, Header, Request
from fastapi.responses import Response

from shared.base.errors import Malformed, PreconditionRequired

HEADER = "Idempotency-Key"
KEY_SHAPE = re.compile(r"[\x21-\x7e]{1,200}")
_ETAG = re.compile(r'(?:W/)?"?(\d{1,15})"?')


class JsonResponse(Response):
    """An answer from plain values, written by orjson."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """Return the JSON bytes of ``content``."""
        return orjson.dumps(content, option=orjson.OPT_UTC_Z)


def etag(version: int) -> str:
    """Return the ETag of an entity's version."""
    return f'"{version}"'


MatchHeader = Annotated[
    str | None, Header(alias="If-Match", description='ETag of the version seen, such as "3"')
]
KeyHeader = Annotated[
    str | None,
    Header(alias=HEADER, description="1 to 200 printable characters, new for each request"),
]


def if_match(header: MatchHeader = None) -> int:
    """Return the version the caller has seen.

    Raises:
        PreconditionRequired: the header is missing.
        Malformed: it is no ETag of ours.
    """
    if header is None:
        raise PreconditionRequired("version.missing")
    found = _ETAG.fullmatch(header.strip())
    if found is None:
        raise Malformed("version.malformed")
    return int(found[1])


async def idempotency_key(header: KeyHeader = None) -> str | None:
    """Return the caller's key, or None where no key was sent.

    Raises:
        Malformed: the key is not one.
    """
    if header is not None and not KEY_SHAPE.fullmatch(header):
        raise malformed_key()
    return header


def malformed_key() -> Malformed:
    """Return the refusal of a key that is none."""
    return Malformed("idempotency.malformed", field=HEADER)


IdempotencyKey = Annotated[str | None, Depends(idempotency_key)]


def closing(request: Request) -> asyncio.Event:
    """Return the event that is set when the process is to stop; streams end upon it."""
    event: asyncio.Event = request.app.state.closing
    return event
