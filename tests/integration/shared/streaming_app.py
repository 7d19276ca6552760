"""A service with one endless stream, run as a process by test_serving: python -m <this>."""

import asyncio
from collections.abc import AsyncIterator

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import StreamingResponse

from shared.settings import HttpSettings, ProcessSettings
from shared.web import closing, create_app, serve

router = APIRouter()


@router.get("/v1/stream")
async def stream(request: Request) -> StreamingResponse:
    """Send one event, then wait to be told to stop."""

    async def events() -> AsyncIterator[bytes]:
        yield b"data: first\n\n"
        await closing(request).wait()
        yield b"data: reconnect\n\n"

    return StreamingResponse(events(), media_type="text/event-stream")


@router.post("/v1/slow")
async def slow(request: Request) -> dict[str, bool]:
    """Answer a while after the process was told to stop."""
    await closing(request).wait()
    await asyncio.sleep(0.5)
    return {"done": True}


@router.post("/v1/echo")
async def echo(body: dict[str, str]) -> dict[str, str]:
    """Answer what was sent."""
    return body


def make() -> FastAPI:
    """Return the application."""
    return create_app("test", settings=HttpSettings(), instance="test-0", routers=[router])


if __name__ == "__main__":
    serve(make, ProcessSettings(), HttpSettings())
