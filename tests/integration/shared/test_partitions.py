"""One partition count everywhere: whoever is set to another one does not start, and says why."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import member.main
import member.migrate
import org_units.main
import org_units.migrate
import volunteer.main
import volunteer.migrate
from org_units.divisions import __main__ as divisions
from shared.base.mongo import Database, connect
from shared.base.settings import KafkaSettings, WriterSettings
from shared.contract import events
from shared.pipeline import outbox, topics
from shared.pipeline.consumer import Consumer
from shared.pipeline.eventlog import LogUnavailable
from shared.pipeline.kafka import KafkaLog
from shared.pipeline.partitions import PartitionsDiffer
from shared.pipeline.relay import Relay
from tests.clients.inside import opened, verifier
from tests.clients.peers import UnitsAsGiven
from tests.integration.pipeline import PARTITIONS, SOURCE, Pipeline, log_in_memory, states
from tests.integration.prepared import prepared
from tests.servers import RealServers
from tests.waiting import LIMIT, until

OTHER = PARTITIONS + 4


def written(mongo: Database) -> list[dict[str, Any]]:
    """Write rows as a process would that is set to more partitions than the topics have."""
    pipeline = Pipeline(mongo, log_in_memory())
    pipeline.write(40, units=12)
    for number, row in enumerate(mongo[outbox.COLLECTION].find()):
        beyond = {"partition": PARTITIONS + number % OTHER}
        mongo[outbox.COLLECTION].update_one({"_id": row["_id"]}, {"$set": beyond})
    return list(mongo[outbox.COLLECTION].find())


def test_a_relay_set_to_another_partition_count_does_not_lead(mongo: Database) -> None:
    relay = Relay(mongo, log_in_memory(), SOURCE, "relay", OTHER)
    with pytest.raises(PartitionsDiffer) as caught:
        relay.lead()
    assert relay.lease is None
    text = str(caught.value)
    for named in (f"REGISTRY_KAFKA_PARTITIONS is {OTHER}", f"{events.MEMBER_TOPIC} has 3"):
        assert named in text


def test_a_relay_finds_out_that_a_topic_was_made_anew_with_another_partition_count(
    mongo: Database,
) -> None:
    log = log_in_memory()
    leader = Pipeline(mongo, log).relay()
    log.make_anew(events.MEMBER_TOPIC)
    log.partitions[events.MEMBER_TOPIC] = 2
    with pytest.raises(PartitionsDiffer, match=r"registry\.member has 2"):
        leader.doubt_renewed_topics()


def test_a_relay_sends_every_row_whatever_partition_it_was_stored_for(mongo: Database) -> None:
    assert {row["partition"] for row in written(mongo)} == set(
        range(PARTITIONS, PARTITIONS + OTHER)
    )
    pipeline = Pipeline(mongo, log_in_memory(), written=40)
    relay = pipeline.relay()
    relay.number()
    assert {row["partition"] for row in mongo[outbox.COLLECTION].find()} == set(range(PARTITIONS))
    pipeline.send(relay)
    pipeline.drain(pipeline.consumer())
    assert pipeline.by_unit() == pipeline.expected(units=12)


def test_a_relay_does_not_lead_while_numbered_rows_wait_for_a_partition_that_is_gone(
    mongo: Database,
) -> None:
    written(mongo)
    mongo[outbox.COLLECTION].update_many({}, {"$set": {"state": outbox.NUMBERED}})
    with pytest.raises(PartitionsDiffer, match="are not sent yet"):
        Relay(mongo, log_in_memory(), SOURCE, "relay", PARTITIONS).lead()
    assert states(mongo) == [outbox.NUMBERED] * 40


@pytest.fixture
def confirmed(
    servers: RealServers, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Any]:
    """Settings of a writer whose relay has found three partitions; it is set to more itself."""
    source, migrate = request.param
    with prepared(WriterSettings, migrate, servers, tmp_path) as settings:
        database = connect(settings)
        relay = Relay(database, log_in_memory(), source, "relay", PARTITIONS)
        assert relay.lead()
        relay.resign()
        database.client.close()
        yield settings


UNITS = ("/services/org-units", org_units.migrate.migrate)
MEMBERS = ("/services/member", member.migrate.migrate)
VOLUNTEERS = ("/services/volunteer", volunteer.migrate.migrate)


@pytest.mark.parametrize(
    ("confirmed", "main"),
    [(UNITS, org_units.main), (MEMBERS, member.main), (VOLUNTEERS, volunteer.main)],
    indirect=["confirmed"],
)
def test_a_service_set_to_another_partition_count_does_not_start(
    servers: RealServers, confirmed: WriterSettings, main: Any
) -> None:
    def app(partitions: int) -> Any:
        settings = confirmed.model_copy(update={"kafka_partitions": partitions})
        believer = verifier(servers.runtime, settings)
        peers = UnitsAsGiven().peers(settings, settings)
        return main.create_app(settings, verifier=believer, peers=peers)

    with opened(app(PARTITIONS)) as (client, _):
        assert client.get("/healthz").status_code == 200
    with pytest.raises(PartitionsDiffer, match="have 3 partitions"), opened(app(OTHER)):
        pytest.fail("it started")


@pytest.mark.parametrize("confirmed", [UNITS], indirect=True)
def test_the_seeding_of_units_with_another_partition_count_stores_nothing(
    confirmed: WriterSettings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("REGISTRY_MONGO_URI", confirmed.mongo_uri)
    monkeypatch.setenv("REGISTRY_MONGO_DATABASE", confirmed.mongo_database)
    monkeypatch.setenv("REGISTRY_KAFKA_PARTITIONS", str(OTHER))
    monkeypatch.setattr(sys, "argv", ["divisions", "seed"])
    with pytest.raises(SystemExit) as ended:
        divisions.main()
    assert ended.value.code == 2
    assert f"REGISTRY_KAFKA_PARTITIONS is {OTHER}" in capsys.readouterr().err


def test_a_worker_set_to_another_partition_count_does_not_join_its_group(mongo: Database) -> None:
    pipeline = Pipeline(mongo, log_in_memory())
    counting = pipeline.consumer()
    counting.partitions = OTHER
    with pytest.raises(PartitionsDiffer):
        counting.run()
    counting.partitions = PARTITIONS
    assert counting.turn(0.0) == 0


def test_a_topic_that_is_not_there_yet_has_no_partition_to_compare(kafka_log: KafkaLog) -> None:
    found = kafka_log.partition_counts([events.MEMBER_TOPIC, events.WATERMARK_TOPIC])
    assert list(found.values()) == [3, 1]
    with pytest.raises(LogUnavailable, match="no such topic: nobody"):
        kafka_log.partition_counts([events.MEMBER_TOPIC, "nobody"])


@pytest.fixture
def declared(servers: RealServers) -> Iterator[KafkaSettings]:
    """The registry's own topics, which other tests have under names of their own."""
    settings = KafkaSettings(kafka_bootstrap=servers.kafka_bootstrap, kafka_partitions=PARTITIONS)
    topics.declare(settings)
    yield settings
    log = KafkaLog(settings, client_id="test")
    facts = [topic for owned in events.TOPICS_OF_SOURCE.values() for topic in owned]
    log._administrator().delete_topics([*facts, events.WATERMARK_TOPIC])
    log.close()


@pytest.mark.parametrize(
    "command",
    [
        ["shared.pipeline.topics"],
        ["shared.pipeline.relay", "--source", "member"],
        ["member.worker"],
        ["volunteer.worker"],
        ["aggregator.worker"],
    ],
    ids=lambda command: command[0],
)
def test_a_process_set_to_another_partition_count_than_the_topics_ends_and_names_both(
    command: list[str], declared: KafkaSettings, servers: RealServers, mongo: Database
) -> None:
    settings = {
        "REGISTRY_MONGO_URI": servers.mongo_uri,
        "REGISTRY_MONGO_DATABASE": mongo.name,
        "REGISTRY_KAFKA_BOOTSTRAP": declared.kafka_bootstrap,
        "REGISTRY_KAFKA_PARTITIONS": str(OTHER),
        "REGISTRY_INSTANCE": "test-0",
        "REGISTRY_PORT": "0",
    }
    ended = subprocess.run(
        [sys.executable, "-m", *command], env={**os.environ, **settings}, capture_output=True,
        text=True, timeout=LIMIT,
    )  # fmt: skip
    assert ended.returncode == 1, ended.stderr
    assert f"PartitionsDiffer: REGISTRY_KAFKA_PARTITIONS is {OTHER}, but registry." in ended.stderr


def test_a_worker_waits_for_a_topic_that_has_no_partition_yet(
    kafka_log: KafkaLog, mongo: Database
) -> None:
    handler = Pipeline(mongo, kafka_log).consumer().handler
    loop = Consumer(kafka_log, "readers", (events.MEMBER_TOPIC,), handler, PARTITIONS)
    admin = kafka_log._administrator()
    admin.delete_topics([events.MEMBER_TOPIC])
    until(lambda: events.MEMBER_TOPIC not in admin.list_topics(), "the topic is gone")
    with pytest.raises(LogUnavailable):
        loop.turn(0.0)
    kafka_log.ensure_topics({events.MEMBER_TOPIC: -1}, {events.MEMBER_TOPIC: PARTITIONS})
    assert loop.turn(0.05) == 0
    assert loop._reader is not None
    loop._reader.close()
