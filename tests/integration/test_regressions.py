"""Defects that reviews and trials found, each by what was seen."""

import asyncio
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from typing import Any

import orjson
import pytest
from kafka.errors import KafkaTimeoutError

from aggregator import api, store
from aggregator.plans import load_plans
from aggregator.settings import AggregatorSettings
from aggregator.stream import Hub
from embedded.servers import RealServers
from shared import events, kafka, outbox, relay
from shared.clock import now
from shared.eventlog import LogUnavailable
from shared.kafka import KafkaLog
from shared.lease import Fenced, Lease
from shared.memorylog import MemoryLog
from shared.mongo import Database, connect_async
from shared.relay import Relay, tail
from shared.settings import MongoSettings
from tests.integration.pipeline import SOURCE, Pipeline, until


@pytest.fixture
def pipeline(mongo: Database, kafka_log: KafkaLog) -> Iterator[Pipeline]:
    built = Pipeline(mongo, kafka_log, group=f"aggregator-{mongo.name}")
    yield built
    built.close()


def network_threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if "network-thread" in thread.name}


def test_a_producer_is_given_up_with_records_under_way(kafka_log: KafkaLog) -> None:
    """Each broker that was silent for five seconds ended every relay: close() raised."""
    before = network_threads()
    producer = kafka_log.producer()
    topic = events.TOPICS_OF_SOURCE[SOURCE][0]
    for number in range(2_000):
        producer.send(topic, number % 3, b"x" * 1_000, [])
    # Its own: a client of an earlier test may just be ending.
    own = network_threads() - before
    assert own
    producer.close()
    until(lambda: not any(thread.is_alive() for thread in own))


def test_clients_made_while_no_broker_answers(
    kafka_log: KafkaLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Relays and workers that started before their broker ended with a traceback."""

    def refuse(*_: object, **__: object) -> None:
        raise KafkaTimeoutError("Unable to bootstrap")

    monkeypatch.setattr(kafka, "KafkaProducer", refuse)
    monkeypatch.setattr(kafka, "KafkaConsumer", refuse)
    with pytest.raises(LogUnavailable):
        kafka_log.producer()
    with pytest.raises(LogUnavailable):
        kafka_log.group("nobody", [events.WATERMARK_TOPIC])


def test_a_relay_that_could_not_compare_does_not_lead(
    pipeline: Pipeline, mongo: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next turn went on without the comparison, and with epoch 1 whatever was stored."""
    mongo["relay_source"].insert_one({"_id": SOURCE, "epoch": 4})
    fresh = Relay(mongo, pipeline.log, SOURCE, "relay-a", 3)

    def gone(_place: object) -> tuple[int, int]:
        raise LogUnavailable("no broker")

    with monkeypatch.context() as patch:
        patch.setattr(pipeline.log, "bounds", gone)
        with pytest.raises(LogUnavailable):
            fresh.lead()
    assert fresh.lease is None
    assert fresh.lead()
    assert fresh.epoch == 4


def test_a_long_lost_tail_is_resent_in_parts(
    pipeline: Pipeline, mongo: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All lost rows were unmarked in one transaction, which a week of them outgrows for ever."""
    monkeypatch.setattr(tail, "ROWS_AT_ONCE", 4)
    pipeline.write(30, units=1)
    leader = pipeline.relay()
    until(lambda: leader.cycle() == 0)
    asked: list[int] = []
    check = Lease.check
    monkeypatch.setattr(leader._sender, "keep_leading", lambda: None)  # counted are the parts

    def killed_at_the_second_part(*given: Any, **more: Any) -> None:
        asked.append(1)
        if len(asked) == 2:
            raise Fenced("killed")
        check(*given, **more)

    with monkeypatch.context() as patch:
        patch.setattr(leader, "_last_in_log", lambda _place: 0)
        patch.setattr(Lease, "check", killed_at_the_second_part)
        with pytest.raises(Fenced):
            leader.heal()
    unsent = mongo[outbox.COLLECTION].find({"state": outbox.NUMBERED})
    assert sorted(row["sequence"] for row in unsent) == [1, 2, 3, 4]
    with monkeypatch.context() as patch:
        patch.setattr(leader, "_last_in_log", lambda _place: 0)
        assert leader.heal() == 26
    until(lambda: leader.cycle() == 0)
    assert mongo[outbox.COLLECTION].count_documents({"state": outbox.SENT}) == 30
    pipeline.drain(pipeline.consumer())
    assert pipeline.by_unit() == pipeline.expected(units=1)


def test_a_partition_without_a_leader_holds_up_no_other(
    mongo: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first partition's backlog filled each cycle, and nobody led while it could not be read."""
    monkeypatch.setattr(relay, "ROWS_PER_CYCLE", 9)
    topics = [topic for owned in events.TOPICS_OF_SOURCE.values() for topic in owned]
    log = MemoryLog({**dict.fromkeys(topics, 3), events.WATERMARK_TOPIC: 1})
    pipeline = Pipeline(mongo, log)
    pipeline.write(90)
    by_place = Counter(
        row["partition"] for row in mongo[outbox.COLLECTION].find({}, {"partition": 1})
    )
    lost = (pipeline.topic, min(by_place))
    log.leaderless.add(lost)
    leader = pipeline.relay()
    until(lambda: leader.cycle() == 0 and leader.number() == 0)
    sent = mongo[outbox.COLLECTION].count_documents({"state": outbox.SENT})
    assert sent == 90 - by_place[lost[1]]
    assert leader.settled_at is None  # and nothing is called complete
    log.leaderless.clear()
    leader.heal()
    until(lambda: leader.cycle() == 0 and leader.settled_at is not None)
    pipeline.drain(pipeline.consumer())
    assert pipeline.by_unit() == pipeline.expected()


def leaderless_log(*partitions: int) -> MemoryLog:
    topics = [topic for owned in events.TOPICS_OF_SOURCE.values() for topic in owned]
    log = MemoryLog({**dict.fromkeys(topics, 3), events.WATERMARK_TOPIC: 1})
    log.leaderless.update((events.MEMBER_TOPIC, number) for number in partitions)
    return log


@pytest.mark.parametrize("lost", [(0, 1), (0, 2), (1, 2)])
def test_a_source_is_led_though_most_of_its_partitions_have_no_leader(
    mongo: Database, lost: tuple[int, int]
) -> None:
    """Every comparison ended at the second partition it asked in vain, always the same."""
    pipeline = Pipeline(mongo, leaderless_log(*lost))
    pipeline.write(60, units=12)
    leader = Relay(mongo, pipeline.log, SOURCE, "member-relay-0", 3)

    def leads() -> bool:
        with suppress(LogUnavailable):
            return leader.lead()
        return False

    until(leads)
    until(lambda: leader.cycle() == 0)
    unsent = mongo[outbox.COLLECTION].distinct("partition", {"state": {"$ne": outbox.SENT}})
    assert set(unsent) <= set(lost)
    assert mongo[outbox.COLLECTION].count_documents({"state": outbox.SENT}) > 0


def test_no_number_is_given_where_the_log_may_be_ahead(mongo: Database) -> None:
    """A restored database gave numbers the log held; the worker skipped the events of them."""
    log = leaderless_log()
    pipeline = Pipeline(mongo, log)
    pipeline.write(40, units=1)
    first = pipeline.relay()
    until(lambda: first.cycle() == 0)
    (place,) = {(row["topic"], row["partition"]) for row in mongo[outbox.COLLECTION].find()}
    mongo[outbox.COLLECTION].delete_many({"sequence": {"$gt": 30}})  # a backup of a while ago
    mongo["relay_sequences"].update_many({}, {"$set": {"last": 30}})
    log.leaderless.add(place)
    second = pipeline.relay()
    pipeline.write(15, units=1)
    second.cycle()
    assert mongo[outbox.COLLECTION].count_documents({"state": outbox.WRITTEN}) == 15
    log.leaderless.clear()
    with pytest.raises(relay.SourceBehindLog):
        second.heal()


def test_a_watermark_tells_only_of_what_was_sent(mongo: Database) -> None:
    log = leaderless_log()
    pipeline = Pipeline(mongo, log)
    leader = pipeline.relay()
    pipeline.write(10, units=1)
    until(lambda: leader.cycle() == 0 and leader.settled_at is not None)
    (place,) = {(row["topic"], row["partition"]) for row in mongo[outbox.COLLECTION].find()}
    log.leaderless.add(place)
    pipeline.write(5, units=1)
    leader.cycle()
    assert leader.publish_watermark()
    told = orjson.loads(log._of((events.WATERMARK_TOPIC, 0))[-1].value or b"")
    assert told["sequences"] == {place[0]: {str(place[1]): 10}}


def test_a_partition_that_loses_its_leader_rests_and_comes_back(mongo: Database) -> None:
    topics = [topic for owned in events.TOPICS_OF_SOURCE.values() for topic in owned]
    log = MemoryLog({**dict.fromkeys(topics, 3), events.WATERMARK_TOPIC: 1})
    pipeline = Pipeline(mongo, log)
    leader = pipeline.relay()
    pipeline.write(12)
    rows = mongo[outbox.COLLECTION].find({}, {"partition": 1})
    lost = (pipeline.topic, min(row["partition"] for row in rows))
    log.leaderless.add(lost)
    leader.cycle()
    left = mongo[outbox.COLLECTION].distinct("partition", {"state": outbox.NUMBERED})
    assert left == [lost[1]]
    assert leader.cycle() == 0
    log.leaderless.clear()
    until(lambda: leader.cycle() > 0)  # once it has rested
    assert mongo[outbox.COLLECTION].count_documents({"state": outbox.SENT}) == 12


async def test_figures_are_ready_though_commits_never_pause(
    servers: RealServers, mongo: Database
) -> None:
    """Under load a restarted aggregator answered 503 until the load ended."""
    store.migrate(mongo)
    for name in (store.MARKS, store.WATERMARKS):
        mongo.create_collection(name)
    over = threading.Event()

    def write() -> None:
        number = 0
        while not over.wait(0.02):
            number += 1
            watermark = {"epoch": 1, "at": now(), "sequences": {"registry/member": {"0": number}}}
            mongo[store.WATERMARKS].update_one({"_id": SOURCE}, {"$set": watermark}, upsert=True)

    settings = MongoSettings(mongo_uri=servers.mongo_uri, mongo_database=mongo.name)
    database = connect_async(settings)
    hub = Hub(database, AggregatorSettings(), partial(api.describe, plans=load_plans()))
    writer = threading.Thread(target=write)
    writer.start()
    try:
        await hub.start(asyncio.Event())
        async with asyncio.timeout(60):
            while not hub.ready:
                await asyncio.sleep(0.01)
    finally:
        over.set()
        writer.join()
        await hub.stop()
        await database.client.close()
