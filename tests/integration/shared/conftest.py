"""The register of badges, for the tests of the write path; the path of a unit directory."""

from collections.abc import AsyncIterator, Iterator

import pytest

from shared.base.mongo import AsyncDatabase, Database, connect_async
from shared.base.settings import MongoSettings
from shared.pipeline.kafka import KafkaLog
from tests.integration.shared.badges import Desk, opened
from tests.integration.shared.mirroring import Mirroring
from tests.servers import RealServers


@pytest.fixture
async def desk(
    request: pytest.FixtureRequest,
    servers: RealServers,
    database_name: str,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Desk]:
    """Return a desk; ``grouped`` as parameter has new badges committed in groups."""
    settings = MongoSettings(mongo_uri=servers.mongo_uri, mongo_database=database_name)
    grouped = getattr(request, "param", "alone") == "grouped"
    async with opened(settings, monkeypatch, grouped=grouped) as found:
        yield found


@pytest.fixture
async def database(servers: RealServers, mongo: Database) -> AsyncIterator[AsyncDatabase]:
    opened = connect_async(MongoSettings(mongo_uri=servers.mongo_uri, mongo_database=mongo.name))
    yield opened
    await opened.client.close()


@pytest.fixture
def mirroring(mongo: Database, kafka_log: KafkaLog) -> Iterator[Mirroring]:
    built = Mirroring(mongo, kafka_log)
    yield built
    for worker in built.workers:
        if worker._reader is not None:
            worker._reader.close()
    built.relay.resign()
