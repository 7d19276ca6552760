"""Start-up, state and shutdown shared by the HTTP processes of all writers."""

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import APIRouter, FastAPI

from shared.base.mongo import connect_async
from shared.base.settings import WriterSettings
from shared.pipeline.partitions import check_confirmed
from shared.register import recount_api
from shared.register.peers import Peers
from shared.register.register import Register
from shared.web.access.tokens import TokenVerifier
from shared.web.app import Check, create_app


class Writer:
    """What a service's registers work with; see the module.

    Args:
        settings: of the process.
        verifier: turns tokens into callers; of the settings' issuer by default.
        peers: asks the other services; as the settings say by default.
    """

    def __init__(
        self,
        settings: WriterSettings,
        verifier: TokenVerifier | None = None,
        peers: Peers | None = None,
    ) -> None:
        self.settings = settings
        self.database = connect_async(settings)
        self.verifier = verifier or TokenVerifier(settings)
        self.peers = peers or Peers(settings, settings)

    def app(self, title: str, router: APIRouter, **registers: Register[Any]) -> FastAPI:
        """Return the application.

        Args:
            router: the routes of the nouns.
            registers: the register of each noun, under the noun's name.
        """
        app = create_app(
            title,
            settings=self.settings,
            instance=self.settings.instance,
            routers=[router, recount_api.router],
            readiness=self.checks(),
            lifespan=self._lifespan,
            verifier=self.verifier,
        )
        app.state.database = self.database
        for noun, register in registers.items():
            setattr(app.state, noun, register)
        return app

    def checks(self) -> list[Check]:
        """Return the checks of readiness."""
        return [self.verifier.ready, self.mongo_ready]

    async def mongo_ready(self) -> None:
        """Make sure the database answers."""
        await self.database.command("ping")

    async def start(self) -> None:
        """Start what the registers need."""

    async def stop(self) -> None:
        """Finish running work, then close the connections."""
        await self.peers.close()
        await self.database.client.close()

    @asynccontextmanager
    async def _lifespan(self, _app: FastAPI) -> AsyncIterator[None]:
        await check_confirmed(self.database, self.settings.kafka_partitions)
        await self.start()
        # What is loaded by now lives as long as the process; a directory of 150,000 units would be
        # gone through again at every full collection.
        gc.collect()
        gc.freeze()
        try:
            yield
        finally:
            await self.stop()
