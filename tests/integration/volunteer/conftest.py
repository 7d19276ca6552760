"""One volunteer service in this process, on a database of its own, for all tests of this folder."""

from collections.abc import Iterator

import pytest

from shared.base.mongo import Database, connect
from shared.base.settings import WriterSettings
from tests.clients.inside import volunteers_inside
from tests.clients.peers import UnitsAsGiven
from tests.clients.volunteer import Volunteers
from tests.integration.prepared import prepared
from tests.servers import RealServers
from volunteer.migrate import migrate


@pytest.fixture(scope="package")
def settings(
    servers: RealServers, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[WriterSettings]:
    folder = tmp_path_factory.mktemp("keys")
    with prepared(WriterSettings, migrate, servers, folder) as settings:
        yield settings


@pytest.fixture(scope="package")
def database(settings: WriterSettings) -> Iterator[Database]:
    database = connect(settings)
    yield database
    database.client.close()


@pytest.fixture(scope="package")
def units() -> UnitsAsGiven:
    """A stand-in for org-units."""
    return UnitsAsGiven()


@pytest.fixture(scope="package")
def volunteers(
    servers: RealServers, settings: WriterSettings, units: UnitsAsGiven
) -> Iterator[Volunteers]:
    with volunteers_inside(servers, settings, units) as found:
        yield found
