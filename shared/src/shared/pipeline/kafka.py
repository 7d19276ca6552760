"""The one door to Kafka, with the only settings allowed (docs/adr/0011-kafka-python.md)."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ConfigResource, NewTopic
from kafka.consumer.subscription_state import ConsumerRebalanceListener
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.errors import BrokerResponseError, KafkaError, TopicAlreadyExistsError

from shared.base.settings import KafkaSettings
from shared.pipeline import limits
from shared.pipeline.eventlog import (
    Delivery,
    DeliveryFailed,
    GroupReader,
    Headers,
    LogUnavailable,
    Producer,
    Record,
)
from shared.pipeline.eventlog import TopicPartition as Place
from shared.pipeline.partitions import compare_counts

MAX_MESSAGE_BYTES = 2 * 1024 * 1024
RECORDS_PER_POLL = 2_000
CLOSE_SECONDS = 1
BOUNDS_MS = 3_000
"""A partition without a leader is asked for as long; others wait meanwhile."""
TOPICS_MS = 60_000
"""New topics get their leaders one by one, on a machine that may be busy starting."""
READ_SECONDS = 30
"""After so long without records the brokers are considered gone."""
READING: dict[str, Any] = {
    "enable_auto_commit": False,
    # An offset beyond the log's end (a broker lost its tail) or none at all rereads the
    # partition; the caller's marks make that harmless.
    "auto_offset_reset": "earliest",
    "max_partition_fetch_bytes": MAX_MESSAGE_BYTES,
    "retry_backoff_ms": 5,  # poll() sleeps this long while catching up; the default is 100
}


@contextmanager
def _asking() -> Iterator[None]:
    """Whatever the client fails with, the log cannot be reached now."""
    try:
        yield
    except KafkaError as problem:
        raise LogUnavailable(repr(problem)) from problem


class _KafkaDelivery:
    def __init__(self, future: Any) -> None:
        self._future = future

    def wait(self, timeout: float) -> int:
        try:
            offset = int(self._future.get(timeout).offset)
        except KafkaError as problem:
            refused = isinstance(problem, BrokerResponseError) and not problem.retriable
            raise DeliveryFailed(repr(problem), refused=refused) from problem
        if offset < 0:  # a repeated request older than those whose offsets the broker remembers
            raise DeliveryFailed("acknowledged without its offset")
        return offset

    def done(self) -> bool:
        return bool(self._future.is_done)


class _KafkaProducer:
    def __init__(self, options: dict[str, Any]) -> None:
        self._producer = KafkaProducer(
            **options,
            acks="all",
            enable_idempotence=True,  # named: without it a lesser setting turns it off silently
            compression_type="lz4",
            linger_ms=2,
            batch_size=262_144,
            max_request_size=MAX_MESSAGE_BYTES,
            delivery_timeout_ms=20_000,
            request_timeout_ms=8_000,
            max_block_ms=10_000,
        )

    @_asking()
    def send(self, topic: str, partition: int, value: bytes, headers: Headers) -> Delivery:
        return _KafkaDelivery(
            self._producer.send(topic, value=value, headers=list(headers), partition=partition)
        )

    def close(self) -> None:
        """Drop records under way; a close that waits for them raises and leaves its thread.

        kafka-python 3.0 offers no other way; only its own fields do.
        """
        self._producer._sender.force_close()
        with suppress(KafkaError):
            self._producer.close(timeout=CLOSE_SECONDS)


class _Reassigned(ConsumerRebalanceListener):  # type: ignore[misc]
    """Counts assignments: a partition taken away and given back must differ from one kept."""

    def __init__(self) -> None:
        self.count = 0

    def on_partitions_revoked(self, _revoked: Any) -> None:
        self.count += 1

    def on_partitions_assigned(self, _assigned: Any) -> None:
        self.count += 1


class _KafkaGroupReader:
    def __init__(self, options: dict[str, Any], name: str, topics: Sequence[str]) -> None:
        self._consumer = KafkaConsumer(
            **options,
            **READING,
            group_id=name,
            max_poll_records=RECORDS_PER_POLL,
            max_poll_interval_ms=120_000,
            session_timeout_ms=10_000,
            heartbeat_interval_ms=2_000,
            request_timeout_ms=15_000,
            metadata_max_age_ms=30_000,
            partition_assignment_strategy=[CooperativeStickyAssignor()],
        )
        self._listener = _Reassigned()
        self._consumer.subscribe(topics=list(topics), listener=self._listener)

    def poll(self, timeout: float, limit: int) -> list[Record]:
        with _asking():
            found = self._consumer.poll(timeout_ms=int(timeout * 1000), max_records=limit)
        self._finish_join()
        return [_record(item) for items in found.values() for item in items]

    def _finish_join(self) -> None:
        """Ask for another join where a poll ended between the leader's assignment and its answer.

        kafka-python 3.0 then takes itself for joined and never looks at the answer: the member is
        without partitions for good (docs/adr/0011). Only its own fields show it.
        """
        coordinator = self._consumer._coordinator
        task = coordinator._join_task
        if task is not None and task.is_done and not coordinator.need_rejoin():
            coordinator.request_rejoin()

    def generation(self) -> int:
        return self._listener.count

    def assignment(self) -> frozenset[Place]:
        return frozenset((item.topic, item.partition) for item in self._consumer.assignment())

    def seek(self, partition: Place, offset: int) -> None:
        self._consumer.seek(TopicPartition(*partition), offset)

    def close(self) -> None:
        self._consumer.close(autocommit=False, timeout_ms=3_000)


def _record(item: Any) -> Record:
    return Record(item.topic, item.partition, item.offset, item.value, tuple(item.headers or ()))


class KafkaLog:
    """Apache Kafka by kafka-python. Not fork-safe; make it in the process that uses it."""

    def __init__(self, settings: KafkaSettings, *, client_id: str) -> None:
        self._settings = settings
        self._options: dict[str, Any] = {
            "bootstrap_servers": settings.kafka_bootstrap.split(","),
            "client_id": client_id,
            "reconnect_backoff_ms": 50,
            "reconnect_backoff_max_ms": 1_000,
            **settings.kafka_security,
        }
        self._direct: KafkaConsumer | None = None
        self._admin: KafkaAdminClient | None = None

    @_asking()  # a client asks the brokers before it is made
    def producer(self) -> Producer:
        return _KafkaProducer(self._options)

    @_asking()
    def group(self, name: str, topics: Sequence[str]) -> GroupReader:
        return _KafkaGroupReader(self._options, name, topics)

    @_asking()
    def bounds(self, partition: Place) -> tuple[int, int]:
        place, reader = TopicPartition(*partition), self._reader()
        begin = reader.beginning_offsets([place], timeout_ms=BOUNDS_MS)[place]
        end = reader.end_offsets([place], timeout_ms=BOUNDS_MS)[place]
        return int(begin), int(end)

    def read(self, partition: Place, start: int, end: int) -> Iterator[Record]:
        place, position = TopicPartition(*partition), start
        with _asking():
            reader = self._reader()
            reader.assign([place])
            reader.seek(place, start)
            while position < end:
                found = reader.poll(timeout_ms=READ_SECONDS * 1000).get(place, ())
                for item in found:
                    if item.offset >= end:
                        return
                    yield _record(item)
                before, position = position, int(reader.position(place))
                if not found and position == before:
                    # poll() never says that the brokers are gone: it returns nothing, for ever.
                    raise LogUnavailable(f"{partition}: nothing at {position} before {end}")

    @_asking()
    def topic_ids(self, topics: Sequence[str]) -> Mapping[str, str]:
        described = self._administrator().describe_topics(list(topics))
        return {item["name"]: str(item["topic_id"]) for item in described}

    @_asking()
    def partition_counts(self, topics: Sequence[str]) -> Mapping[str, int]:
        described = self._administrator().describe_topics(list(topics))
        counts = {item["name"]: len(item["partitions"]) for item in described}
        if missing := [topic for topic in topics if not counts.get(topic)]:
            raise LogUnavailable(f"no such topic: {', '.join(missing)}")
        return counts

    def ensure_topics(
        self, retention_ms: Mapping[str, int], partitions: Mapping[str, int]
    ) -> Sequence[str]:
        """Create the topics that are missing; never changes one that is there.

        Returns:
            a line for each setting of theirs that may refuse or lose events.

        Raises:
            PartitionsDiffer: one that is there has another partition count.

        Args:
            retention_ms: milliseconds each topic is kept; -1 for ever.
            partitions: partition count of each topic; never changed in place later.
        """
        admin = self._administrator()
        present = set(admin.list_topics())
        there = sorted(present & partitions.keys())
        for topic, count in (self.partition_counts(there) if there else {}).items():
            compare_counts({topic: count}, partitions[topic])
        missing = [
            NewTopic(
                name,
                num_partitions=partitions[name],
                replication_factor=self._settings.kafka_replication,
                topic_configs={
                    "retention.ms": str(retention),
                    "retention.bytes": "-1",
                    "cleanup.policy": "delete",
                    "max.message.bytes": str(MAX_MESSAGE_BYTES),
                    "message.timestamp.type": limits.ON_ARRIVAL,
                },
            )
            for name, retention in retention_ms.items()
            if name not in present
        ]
        if missing:
            with suppress(TopicAlreadyExistsError):  # another process made it between the calls
                admin.create_topics(missing)
            admin.wait_for_topics([topic.name for topic in missing], timeout_ms=TOPICS_MS)
        return self.shortfalls(list(retention_ms))

    @_asking()
    def shortfalls(self, topics: Sequence[str]) -> Sequence[str]:
        asked = [ConfigResource("TOPIC", topic) for topic in topics]
        found = self._administrator().describe_configs(asked, config_filter="all")["topic"]
        return [
            line
            for topic in topics
            for line in limits.shortfalls(
                topic, {name: entry["value"] for name, entry in found[topic].items()}
            )
        ]

    def close(self) -> None:
        for client in (self._direct, self._admin):
            if client is not None:
                client.close()
        self._direct = self._admin = None

    def _reader(self) -> KafkaConsumer:
        if self._direct is None:
            self._direct = KafkaConsumer(**self._options, **READING, request_timeout_ms=10_000)
        return self._direct

    def _administrator(self) -> KafkaAdminClient:
        if self._admin is None:
            self._admin = KafkaAdminClient(**self._options)
        return self._admin
