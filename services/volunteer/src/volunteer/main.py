"""The HTTP process of the volunteer service: ``python -m volunteer.main``."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from shared.base.mongo import AsyncDatabase, connect_async
from shared.people.encryption import KeyRing, KeyRingProblem
from shared.people.office import COLLECTION_ORDER, Office
from shared.register import recount_api as recount_web
from shared.register.directory import Directory
from shared.register.groupcommit import GroupCommit
from shared.register.peers import Peers
from shared.web.access import TokenVerifier
from shared.web.app import create_app as create_service
from shared.web.messages import register
from shared.web.serving import serve
from volunteer import api, messages, store
from volunteer.domain import RegisteredRule
from volunteer.service.register import Volunteers, taken, writer
from volunteer.settings import Settings, VolunteerSettings

register(messages.MESSAGES)


def volunteers_of(
    settings: Settings,
    own: VolunteerSettings,
    database: AsyncDatabase,
    directory: Directory,
    groups: GroupCommit,
) -> Volunteers:
    """Return the use cases over a database.

    Raises:
        KeyRingProblem: no key ring is named, or it cannot be used.
    """
    if settings.keyring_file is None:
        raise KeyRingProblem("REGISTRY_KEYRING_FILE names no key ring")
    office = Office(
        database=database,
        writer=writer(database, settings.kafka_partitions),
        directory=directory,
        groups=groups,
        ring=KeyRing.load(settings.keyring_file),
        taken=taken,
        shape=store.shape,
    )
    return Volunteers(office, RegisteredRule(**own.registered_rule.model_dump()))


def create_app(
    settings: Settings | None = None,
    own: VolunteerSettings | None = None,
    *,
    verifier: TokenVerifier | None = None,
    peers: Peers | None = None,
) -> FastAPI:
    """Return the application; what is not given is read from the environment.

    Raises:
        KeyRingProblem: no key ring is named, or it cannot be used.
    """
    settings, own = settings or Settings(), own or VolunteerSettings()
    database = connect_async(settings)
    verifier = verifier or TokenVerifier(settings)
    peers = peers or Peers(settings, settings)
    directory = Directory(database, peers)
    groups = GroupCommit(database, collection_order=COLLECTION_ORDER)
    volunteers = volunteers_of(settings, own, database, directory, groups)

    async def mongo_ready() -> None:
        await database.command("ping")

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await directory.start()
        try:
            yield
        finally:
            await groups.shutdown()
            await directory.stop()
            await peers.close()
            await database.client.close()

    app = create_service(
        "volunteer",
        settings=settings,
        instance=settings.instance,
        routers=[api.router, recount_web.router()],
        readiness=[verifier.ready, mongo_ready, directory.ready],
        lifespan=lifespan,
        verifier=verifier,
    )
    app.state.database = database
    app.state.volunteers = volunteers
    return app


if __name__ == "__main__":
    settings_of_process = Settings()
    serve(create_app, settings_of_process, settings_of_process)
