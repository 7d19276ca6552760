"""The path of events and the job table on real servers, for the tests of their parts."""

from collections.abc import Iterator

import pytest

from shared.base.mongo import Database
from shared.base.settings import MongoSettings
from shared.pipeline.kafka import KafkaLog
from tests.integration.asking import Asking, asking_in
from tests.integration.pipeline import Pipeline
from tests.servers import RealServers


@pytest.fixture
def pipeline(mongo: Database, kafka_log: KafkaLog) -> Iterator[Pipeline]:
    built = Pipeline(mongo, kafka_log, group=f"aggregator-{mongo.name}")
    yield built
    built.close()


@pytest.fixture
def asking(servers: RealServers, mongo: Database) -> Iterator[Asking]:
    settings = MongoSettings(mongo_uri=servers.mongo_uri, mongo_database=mongo.name)
    with asking_in(settings) as found:
        yield found
