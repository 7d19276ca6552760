"""Runs a service's application under uvicorn until it is stopped."""

import asyncio
from collections.abc import Callable
from types import FrameType

import uvicorn
from fastapi import FastAPI

from shared.base import log
from shared.base.settings import HttpSettings, ProcessSettings

GRACE_SECONDS = 5
"""What is under way may finish within this; streams end at once."""


class _Server(uvicorn.Server):
    """A uvicorn server that has streams end as soon as a stop is asked for.

    uvicorn runs an application's shutdown after all responses have ended, which a stream never
    would by itself.
    """

    def __init__(self, config: uvicorn.Config, app: FastAPI) -> None:
        super().__init__(config)
        self._app = app
        self._loop: asyncio.AbstractEventLoop | None = None

    async def serve(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
        """Serve until a signal arrives."""
        self._loop = asyncio.get_running_loop()
        await super().serve(sockets)  # type: ignore[arg-type]

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to stop; called by the signal handler."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._app.state.closing.set)
        super().handle_exit(sig, frame)


def serve(
    app: FastAPI | Callable[[], FastAPI], process: ProcessSettings, http: HttpSettings
) -> None:
    """Serve an application, or the one a factory makes, until SIGTERM or SIGINT."""
    log.configure(process.instance, level=process.log_level, log_format=process.log_format)
    application = app if isinstance(app, FastAPI) else app()
    config = uvicorn.Config(
        application,
        host=process.host,
        port=process.port,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=http.keep_alive_seconds,
        timeout_graceful_shutdown=GRACE_SECONDS,
        # The edge refuses politely at the limit; this is the backstop against idle connections.
        limit_concurrency=http.concurrency_limit * 2,
    )
    _Server(config, application).run()
