"""The counting worker at the worst moments, on real servers: nothing lost, nothing counted twice."""

from dataclasses import dataclass

import pytest

from aggregator.intake import documents, store
from shared.base.mongo import Database
from shared.contract.events import envelope
from shared.pipeline import outbox
from shared.pipeline.consumer import Superseded
from shared.pipeline.eventlog import Delivery, DeliveryFailed, Headers, Producer
from shared.pipeline.kafka import KafkaLog
from tests.integration.pipeline import PARTITIONS, Killed, Pipeline, die, states
from tests.waiting import until


def test_a_fact_travels_by_relay_and_worker_to_its_counter(
    pipeline: Pipeline, mongo: Database
) -> None:
    pipeline.write(10)
    relay = pipeline.relay()
    assert relay.cycle() == 10
    assert states(mongo) == [outbox.SENT] * 10
    pipeline.drain(pipeline.consumer())
    assert pipeline.by_unit() == pipeline.expected()


def test_a_worker_killed_between_fold_and_commit_loses_nothing(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline.write(40)
    pipeline.relay().cycle()
    consumer = pipeline.consumer()
    with monkeypatch.context() as patch:
        patch.setattr(store, "commit", die)
        with pytest.raises(Killed):
            pipeline.drain(consumer)
    pipeline.stop_workers()
    assert pipeline.counted() == 0
    pipeline.drain(pipeline.consumer())
    assert pipeline.by_unit() == pipeline.expected()


def test_a_worker_killed_after_commit_counts_nothing_again(pipeline: Pipeline) -> None:
    pipeline.write(40)
    relay = pipeline.relay()
    relay.cycle()
    pipeline.drain(pipeline.consumer())
    pipeline.stop_workers()
    pipeline.write(3)
    relay.cycle()
    pipeline.drain(pipeline.consumer())
    assert pipeline.by_unit() == pipeline.expected()


@pytest.mark.parametrize("before", [0, 30])
def test_a_zombie_worker_is_fenced(pipeline: Pipeline, before: int) -> None:
    """On partitions that were counted before, and on new ones, which have no mark yet."""
    relay = pipeline.relay()
    if before:
        pipeline.write(before)
        relay.cycle()
    zombie, fresh = pipeline.consumer(), pipeline.consumer()

    def caught_up() -> bool:
        owns = zombie.turn(0.05) == 0 and zombie._reader is not None and zombie._reader.assignment()
        return bool(owns) and pipeline.counted() == before

    until(caught_up, "the first has counted what is there")
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


def test_a_worker_holds_at_a_gap_until_it_is_repaired(
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
        return mongo[documents.MARKS].count_documents({"gap": {"$ne": None}}) == 1

    until(sees_gap, "the worker has seen the gap")
    assert pipeline.counted() == 10
    pipeline.send(relay)
    pipeline.drain(consumer)
    assert pipeline.by_unit() == pipeline.expected(units=1)
    assert mongo[documents.MARKS].count_documents({"gap": {"$ne": None}}) == 0


def test_a_worker_counts_nothing_twice_of_a_topic_made_anew(
    pipeline: Pipeline, kafka_log: KafkaLog
) -> None:
    pipeline.write(10)
    pipeline.relay().cycle()
    pipeline.drain(pipeline.consumer())
    pipeline.stop_workers()
    admin = kafka_log._administrator()
    admin.delete_topics([pipeline.topic])
    until(lambda: pipeline.topic not in admin.list_topics(), "the topic is gone")
    kafka_log.ensure_topics({pipeline.topic: -1}, {pipeline.topic: 3})
    pipeline.write(4)
    pipeline.send(pipeline.relay())
    pipeline.drain(pipeline.consumer())
    assert pipeline.by_unit() == pipeline.expected()


def test_every_partition_is_watched_by_two_workers_and_by_the_one_that_is_left(
    pipeline: Pipeline,
) -> None:
    """The resend lay before the position read so far, and one worker alone reads the watermarks."""
    workers = [pipeline.consumer(), pipeline.consumer()]
    relay = pipeline.relay()

    def counts() -> bool:
        for worker in pipeline.consumers:
            worker.turn(0.05)
        return pipeline.counted() == pipeline.written

    def dealt() -> bool:
        counts()
        owned = [worker._reader.assignment() for worker in workers if worker._reader]
        return len(owned) == 2 and all(owned) and sum(map(len, owned)) == 4 * PARTITIONS + 1

    def pass_by() -> None:
        """Write, and put every position behind all of it, as if it had been read."""
        pipeline.write(40)
        pipeline.send(relay)
        for worker in pipeline.consumers:
            assert worker._reader is not None
            for place in worker._reader.assignment():
                if place[0] == pipeline.topic:
                    worker.seek(place, pipeline.log.bounds(place)[1])
        assert relay.publish_watermark()

    until(dealt, "both have partitions")
    pass_by()
    until(counts, "all partitions were read again")
    pipeline.consumers.pop(0)._reader.close()  # type: ignore[union-attr]
    pipeline.write(PARTITIONS)
    pipeline.send(relay)
    until(counts, "the one that is left has all partitions")
    pass_by()
    until(counts, "all partitions were read again")
    assert pipeline.by_unit().total() == pipeline.written
