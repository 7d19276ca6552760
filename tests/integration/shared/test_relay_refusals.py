"""A record that the broker refuses: it harms no other partition, and is shown with what to do."""

from collections.abc import Callable
from contextlib import suppress

import httpx
import pytest
from kafka.admin import ConfigResource

from shared.base.mongo import Database
from shared.contract import events
from shared.pipeline import outbox
from shared.pipeline.eventlog import LogUnavailable, TopicPartition
from shared.pipeline.kafka import KafkaLog
from shared.pipeline.relay import Relay, health
from shared.pipeline.relay.__main__ import RelayLoop
from shared.pipeline.relay.aggregator import Aggregator
from tests.integration.pipeline import SOURCE, Pipeline, log_in_memory, states
from tests.waiting import until


def limit(log: KafkaLog, topic: str, size: int) -> None:
    """Have a topic refuse larger batches, and wait until it does."""
    wanted = {"max.message.bytes": str(size)}
    log._administrator().alter_configs([ConfigResource("TOPIC", topic, wanted)])
    until(lambda: any(f" {size} " in line for line in log.shortfalls([topic])), "the limit is set")


def unsent(mongo: Database) -> set[TopicPartition]:
    found = mongo[outbox.COLLECTION].find({"state": {"$ne": outbox.SENT}})
    return {(row["topic"], row["partition"]) for row in found}


def cycles(relay: Relay, condition: Callable[[], bool]) -> Callable[[], bool]:
    """Return a condition that turns the relay before it looks."""

    def held() -> bool:
        with suppress(LogUnavailable):  # as the process does: it asks again
            relay.cycle()
        return condition()

    return held


def test_a_refused_record_of_the_relay_harms_no_other_partition(
    pipeline: Pipeline, kafka_log: KafkaLog, mongo: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With kafka-python 3.0.12 it failed whatever its producer sent, on every topic."""
    monkeypatch.setattr(health, "LONGEST_REST_REFUSED", 1.0)
    limit(kafka_log, pipeline.topic, 4_000)
    pipeline.write(300, units=1)
    ((_, number),) = refused = unsent(mongo)
    pipeline.write(40)
    relay = pipeline.relay()
    until(cycles(relay, lambda: unsent(mongo) == refused), "the others are sent")
    until(cycles(relay, lambda: relay.refusals() != []), "it is shown what is refused")
    (line,) = relay.refusals()
    assert line.startswith(f"{pipeline.topic}/{number}: numbers 1 to 3")
    assert "MessageSizeTooLargeError" in line
    assert f"{pipeline.topic}: raise max.message.bytes from 4000 to " in line
    producers = set()
    for _ in range(3):  # while it is tried again, the others keep theirs
        pipeline.write(40)
        until(cycles(relay, lambda: unsent(mongo) == refused), "the others are sent")
        producers.add(relay._sender.producer)
    assert len(producers) == 1
    limit(kafka_log, pipeline.topic, 500_000)
    until(cycles(relay, lambda: states(mongo) == [outbox.SENT] * 460), "all is sent")
    assert relay.refusals() == []
    pipeline.drain(pipeline.consumer())
    assert pipeline.counted() == 460


def test_a_refused_watermark_of_the_relay_harms_no_partition(
    pipeline: Pipeline, kafka_log: KafkaLog, mongo: Database
) -> None:
    limit(kafka_log, events.WATERMARK_TOPIC, 50)
    pipeline.write(20)
    relay = pipeline.relay()
    pipeline.send(relay)
    producer = relay._sender.producer
    assert not relay.publish_watermark()
    (line,) = relay.refusals()
    assert line.startswith(f"{events.WATERMARK_TOPIC}/0: the watermark of ")
    pipeline.write(20)
    pipeline.send(relay)
    assert relay._sender.producer is producer
    assert unsent(mongo) == set()


def test_a_relay_is_not_ready_while_a_record_is_refused(
    mongo: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "FIRST_REST", 0.0)
    log = log_in_memory()
    pipeline = Pipeline(mongo, log)
    pipeline.write(30)
    relay = pipeline.relay()
    loop = RelayLoop(relay, Aggregator("http://nobody", None, SOURCE, httpx.Client(transport=None)))
    place = min(unsent(mongo))
    log.refused[place] = b"u"
    relay.cycle()  # whose record it is does not show yet
    relay.cycle()
    assert unsent(mongo) == {place}
    (problem,) = loop.problems()
    assert problem.startswith(f"{place[0]}/{place[1]}: numbers 1 to ")
    assert "memory refuses a record" in problem
    relay.resign()
    assert loop.problems() == []
    assert relay.lead()
    log.refused.clear()
    until(cycles(relay, lambda: unsent(mongo) == set()), "all is sent")
    assert loop.problems() == []
    pipeline.drain(pipeline.consumer())
    assert pipeline.by_unit() == pipeline.expected()


def test_a_relay_names_the_record_that_is_refused_and_sends_those_before_it(
    mongo: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.contract.events.envelope.MAX_EVENTS_PER_RECORD", 5)
    log = log_in_memory()
    pipeline = Pipeline(mongo, log)
    pipeline.write(23, units=1)
    (place,) = unsent(mongo)
    log.refused[place] = b'"e12"'
    relay = pipeline.relay()
    relay.number()
    (number,) = (
        row["sequence"] for row in mongo[outbox.COLLECTION].find() if b'"e12"' in row["body"]
    )
    before = (number - 1) // 5 * 5
    until(cycles(relay, lambda: relay.refusals() != []), "it is shown what is refused")
    assert states(mongo).count(outbox.SENT) == before
    last = min(before + 5, 23)
    named = f"{place[0]}/{place[1]}: numbers {before + 1} to {last} of "
    assert relay.refusals()[0].startswith(named)


def test_the_log_names_the_settings_of_topics_that_are_too_low_for_events(
    kafka_log: KafkaLog,
) -> None:
    topic = events.MEMBER_TOPIC
    assert kafka_log.ensure_topics({topic: -1}, {topic: 3}) == []
    changed = {"retention.ms": "1000", "message.timestamp.type": "CreateTime"}
    kafka_log._administrator().alter_configs([ConfigResource("TOPIC", topic, changed)])
    wanted = [
        f"{topic}: raise retention.ms from 1000 to -1 (no limit)",
        f"{topic}: raise message.timestamp.after.max.ms from 3600000 to 86400000",
    ]
    until(lambda: kafka_log.ensure_topics({topic: -1}, {topic: 3}) == wanted, "they are named")
