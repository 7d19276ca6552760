"""The loop from the log to a handler: when it makes progress, and when it only seems to."""

from collections.abc import Callable, Iterable, Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from pymongo.errors import AutoReconnect

from shared.contract import events
from shared.pipeline import consumer as module
from shared.pipeline.consumer import Consumer
from shared.pipeline.eventlog import LogUnavailable, Record, TopicPartition
from shared.pipeline.memorylog import MemoryLog
from shared.register import jobloop
from shared.register.jobloop import JobLoop

TOPIC = events.UNIT_TOPIC


class Taken:
    """Takes every record, and may be set to fail."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.fails = False

    def positions(self, partitions: Iterable[TopicPartition]) -> Mapping[TopicPartition, int]:
        return dict.fromkeys(partitions, 0)

    def fold(self, record: Record) -> None:
        self.records.append(record)

    def due(self) -> bool:
        return False

    def commit(self) -> None:
        if self.fails:
            raise AutoReconnect("no primary")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Return a way to make seconds pass for the loops."""
    moment = [1_000.0]
    for part in (module, jobloop):
        monkeypatch.setattr(part, "time", SimpleNamespace(monotonic=lambda: moment[0]))

    def turn(seconds: float) -> None:
        moment[0] += seconds

    return turn


@pytest.fixture
def log() -> MemoryLog:
    return MemoryLog({TOPIC: 1})


def reading(log: MemoryLog, handler: Taken) -> Consumer:
    """Return a loop that has its partitions."""
    found = Consumer(log, "readers", (TOPIC,), handler)
    found.turn(0.0)
    found.turn(0.0)
    return found


def test_records_are_progress_of_a_consumer_and_so_is_a_log_that_has_none(
    clock: Callable[[float], None], log: MemoryLog
) -> None:
    handler = Taken()
    loop = reading(log, handler)
    clock(5.0)
    loop.turn(0.0)
    assert loop.idle_seconds() == 5.0
    log.producer().send(TOPIC, 0, b"[]", [])
    loop.turn(0.0)
    assert len(handler.records) == 1
    assert loop.idle_seconds() == 0.0
    clock(40.0)
    loop.turn(0.0)
    assert loop.idle_seconds() == 0.0


def test_a_poll_that_finds_no_broker_is_no_progress_of_a_consumer(
    clock: Callable[[float], None], log: MemoryLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = reading(log, Taken())

    def nobody(_: TopicPartition) -> tuple[int, int]:
        raise LogUnavailable("no broker")

    monkeypatch.setattr(log, "bounds", nobody)
    clock(40.0)
    with pytest.raises(LogUnavailable):
        loop.turn(0.0)
    assert loop.idle_seconds() == 40.0


def test_what_cannot_be_committed_is_no_progress_of_a_consumer(
    clock: Callable[[float], None], log: MemoryLog
) -> None:
    handler = Taken()
    loop = reading(log, handler)
    handler.fails = True
    clock(40.0)
    with pytest.raises(AutoReconnect):
        loop.turn(0.0)
    assert loop.idle_seconds() == 40.0


def test_a_consumer_reads_a_topic_made_anew_from_its_beginning(
    clock: Callable[[float], None], log: MemoryLog
) -> None:
    """The client went on at its old offset: what the new topic held before it was never read."""
    handler = Taken()
    loop = reading(log, handler)
    producer = log.producer()
    for value in (b"a", b"b"):
        producer.send(TOPIC, 0, value, [])
    loop.turn(0.0)
    log.make_anew(TOPIC)
    for value in (b"c", b"d", b"e"):
        producer.send(TOPIC, 0, value, [])
    loop.turn(0.0)
    clock(module.TOPICS_SECONDS)
    for _ in range(3):
        loop.turn(0.0)
    assert [record.value for record in handler.records] == [b"a", b"b", b"e", b"c", b"d", b"e"]


def test_the_job_loop_of_a_worker_says_for_how_long_the_database_fails(
    clock: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    anything: Any = None
    loop = JobLoop(anything, [anything], "w")
    seen: list[float] = []
    outcomes = iter([AutoReconnect("no primary"), AutoReconnect("no primary"), None])

    def answer(*_: object) -> bool:
        seen.append(loop.failing_seconds())
        outcome = next(outcomes)
        if outcome is None:
            loop.stop.set()
            return True
        raise outcome

    monkeypatch.setattr(jobloop, "run_next", answer)
    monkeypatch.setattr(loop.stop, "wait", lambda _: clock(20.0))
    loop.run()
    assert seen == [0.0, 20.0, 40.0]
    assert loop.failing_seconds() == 0.0
