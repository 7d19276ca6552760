"""Each way to crash, by name: nothing is lost, nothing counted twice (docs/design.md section 5)."""

from collections.abc import Iterator
from dataclasses import dataclass

import orjson
import pytest
from pymongo.errors import PyMongoError

from aggregator import deadletters, store
from embedded.kafka import data_dir
from embedded.servers import RealServers
from shared import outbox
from shared.consumer import Superseded
from shared.errors import Conflict, Invalid
from shared.eventlog import Delivery, DeliveryFailed, Headers, Producer
from shared.events import envelope
from shared.kafka import KafkaLog
from shared.lease import Fenced
from shared.mongo import Database, abort_leftovers, connect
from shared.relay import Relay
from shared.settings import MongoSettings
from tests.integration.pipeline import SOURCE, Pipeline, until


@pytest.fixture
def pipeline(mongo: Database, kafka_log: KafkaLog) -> Iterator[Pipeline]:
    built = Pipeline(mongo, kafka_log, group=f"aggregator-{mongo.name}")
    yield built
    built.close()


OPERATOR = deadletters.Request("op")


class Killed(BaseException):
    """The process ends here; BaseException, so that no handler of ours survives it."""


def states(mongo: Database) -> list[int]:
    return sorted(row["state"] for row in mongo[outbox.COLLECTION].find())


def test_a_fact_travels_to_its_counter(pipeline: Pipeline, mongo: Database) -> None:
    pipeline.write(10)
    relay = pipeline.relay()
    assert relay.cycle() == 10
    assert states(mongo) == [outbox.SENT] * 10
    pipeline.drain(pipeline.consumer())
    assert pipeline.by_unit() == pipeline.expected()


def test_relay_killed_between_send_and_mark(
    pipeline: Pipeline, mongo: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline.write(50)
    relay = pipeline.relay()

    def die(*_: object) -> None:
        raise Killed

    monkeypatch.setattr(relay, "_mark", die)
    with pytest.raises(Killed):
        relay.cycle()
    assert states(mongo) == [outbox.NUMBERED] * 50
    pipeline.write(5)
    again = pipeline.relay()
    until(lambda: again.cycle() == 0 and states(mongo) == [outbox.SENT] * 55)
    ends = [pipeline.log.bounds((pipeline.topic, number))[1] for number in range(3)]
    assert sum(ends) > 0
    pipeline.drain(pipeline.consumer())
    assert pipeline.by_unit() == pipeline.expected()


def test_relay_killed_between_number_and_send(
    pipeline: Pipeline, mongo: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline.write(20)
    relay = pipeline.relay()

    def die(*_: object) -> None:
        raise Killed

    monkeypatch.setattr(relay._sender, "deliver", die)
    with pytest.raises(Killed):
        relay.cycle()
    numbers = {row["_id"]: row["sequence"] for row in mongo[outbox.COLLECTION].find()}
    pipeline.relay().cycle()
    assert numbers == {row["_id"]: row["sequence"] for row in mongo[outbox.COLLECTION].find()}
    pipeline.drain(pipeline.consumer())
    assert pipeline.by_unit() == pipeline.expected()


def test_worker_killed_between_fold_and_commit(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline.write(40)
    pipeline.relay().cycle()
    consumer = pipeline.consumer()

    def die(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(store, "commit", die)
        with pytest.raises(Killed):
            pipeline.drain(consumer)
    pipeline.close()
    pipeline.consumers.clear()
    assert pipeline.counted() == 0
    pipeline.drain(pipeline.consumer())
    assert pipeline.by_unit() == pipeline.expected()


def test_worker_killed_after_commit_counts_nothing_again(pipeline: Pipeline) -> None:
    pipeline.write(40)
    relay = pipeline.relay()
    relay.cycle()
    pipeline.drain(pipeline.consumer())
    pipeline.close()
    pipeline.consumers.clear()
    pipeline.write(3)
    relay.cycle()
    pipeline.drain(pipeline.consumer())
    assert pipeline.by_unit() == pipeline.expected()


def test_a_zombie_relay_is_fenced(pipeline: Pipeline, mongo: Database) -> None:
    zombie = pipeline.relay("relay-a")
    pipeline.write(10)
    # The lease of another instance is only taken once it has run out.
    fresh = Relay(mongo, pipeline.log, SOURCE, "relay-b", 3)
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
    pipeline: Pipeline, mongo: Database, monkeypatch: pytest.MonkeyPatch
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


def test_a_zombie_worker_is_fenced(pipeline: Pipeline) -> None:
    pipeline.write(30)
    relay = pipeline.relay()
    relay.cycle()
    zombie, fresh = pipeline.consumer(), pipeline.consumer()
    until(lambda: zombie.turn(0.05) == 0 and pipeline.counted() == 30)
    held = zombie.handler
    pipeline.write(6)
    relay.cycle()
    # The zombie has read and folded, is stopped before its commit, and wakes too late.
    records = [
        record
        for number in range(3)
        for record in pipeline.log.read(
            (pipeline.topic, number), 0, pipeline.log.bounds((pipeline.topic, number))[1]
        )
    ]
    for record in records:
        held.fold(record)
    zombie._reader.close()  # type: ignore[union-attr]
    pipeline.consumers.remove(zombie)
    pipeline.drain(fresh)
    with pytest.raises(Superseded):
        held.commit()
    assert pipeline.by_unit() == pipeline.expected()


def test_a_killed_relay_s_open_transaction_does_not_hold_up_the_next(
    servers: RealServers, pipeline: Pipeline, mongo: Database
) -> None:
    pipeline.write(4)
    pipeline.relay("relay-a")
    settings = MongoSettings(
        mongo_uri=servers.mongo_uri, mongo_database=mongo.name, instance="relay-a"
    )
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
    with pytest.raises(PyMongoError):
        session.commit_transaction()
    for client in (killed.client, again.client):
        client.close()


@dataclass
class Refusing:
    """A producer whose n-th record fails while later ones get through."""

    inner: Producer
    refuse: int

    def send(self, topic: str, partition: int, value: bytes, headers: Headers) -> Delivery:
        self.refuse -= 1
        if self.refuse == 0:
            return Refused()
        return self.inner.send(topic, partition, value, headers)

    def close(self) -> None:
        self.inner.close()


class Refused:
    def wait(self, timeout: float) -> int:
        raise DeliveryFailed(f"epoch bump within {timeout} s")

    def done(self) -> bool:
        return True


def test_a_gap_is_held_and_repaired(
    pipeline: Pipeline, mongo: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(envelope, "MAX_EVENTS_PER_RECORD", 5)
    pipeline.write(60, units=1)
    relay = pipeline.relay()
    relay._sender.producer = Refusing(pipeline.log.producer(), refuse=3)
    relay.cycle()
    assert states(mongo).count(outbox.SENT) == 10
    consumer = pipeline.consumer()

    def sees_gap() -> bool:
        consumer.turn(0.05)
        return mongo[store.MARKS].count_documents({"gap": {"$ne": None}}) == 1

    until(sees_gap)
    assert pipeline.counted() == 10
    until(lambda: relay.cycle() == 0 and states(mongo) == [outbox.SENT] * 60)
    pipeline.drain(consumer)
    assert pipeline.by_unit() == pipeline.expected(units=1)
    assert mongo[store.MARKS].count_documents({"gap": {"$ne": None}}) == 0


def test_poison_among_good_ones_is_set_aside_then_replayed_once(
    pipeline: Pipeline, mongo: Database
) -> None:
    pipeline.write(9, units=1)
    row = mongo[outbox.COLLECTION].find_one(sort=[("_id", 1)], skip=4)
    assert row is not None
    good = row["body"]
    spoilt = orjson.loads(good)
    spoilt["data"]["changes"][0]["effective_on"] = "2026-02-30"
    mongo[outbox.COLLECTION].update_one(
        {"_id": row["_id"]}, {"$set": {"body": orjson.dumps(spoilt)}}
    )
    pipeline.relay().cycle()
    consumer = pipeline.consumer()
    until(lambda: consumer.turn(0.05) >= 0 and pipeline.counted() == 8)
    (letter,) = mongo[store.DEAD_LETTERS].find()
    assert letter["state"] == "open"
    with pytest.raises(Invalid):  # as stored it is still poison
        deadletters.replay(mongo, letter["_id"], by=OPERATOR, mended=None)
    sent = mongo[outbox.COLLECTION].find_one({"_id": row["_id"]})
    assert sent is not None
    mended = envelope.numbered(good, sequence=sent["sequence"], epoch=1)
    wrong = envelope.numbered(good, sequence=sent["sequence"] + 1, epoch=1)
    with pytest.raises(Invalid):
        deadletters.replay(mongo, letter["_id"], by=OPERATOR, mended=wrong)
    deadletters.replay(mongo, letter["_id"], by=OPERATOR, mended=mended)
    assert pipeline.by_unit() == pipeline.expected(units=1)
    with pytest.raises(Conflict):
        deadletters.replay(mongo, letter["_id"], by=OPERATOR, mended=mended)
    with pytest.raises(Conflict):
        deadletters.dismiss(mongo, letter["_id"], by=OPERATOR, reason="no more needed")
    assert pipeline.by_unit() == pipeline.expected(units=1)


def cut_tail(servers: RealServers, topic: str) -> None:
    """Empty a topic's segments while the broker is down, as lost page cache would."""
    for folder in data_dir(servers.runtime).glob(f"{topic}-*"):
        for segment in folder.iterdir():
            if segment.suffix in (".log", ".index", ".timeindex", ".snapshot"):
                segment.unlink()


def test_broker_losing_its_tail_heals(
    servers: RealServers, pipeline: Pipeline, mongo: Database
) -> None:
    pipeline.write(30)
    relay = pipeline.relay()
    relay.cycle()
    consumer = pipeline.consumer()
    pipeline.drain(consumer)
    pipeline.write(15)
    relay.cycle()  # acknowledged, not yet counted
    servers.kafka.kill()
    cut_tail(servers, pipeline.topic)
    servers.kafka.start()
    relay.resign()
    again = pipeline.relay()
    until(lambda: again.cycle() == 0 and states(mongo) == [outbox.SENT] * 45)
    pipeline.write(7)
    again.cycle()
    pipeline.drain(consumer)
    assert pipeline.by_unit() == pipeline.expected()
    until(lambda: consumer.turn(0.05) == 0 and not consumer.handler.gaps())
    assert pipeline.by_unit() == pipeline.expected()


def test_a_topic_made_anew_counts_nothing_twice(
    pipeline: Pipeline, mongo: Database, kafka_log: KafkaLog
) -> None:
    pipeline.write(10)
    pipeline.relay().cycle()
    pipeline.drain(pipeline.consumer())
    pipeline.close()
    pipeline.consumers.clear()
    admin = kafka_log._administrator()
    admin.delete_topics([pipeline.topic])
    until(lambda: pipeline.topic not in admin.list_topics())
    kafka_log.ensure_topics({pipeline.topic: -1}, {pipeline.topic: 3})
    pipeline.write(4)
    relay = pipeline.relay()
    until(lambda: relay.cycle() == 0 and states(mongo) == [outbox.SENT] * 14)
    pipeline.drain(pipeline.consumer())
    assert pipeline.by_unit() == pipeline.expected()
