"""One database with a small tree for all tests of volunteers; a service of its own for each."""

from collections.abc import AsyncIterator, Iterator

import pytest

from embedded.servers import RealServers
from shared.mongo import Database, connect
from tests.integration.registers import prepared
from tests.integration.volunteer.desk import TREE, Desk, opened
from volunteer.migrate import migrate
from volunteer.settings import Settings


@pytest.fixture(scope="package")
def settings(servers: RealServers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    folder = tmp_path_factory.mktemp("keys")
    with prepared(Settings, migrate, servers, folder, TREE) as settings:
        yield settings


@pytest.fixture(scope="package")
def database(settings: Settings) -> Iterator[Database]:
    database = connect(settings)
    yield database
    database.client.close()


@pytest.fixture
async def desk(servers: RealServers, settings: Settings) -> AsyncIterator[Desk]:
    async with opened(servers, settings) as desk:
        yield desk
