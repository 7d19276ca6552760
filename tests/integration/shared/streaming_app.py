"""A service with one endless stream, run as a process by test_serving: python -m <this>."""

import asyncio
import sys
from collections.abc import AsyncIterator

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import StreamingResponse

from shared.base.settings import HttpSettings, ProcessSettings
from shared.web import serving
from shared.web.app import create_app
from shared.web.requests import closing
from shared.web.serving import serve
from tests.waiting import LIMIT

router = APIRouter()


@router.get("/v1/stream")
async def stream(request: Request) -> StreamingResponse:
    """Send one event, then wait for the stop."""

    async def events() -> AsyncIterator[bytes]:
        yield b"data: first\n\n"
        await closing(request).wait()
        yield b"data: reconnect\n\n"

    return StreamingResponse(events(), media_type="text/event-stream")


@router.post("/v1/slow")
async def slow() -> dict[str, bool]:
    """Work until the test ends it, by a line on the standard input."""
    await asyncio.to_thread(sys.stdin.readline)
    return {"done": True}


@router.post("/v1/echo")
async def echo(body: dict[str, str]) -> dict[str, str]:
    """Answer what was sent."""
    return body


SETTINGS = HttpSettings(request_timeout_seconds=LIMIT)


def make() -> FastAPI:
    """Return the application."""
    return create_app("test", settings=SETTINGS, instance="test-0", routers=[router])


if __name__ == "__main__":
    # Neither a stream that does not end nor a request that is cut off hides behind the grace.
    serving.GRACE_SECONDS = int(LIMIT)
    serve(make, ProcessSettings(), SETTINGS)
