"""A log that loses what it acknowledged while its relay lives: the relay finds out and sends it again.

Each test is one way in which the loss shows, or hides.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from embedded.kafka import data_dir
from shared.base.clock import now
from shared.base.mongo import Database
from shared.contract.marks import Mark, ReportedGap
from shared.pipeline import outbox
from shared.pipeline.eventlog import Delivery, DeliveryFailed, Headers, LogUnavailable, Producer
from shared.pipeline.kafka import KafkaLog
from shared.pipeline.memorylog import MemoryLog
from shared.pipeline.relay import SEQUENCES, Relay, tail
from shared.pipeline.relay.tail import TailGone
from tests.integration.pipeline import SOURCE, Pipeline, log_in_memory, states
from tests.servers import RealServers
from tests.waiting import until


@dataclass
class Stand:
    """A pipeline on a log in memory, with one partition in use and a leading relay."""

    pipeline: Pipeline
    log: MemoryLog
    leader: Relay

    def send(self, count: int) -> None:
        """Write facts and send them, a record each time."""
        self.pipeline.write(count, units=1)
        self.pipeline.send(self.leader)

    def lose(self, records: int) -> None:
        for number in range(3):
            self.log.lose_tail((self.pipeline.topic, number), records)

    def counted(self) -> bool:
        """Return whether a fresh worker counts each fact once, from the log alone."""
        (place,) = (place for place, records in self.log._records.items() if records)
        extent = tail.Extent("", *self.log.bounds(place))
        records = self.log.read(place, extent.begin, extent.end)
        held = tail.scan(records, tail.Writer(SOURCE, 1), extent, 0)
        if held.lacking <= self.pipeline.written:
            return False  # a worker would wait for it, for ever
        self.pipeline.drain(self.pipeline.consumer())
        return self.pipeline.by_unit() == self.pipeline.expected(units=1)


@pytest.fixture
def stand(mongo: Database) -> Stand:
    log = log_in_memory()
    pipeline = Pipeline(mongo, log)
    made = Stand(pipeline, log, pipeline.relay())
    for count in (5, 4, 3):
        made.send(count)
    return made


def test_a_relay_finds_a_lost_tail_by_the_next_offset_it_is_given(stand: Stand) -> None:
    stand.lose(2)
    stand.send(6)
    assert stand.counted()


def test_a_relay_finds_a_lost_tail_behind_newer_records_by_comparing(stand: Stand) -> None:
    """The last number was the last one given, so that nothing seemed to be missing, for ever."""
    stand.lose(2)
    place = next(place for place, records in stand.log._records.items() if records)
    stand.pipeline.write(4, units=1)
    stand.leader.number()
    rows, _ = stand.leader._unsent()
    assert stand.leader._sender.deliver(rows).keys() == {place}  # and killed before the mark
    successor = stand.pipeline.relay()
    stand.pipeline.send(successor)
    assert stand.counted()


def test_a_relay_finds_a_lost_tail_while_nothing_is_sent(stand: Stand) -> None:
    stand.lose(1)
    assert stand.leader.heal() == 3
    stand.pipeline.send(stand.leader)
    assert stand.leader.heal() == 0
    assert stand.counted()


@dataclass
class Silent:
    """A producer whose records arrive, and whose answers do not."""

    inner: Producer

    def send(self, topic: str, partition: int, value: bytes, headers: Headers) -> Delivery:
        self.inner.send(topic, partition, value, headers)
        return Unanswered()

    def close(self) -> None:
        self.inner.close()


class Unanswered:
    def wait(self, timeout: float) -> int:
        raise DeliveryFailed(f"no answer within {timeout} s")

    def done(self) -> bool:
        return True


def test_a_relay_finds_a_lost_tail_that_records_without_an_answer_hide(stand: Stand) -> None:
    """They fill the offsets that were lost, and the next answer names one beyond them."""
    stand.lose(1)
    stand.leader._sender.producer = Silent(stand.log.producer())
    stand.pipeline.write(2, units=1)
    stand.leader.cycle()
    stand.pipeline.send(stand.leader)
    assert stand.counted()


def test_a_relay_sends_everything_again_to_a_topic_made_anew(stand: Stand) -> None:
    stand.log.make_anew(stand.pipeline.topic)
    stand.leader.doubt_renewed_topics()
    stand.pipeline.send(stand.leader)
    assert stand.counted()
    stand.leader.doubt_renewed_topics()
    assert stand.leader._sender.health.doubtful == set()


def hole(stand: Stand) -> tuple[str, int]:
    """Take the second record out of the log, as no broker does, and return its partition."""
    place = next(place for place, records in stand.log._records.items() if records)
    first, _, third = stand.log._records[place]
    stand.log._records[place] = [first, third, third]
    return place


def test_a_relay_looks_into_a_gap_that_the_aggregator_reports(stand: Stand) -> None:
    place = hole(stand)
    assert stand.leader.heal() == 0  # the last record is the one remembered
    gap = ReportedGap(expected=6, seen=12, since=now())
    mark = Mark(topic=place[0], partition=place[1], epoch=1, sequence=5, gap=gap)
    stand.leader.take_marks([mark])
    resent = [stand.leader.heal() for _ in range(4)]
    assert resent == [0, 7, 0, 0]
    stand.pipeline.send(stand.leader)
    assert stand.counted()


def test_a_relay_that_remembers_no_record_reads_the_log_once(stand: Stand, mongo: Database) -> None:
    """An earlier release remembered numbers only; a gap of its days is found at the first start."""
    hole(stand)
    mongo[SEQUENCES].update_many({}, {"$unset": {"acknowledged": ""}})
    successor = stand.pipeline.relay()
    assert states(mongo).count(outbox.NUMBERED) == 7
    stand.pipeline.send(successor)
    assert stand.counted()


def test_a_relay_ends_where_lost_rows_are_gone_unless_they_are_counted(
    stand: Stand, mongo: Database
) -> None:
    place = next(place for place, records in stand.log._records.items() if records)
    mongo[outbox.COLLECTION].delete_many({"sequence": {"$lte": 7}})
    stand.log.make_anew(place[0])
    with pytest.raises(TailGone):
        stand.leader.heal()
    counted = Mark(topic=place[0], partition=place[1], epoch=1, sequence=6)
    stand.leader.take_marks([counted])
    with pytest.raises(TailGone):
        stand.leader.heal()
    stand.leader.take_marks([counted.model_copy(update={"sequence": 7})])
    assert stand.leader.heal() == 5
    until(lambda: stand.leader.cycle() == 0, "what is kept is sent again")
    assert len(stand.log._records[place]) == 1


def cut(segments: list[Path], sizes: dict[Path, int]) -> None:
    """Give files back the length they had, as lost page cache would."""
    for segment in segments:
        with segment.open("r+b") as file:
            file.truncate(sizes[segment])
        for other in segment.parent.glob("*.snapshot"):
            other.unlink()


def turn(relay: Relay) -> None:
    with suppress(
        LogUnavailable
    ):  # as the process does: it asks again, and compares every so often
        relay.cycle()
        if relay._sender.health.uncompared:
            relay.heal()


def sent(pipeline: Pipeline, relay: Relay) -> Callable[[], bool]:
    def everything() -> bool:
        turn(relay)
        return states(pipeline.mongo) == [outbox.SENT] * pipeline.written

    return everything


def test_a_living_relay_heals_a_broker_that_lost_its_tail(
    servers: RealServers, pipeline: Pipeline
) -> None:
    """What was sent after the loss hid it, and after a week the only copy was deleted."""
    pipeline.write(30)
    relay = pipeline.relay()
    pipeline.send(relay)
    segments = list(data_dir(servers.runtime).glob(f"{pipeline.topic}-*/*.log"))
    sizes = {segment: segment.stat().st_size for segment in segments}
    pipeline.write(15)
    pipeline.send(relay)
    servers.kafka.kill()
    try:
        cut(segments, sizes)
    finally:
        servers.kafka.start()  # other tests need it
    pipeline.write(40)
    until(sent(pipeline, relay), "everything is sent once more")
    pipeline.drain(pipeline.consumer())
    assert pipeline.by_unit() == pipeline.expected()


def test_a_topic_made_anew_is_filled_by_its_relay_and_read_by_its_worker_while_both_run(
    pipeline: Pipeline, kafka_log: KafkaLog
) -> None:
    """A client that reads goes on at its old offset, over what the new topic holds before it."""
    pipeline.write(10)
    relay, consumer = pipeline.relay(), pipeline.consumer()
    pipeline.send(relay)
    pipeline.drain(consumer)
    admin = kafka_log._administrator()
    admin.delete_topics([pipeline.topic])
    until(lambda: pipeline.topic not in admin.list_topics(), "the topic is gone")
    kafka_log.ensure_topics({pipeline.topic: -1}, {pipeline.topic: 3})
    pipeline.write(30)
    until(sent(pipeline, relay), "everything written since is sent")
    relay.doubt_renewed_topics()
    relay.heal()
    until(sent(pipeline, relay), "everything is in the new topic")
    pipeline.drain(consumer)
    assert pipeline.by_unit() == pipeline.expected()
