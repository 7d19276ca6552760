"""What the registry asks of an event log, held by the log in memory and by the real broker alike."""

from collections.abc import Iterator
from contextlib import suppress

import pytest

from shared.contract import events
from shared.pipeline.eventlog import EventLog, GroupReader, LogUnavailable, Record
from shared.pipeline.kafka import KafkaLog
from shared.pipeline.memorylog import MemoryLog
from tests.waiting import LIMIT, until

HEADERS = [("source", b"/services/member"), ("first-sequence", b"1")]


@pytest.fixture(params=["memory", "kafka"])
def log(request: pytest.FixtureRequest) -> Iterator[EventLog]:
    if request.param == "kafka":
        found: KafkaLog = request.getfixturevalue("kafka_log")
        yield found
        return
    topics = [topic for owned in events.TOPICS_OF_SOURCE.values() for topic in owned]
    yield MemoryLog({**dict.fromkeys(topics, 3), events.WATERMARK_TOPIC: 1})


def topic() -> str:
    return events.TOPICS_OF_SOURCE["/services/member"][0]


def write(log: EventLog, partition: int, *values: bytes) -> list[int]:
    producer = log.producer()
    sent = [producer.send(topic(), partition, value, HEADERS) for value in values]
    offsets = [delivery.wait(LIMIT) for delivery in sent]
    producer.close()
    return offsets


def drain(reader: GroupReader, count: int) -> list[Record]:
    found: list[Record] = []

    def enough() -> bool:
        with suppress(LogUnavailable):  # as those who read do: they ask again
            found.extend(reader.poll(0.5, 100))
        return len(found) >= count

    until(enough)
    return found


def test_offsets_of_the_log_count_up_within_a_partition(log: EventLog) -> None:
    assert write(log, 0, b"a", b"b") == [0, 1]
    assert write(log, 1, b"c") == [0]
    assert write(log, 0, b"d") == [2]


def test_the_log_shows_its_bounds_and_reads_what_lies_between_offsets(log: EventLog) -> None:
    assert log.bounds((topic(), 0)) == (0, 0)
    write(log, 0, b"a", b"b", b"c")
    assert log.bounds((topic(), 0)) == (0, 3)
    found = list(log.read((topic(), 0), 1, 3))
    assert [(record.offset, record.value) for record in found] == [(1, b"b"), (2, b"c")]
    assert dict(found[0].headers) == dict(HEADERS)
    assert list(log.read((topic(), 0), 3, 3)) == []


def test_a_group_reads_every_partition_of_the_log_from_the_beginning(log: EventLog) -> None:
    write(log, 0, b"a")
    write(log, 2, b"b")
    reader = log.group("readers", [topic()])
    found = drain(reader, 2)
    assert {(record.partition, record.value) for record in found} == {(0, b"a"), (2, b"b")}
    assert reader.assignment() == {(topic(), number) for number in range(3)}
    reader.close()


def test_a_group_that_seeks_reads_the_log_again_from_there(log: EventLog) -> None:
    write(log, 0, b"a", b"b", b"c")
    reader = log.group("seekers", [topic()])
    drain(reader, 3)
    reader.seek((topic(), 0), 1)
    assert [record.value for record in drain(reader, 2)] == [b"b", b"c"]
    reader.close()


def test_an_offset_beyond_the_end_of_the_log_rereads_from_the_beginning(log: EventLog) -> None:
    write(log, 0, b"a", b"b")
    reader = log.group("lost", [topic()])
    drain(reader, 2)
    reader.seek((topic(), 0), 50)
    assert [record.value for record in drain(reader, 2)] == [b"a", b"b"]
    reader.close()


def test_a_second_reader_in_a_group_of_the_log_shares_the_partitions_and_both_notice(
    log: EventLog,
) -> None:
    first = log.group("shared", [topic()])
    until(lambda: first.poll(0.5, 10) == [] and len(first.assignment()) == 3)
    before = first.generation()
    second = log.group("shared", [topic()])

    def shared() -> bool:
        first.poll(0.5, 10)
        second.poll(0.5, 10)
        owned = [first.assignment(), second.assignment()]
        return all(owned) and not owned[0] & owned[1] and len(owned[0] | owned[1]) == 3

    until(shared)
    assert first.generation() > before
    second.close()
    until(lambda: first.poll(0.5, 10) == [] and len(first.assignment()) == 3)
    first.close()


def test_topic_ids_of_the_log_are_stable_and_distinct(log: EventLog) -> None:
    wanted = [topic(), events.WATERMARK_TOPIC]
    ids = log.topic_ids(wanted)
    assert set(ids) == set(wanted)
    assert len(set(ids.values())) == 2
    assert log.topic_ids(wanted) == ids
