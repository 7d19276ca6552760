"""Real servers for the tests that need them, started once by each process of tests.

A test that kills a mongod takes ``mortal``: whatever other tests share of ``servers`` lives on.
"""

import uuid
from collections.abc import Iterator
from contextlib import suppress

import pytest
from kafka.errors import KafkaError

from shared.base.mongo import Database, connect
from shared.base.settings import KafkaSettings, MongoSettings
from shared.contract import events
from shared.pipeline.kafka import KafkaLog
from tests.servers import RealServers
from tests.system import free_port_base


@pytest.fixture(scope="session")
def servers() -> Iterator[RealServers]:
    with RealServers(port_base=free_port_base()) as running:
        yield running


@pytest.fixture(scope="session")
def mortal() -> Iterator[RealServers]:
    """A mongod to be killed and started again."""
    with RealServers(port_base=free_port_base(), with_kafka=False) as running:
        yield running


@pytest.fixture
def database_name() -> str:
    return f"t_{uuid.uuid4().hex[:12]}"


@pytest.fixture
def mongo(servers: RealServers, database_name: str) -> Iterator[Database]:
    """A database of this test's own."""
    database = connect(MongoSettings(mongo_uri=servers.mongo_uri, mongo_database=database_name))
    yield database
    database.client.drop_database(database_name)
    database.client.close()


@pytest.fixture(scope="session")
def kafka_settings(servers: RealServers) -> KafkaSettings:
    return KafkaSettings(kafka_bootstrap=servers.kafka_bootstrap, kafka_partitions=3)


@pytest.fixture
def kafka_log(kafka_settings: KafkaSettings, monkeypatch: pytest.MonkeyPatch) -> Iterator[KafkaLog]:
    """A log whose topics have names of this test's own."""
    tag = uuid.uuid4().hex[:8]
    renamed = {
        name: f"{getattr(events, name)}.{tag}"
        for name in ("UNIT_TOPIC", "MEMBER_TOPIC", "VOLUNTEER_TOPIC", "SERVICE_TOPIC")
    }
    watermark = f"{events.WATERMARK_TOPIC}.{tag}"
    for name, topic in renamed.items():
        monkeypatch.setattr(events, name, topic)
    monkeypatch.setattr(events, "WATERMARK_TOPIC", watermark)
    monkeypatch.setattr(
        events,
        "TOPICS_OF_SOURCE",
        {
            "/services/org-units": (renamed["UNIT_TOPIC"],),
            "/services/member": (renamed["MEMBER_TOPIC"],),
            "/services/volunteer": (renamed["VOLUNTEER_TOPIC"], renamed["SERVICE_TOPIC"]),
        },
    )
    # A broker that a test killed comes back among all its logs, on a machine that may be busy.
    monkeypatch.setattr("shared.pipeline.kafka.BOUNDS_MS", 20_000)
    log = KafkaLog(kafka_settings, client_id=f"test-{tag}")
    topics = [*renamed.values(), watermark]
    log.ensure_topics(dict.fromkeys(topics, -1), {**dict.fromkeys(topics, 3), watermark: 1})
    yield log
    with suppress(KafkaError):  # else each start of the broker opens the logs of all tests so far
        log._administrator().delete_topics(topics)
    log.close()
