"""The HTTP process of the member service: ``python -m member.main``."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from member import api, messages, store
from member.domain import Rules
from member.service.registry import Registry, taken, writer
from member.settings import MemberSettings, Settings
from shared.base.mongo import AsyncDatabase, connect_async
from shared.people.encryption import KeyRing
from shared.people.office import COLLECTION_ORDER, Office
from shared.register import recount_api as recount_web
from shared.register.directory import Directory
from shared.register.groupcommit import GroupCommit
from shared.register.peers import Peers
from shared.web.access import TokenVerifier
from shared.web.app import create_app as create_service
from shared.web.messages import register
from shared.web.serving import serve

register(messages.MESSAGES)


def create_app(
    *,
    settings: Settings | None = None,
    rules: MemberSettings | None = None,
    verifier: TokenVerifier | None = None,
    peers: Peers | None = None,
) -> FastAPI:
    """Wire the service and return its application; what is not given is read or made.

    Raises:
        ValueError: the key ring is not configured.
    """
    settings = settings or Settings()
    ring = _ring(settings)
    verifier = verifier or TokenVerifier(settings)
    peers = peers or Peers(settings, settings)
    database = connect_async(settings)
    units = Directory(database, peers)
    groups = GroupCommit(database, collection_order=COLLECTION_ORDER)
    office = Office(
        database=database,
        writer=writer(database, settings.kafka_partitions),
        directory=units,
        groups=groups,
        ring=ring,
        taken=taken,
        shape=store.shape,
    )

    async def mongo_ready() -> None:
        await database.command("ping")

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await units.start()
        yield
        await _shut(groups, units, peers, database)

    app = create_service(
        "member",
        settings=settings,
        instance=settings.instance,
        routers=[api.router, recount_web.router()],
        readiness=[verifier.ready, units.ready, mongo_ready],
        lifespan=lifespan,
        verifier=verifier,
    )
    app.state.database = database
    app.state.registry = Registry(office, Rules(**(rules or MemberSettings()).model_dump()))
    return app


def _ring(settings: Settings) -> KeyRing:
    if settings.keyring_file is None:
        raise ValueError("REGISTRY_KEYRING_FILE must name the key ring")
    return KeyRing.load(settings.keyring_file)


async def _shut(
    groups: GroupCommit, units: Directory, peers: Peers, database: AsyncDatabase
) -> None:
    """Let what is under way end, then let go, in the order things rest on one another."""
    await groups.shutdown()
    await units.stop()
    await peers.close()
    await database.client.close()


if __name__ == "__main__":
    process = Settings()
    serve(create_app, process, process)
