"""The path of events on real servers, for the tests of its parts."""

from collections.abc import Iterator

import pytest

from shared.base.mongo import Database
from shared.pipeline.kafka import KafkaLog
from tests.integration.pipeline import Pipeline


@pytest.fixture
def pipeline(mongo: Database, kafka_log: KafkaLog) -> Iterator[Pipeline]:
    built = Pipeline(mongo, kafka_log, group=f"aggregator-{mongo.name}")
    yield built
    built.close()
