"""The relay at the worst moments, on real servers: nothing is lost, and nothing sent is doubled."""

from typing import Any

import pytest
from pymongo.errors import PyMongoError

from embedded.kafka import data_dir
from shared.base.mongo import Database, abort_leftovers, connect
from shared.base.settings import MongoSettings
from shared.pipeline import outbox
from shared.pipeline.eventlog import LogUnavailable, TopicPartition
from shared.pipeline.lease import Fenced, Lease
from shared.pipeline.relay import Relay, tail
from shared.pipeline.relay.sending import Receipt
from tests.integration.pipeline import SOURCE, Killed, Pipeline, die, log_in_memory, states
from tests.servers import RealServers
from tests.waiting import LIMIT, until


def test_a_relay_killed_between_send_and_mark_doubles_nothing(
    pipeline: Pipeline, mongo: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline.write(50)
    relay = pipeline.relay()
    monkeypatch.setattr(relay, "_mark", die)
    with pytest.raises(Killed):
        relay.cycle()
    assert states(mongo) == [outbox.NUMBERED] * 50
    pipeline.write(5)
    pipeline.send(pipeline.relay())
    ends = [pipeline.log.bounds((pipeline.topic, number))[1] for number in range(3)]
    assert sum(ends) > 0
    pipeline.drain(pipeline.consumer())
    assert pipeline.by_unit() == pipeline.expected()


def test_a_relay_killed_between_number_and_send_leaves_its_numbers(
    pipeline: Pipeline, mongo: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline.write(20)
    relay = pipeline.relay()
    monkeypatch.setattr(relay._sender, "deliver", die)
    with pytest.raises(Killed):
        relay.cycle()
    numbers = {row["_id"]: row["sequence"] for row in mongo[outbox.COLLECTION].find()}
    pipeline.relay().cycle()
    assert numbers == {row["_id"]: row["sequence"] for row in mongo[outbox.COLLECTION].find()}
    pipeline.drain(pipeline.consumer())
    assert pipeline.by_unit() == pipeline.expected()


def test_a_zombie_relay_is_fenced(
    pipeline: Pipeline, mongo: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.pipeline.relay.LEASE_SECONDS", int(LIMIT))  # it runs out below
    zombie = pipeline.relay("relay-a")
    pipeline.write(10)
    # The lease of another instance is only taken once it has run out.
    fresh = pipeline.standby("relay-b")
    assert not fresh.lead()
    mongo["leases"].update_one(
        {"_id": "relay"}, [{"$set": {"expires_at": {"$subtract": ["$$NOW", 1000]}}}]
    )
    assert fresh.lead()
    with pytest.raises(Fenced):
        zombie.number()
    assert states(mongo) == [outbox.WRITTEN] * 10
    fresh.cycle()
    with pytest.raises(Fenced):
        zombie.lead()
    pipeline.write(5)
    with pytest.raises(Fenced):
        zombie.cycle()
    fresh.cycle()
    pipeline.drain(pipeline.consumer())
    assert pipeline.by_unit() == pipeline.expected()


def test_a_zombie_relay_that_still_sends_doubles_nothing(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline.write(12)
    zombie = pipeline.relay("relay-a")
    # A renewal would fence it: it is to send however long the others took.
    monkeypatch.setattr(zombie._sender, "keep_leading", lambda: None)
    zombie.number()
    rows, _ = zombie._unsent()
    fresh = pipeline.relay("relay-a")
    fresh.cycle()
    assert zombie._sender.deliver(rows)  # wakes after the takeover and sends what it had in hand
    pipeline.drain(pipeline.consumer())
    assert pipeline.by_unit() == pipeline.expected()


@pytest.fixture
def settings(servers: RealServers, mongo: Database) -> MongoSettings:
    return MongoSettings(mongo_uri=servers.mongo_uri, mongo_database=mongo.name, instance="relay-a")


def test_a_killed_relay_s_open_transaction_does_not_hold_up_the_next(
    pipeline: Pipeline, settings: MongoSettings
) -> None:
    pipeline.write(4)
    pipeline.relay("relay-a")
    killed = connect(settings)
    session = killed.client.start_session()
    session.start_transaction()
    killed["leases"].update_one({"_id": "relay"}, {"$inc": {"token": 1}}, session=session)
    assert abort_leftovers(settings) == 1
    assert abort_leftovers(settings) == 0
    again = connect(settings)
    relay = Relay(again, pipeline.log, SOURCE, "relay-a", 3)
    assert relay.lead()
    assert relay.cycle() == 4
    relay.resign()
    with pytest.raises(PyMongoError):
        session.commit_transaction()
    for client in (killed.client, again.client):
        client.close()


def test_a_relay_that_could_not_compare_does_not_lead(
    pipeline: Pipeline, mongo: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next turn went on without the comparison, and with epoch 1 whatever was stored."""
    mongo["relay_source"].insert_one({"_id": SOURCE, "epoch": 4})
    fresh = pipeline.standby("relay-a")

    def gone(_place: object) -> tuple[int, int]:
        raise LogUnavailable("no broker")

    with monkeypatch.context() as patch:
        patch.setattr(pipeline.log, "bounds", gone)
        with pytest.raises(LogUnavailable):
            fresh.lead()
    assert fresh.lease is None
    assert fresh.lead()
    assert fresh.epoch == 4


def test_a_relay_resends_a_long_lost_tail_in_parts(
    mongo: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All lost rows were unmarked in one transaction, which a week of them outgrows for ever."""
    monkeypatch.setattr(tail, "ROWS_AT_ONCE", 4)
    log = log_in_memory()
    pipeline = Pipeline(mongo, log)
    pipeline.write(30, units=1)
    leader = pipeline.relay()
    pipeline.send(leader)
    asked: list[int] = []
    check = Lease.check
    monkeypatch.setattr(leader._sender, "keep_leading", lambda: None)  # counted are the parts

    def killed_at_the_second_part(*given: Any, **more: Any) -> None:
        asked.append(1)
        if len(asked) == 2:
            raise Fenced("killed")
        check(*given, **more)

    for number in range(3):
        log.lose_tail((pipeline.topic, number), 100)
    with monkeypatch.context() as patch:
        patch.setattr(Lease, "check", killed_at_the_second_part)
        with pytest.raises(Fenced):
            leader.heal()
    unsent = mongo[outbox.COLLECTION].find({"state": outbox.NUMBERED})
    assert sorted(row["sequence"] for row in unsent) == [1, 2, 3, 4]
    assert leader.heal() == 26
    pipeline.send(leader)
    pipeline.drain(pipeline.consumer())
    assert pipeline.by_unit() == pipeline.expected(units=1)


def cut_tail(servers: RealServers, topic: str) -> None:
    """Empty a topic's segments while the broker is down, as lost page cache would."""
    for folder in data_dir(servers.runtime).glob(f"{topic}-*"):
        for segment in folder.iterdir():
            if segment.suffix in (".log", ".index", ".timeindex", ".snapshot"):
                segment.unlink()


def test_a_relay_heals_a_broker_that_lost_its_tail(
    servers: RealServers, pipeline: Pipeline
) -> None:
    pipeline.write(30)
    relay = pipeline.relay()
    relay.cycle()
    consumer = pipeline.consumer()
    pipeline.drain(consumer)
    pipeline.write(15)
    relay.cycle()  # acknowledged, not yet counted
    servers.kafka.kill()
    try:
        cut_tail(servers, pipeline.topic)
    finally:
        servers.kafka.start()  # other tests need it
    relay.resign()
    again = pipeline.relay()
    pipeline.send(again)
    pipeline.write(7)
    again.cycle()
    pipeline.drain(consumer)
    assert pipeline.by_unit() == pipeline.expected()
    until(lambda: consumer.turn(0.05) == 0 and not consumer.handler.gaps(), "nothing is missing")
    assert pipeline.by_unit() == pipeline.expected()


def test_a_relay_replaced_while_it_waits_for_answers_marks_nothing(
    mongo: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its successor may have seen that the log lost them, and be about to send them again."""
    pipeline = Pipeline(mongo, log_in_memory())
    pipeline.write(6)
    replaced = pipeline.relay()
    deliver = replaced._sender.deliver

    def slowly(rows: list[dict[str, Any]]) -> dict[TopicPartition, Receipt]:
        acknowledged = deliver(rows)
        pipeline.relay()  # the same instance, started again
        return acknowledged

    monkeypatch.setattr(replaced._sender, "deliver", slowly)
    with pytest.raises(Fenced):
        replaced.cycle()
    assert states(mongo) == [outbox.NUMBERED] * 6
