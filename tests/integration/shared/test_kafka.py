"""The client of the log, where Kafka does not answer."""

import threading

import pytest
from kafka.errors import KafkaTimeoutError

from shared.base.settings import KafkaSettings
from shared.contract import events
from shared.pipeline import kafka
from shared.pipeline.eventlog import LogUnavailable
from shared.pipeline.kafka import KafkaLog
from tests.waiting import until


def network_threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if "network-thread" in thread.name}


def test_a_producer_of_the_log_is_given_up_with_records_under_way(kafka_log: KafkaLog) -> None:
    """Each broker that was silent for five seconds ended every relay: close() raised."""
    before = network_threads()
    producer = kafka_log.producer()
    for number in range(2_000):
        producer.send(events.MEMBER_TOPIC, number % 3, b"x" * 1_000, [])
    # Its own: a client of an earlier test may just be ending.
    own = network_threads() - before
    assert own
    producer.close()
    until(lambda: not any(thread.is_alive() for thread in own), "its threads have ended")


def test_clients_of_the_log_made_while_no_broker_answers_find_it_unavailable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Relays and workers that started before their broker ended with a traceback."""

    def refuse(*_: object, **__: object) -> None:
        raise KafkaTimeoutError("Unable to bootstrap")

    monkeypatch.setattr(kafka, "KafkaProducer", refuse)
    monkeypatch.setattr(kafka, "KafkaConsumer", refuse)
    log = KafkaLog(KafkaSettings(), client_id="test")
    with pytest.raises(LogUnavailable):
        log.producer()
    with pytest.raises(LogUnavailable):
        log.group("nobody", [events.WATERMARK_TOPIC])
