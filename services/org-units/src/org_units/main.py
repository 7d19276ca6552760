"""The HTTP process of org-units: ``python -m org_units.main``."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from org_units import api, messages, store
from org_units.service import People, Units
from org_units.settings import OrgUnitsSettings
from shared.base.errors import Unavailable
from shared.base.mongo import AsyncDatabase, connect_async
from shared.base.settings import (
    AccessSettings,
    HttpSettings,
    KafkaSettings,
    MongoSettings,
    PeerSettings,
    ProcessSettings,
)
from shared.register import recount_api as recount_web
from shared.register.peers import Peers, Service
from shared.web.access import TokenVerifier
from shared.web.app import create_app as create_service
from shared.web.messages import register
from shared.web.serving import serve

register(messages.MESSAGES)


def people_of(peers: Peers) -> People:
    """Return how org-units learns whether anyone is at a unit; silence is never taken for no."""

    async def count(service: Service, unit: str) -> int:
        answer = await peers.get(service, f"/v1/units/{unit}/people")
        if answer is None:
            raise Unavailable("unit.peers_unavailable")
        return int(answer["people"])

    async def ask(unit: str) -> tuple[int, int]:
        try:
            members, volunteers = await asyncio.gather(
                count("member", unit), count("volunteer", unit)
            )
        except Unavailable as problem:
            raise Unavailable("unit.peers_unavailable") from problem
        return members, volunteers

    return ask


def units_of(database: AsyncDatabase, partitions: int, people: People) -> Units:
    """Return the use cases over a database."""
    settings = OrgUnitsSettings()
    return Units(
        database=database,
        writer=store.writer(database, partitions),
        tree=store.Tree(database),
        people=people,
        earliest_day=settings.earliest_day,
        list_timeout_ms=settings.list_timeout_ms,
    )


def create_app(
    *,
    process: ProcessSettings | None = None,
    mongo: MongoSettings | None = None,
    verifier: TokenVerifier | None = None,
    peers: Peers | None = None,
) -> FastAPI:
    """Return the application; what is not given is read from the environment."""
    access = AccessSettings()
    database = connect_async(mongo or MongoSettings())
    verifier = verifier or TokenVerifier(access)
    peers = peers or Peers(PeerSettings(), access)

    async def mongo_ready() -> None:
        await database.command("ping")

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        await peers.close()
        await database.client.close()

    app = create_service(
        "org-units",
        settings=HttpSettings(),
        instance=(process or ProcessSettings()).instance,
        routers=[api.router, recount_web.router()],
        readiness=[verifier.ready, mongo_ready],
        lifespan=lifespan,
        verifier=verifier,
    )
    app.state.database = database
    app.state.units = units_of(database, KafkaSettings().kafka_partitions, people_of(peers))
    return app


if __name__ == "__main__":
    serve(create_app, ProcessSettings(), HttpSettings())
