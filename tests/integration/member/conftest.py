"""One database with a small tree for all tests of members; a service of its own for each."""

import json
import uuid
from collections.abc import AsyncIterator, Iterator

import pytest

from embedded.servers import RealServers
from member import migrate
from member.settings import Settings
from shared import directory
from shared.mongo import Database, connect
from shared.personal.encryption import new_key_ring
from shared.settings import MongoSettings
from tests.integration.member.office import (
    TREE,
    Office,
    opened,
)


@pytest.fixture(scope="package")
def settings(servers: RealServers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    name = f"t_{uuid.uuid4().hex[:12]}"
    keyring = tmp_path_factory.mktemp("keys") / "keyring.json"
    keyring.write_text(json.dumps(new_key_ring()))
    settings = Settings(
        mongo_uri=servers.mongo_uri,
        mongo_database=name,
        keyring_file=keyring,
        oidc_issuer=servers.runtime.issuer_url,
        port=8002,
        instance="test",
        kafka_partitions=3,
        requests_per_minute=10_000_000,
    )
    database = connect(MongoSettings(mongo_uri=servers.mongo_uri, mongo_database=name))
    migrate.migrate(database)
    migrate.migrate(database)
    directory.apply_cards(database, TREE)
    yield settings
    database.client.drop_database(name)
    database.client.close()


@pytest.fixture(scope="package")
def database(settings: Settings) -> Iterator[Database]:
    database = connect(settings)
    yield database
    database.client.close()


@pytest.fixture
async def office(servers: RealServers, settings: Settings) -> AsyncIterator[Office]:
    async with opened(servers, settings) as office:
        yield office
