"""From Kafka to committed counters against a bare poll and ``orjson.loads`` of the same topic."""

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from statistics import median

import orjson
from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition

from aggregator.intake import documents
from aggregator.intake.handler import TOPICS, CountingConsumer, CountingHandler
from aggregator.migrate import migrate
from aggregator.settings import AggregatorSettings
from benchmarks.report import Line, median_ratio, significant
from benchmarks.stand import Stand, stand
from benchmarks.topic import TOPIC, UNITS, Filled, Shape
from shared.base.ids import new_id
from shared.base.settings import KafkaSettings
from shared.pipeline import topics
from shared.pipeline.eventlog import TopicPartition as Place
from shared.pipeline.kafka import MAX_MESSAGE_BYTES, RECORDS_PER_POLL, KafkaLog
from tests.waiting import until

BASELINE = "bare kafka-python poll + orjson.loads of every record, nothing counted or stored"
SHAPES = (
    Shape("single.record-of-1", packed=False, per_record=1, alike=False, rows=40_000),
    Shape("single.record-of-500", packed=False, per_record=500, alike=False, rows=120_000),
    Shape("packed.roster", packed=True, per_record=500, alike=False, rows=240_000),
    Shape("packed.alike", packed=True, per_record=500, alike=True, rows=2_400_000),
)


def run(*, quick: bool) -> Iterator[Line]:
    """Yield rows per second of each shape."""
    share, repetitions = (0.25, 1) if quick else (1.0, 3)
    with stand(with_kafka=True) as place:
        settings = KafkaSettings(kafka_bootstrap=place.servers.kafka_bootstrap)
        for shape in SHAPES:
            _renew_topics(settings)
            filled = Filled.of(shape, settings, int(shape.rows * share))
            counted: list[Spent] = []
            bare: list[Spent] = []
            for _ in range(repetitions):
                bare.append(_read(settings, filled.records))
                counted.append(_count(place, settings, filled))
            yield from _lines(shape, filled, counted, bare)


@dataclass(frozen=True)
class Spent:
    """Seconds of a run, by the clock and by the processor (this process; mongod's aside).

    Neighbours lengthen the first and hardly the second.
    """

    clock: float
    cpu: float
    mongod: float = 0.0


class _Watch:
    def __init__(self) -> None:
        self._clock, self._cpu = time.perf_counter(), time.process_time()

    def spent(self, mongod: float = 0.0) -> Spent:
        return Spent(time.perf_counter() - self._clock, time.process_time() - self._cpu, mongod)


def _lines(shape: Shape, filled: Filled, counted: list[Spent], bare: list[Spent]) -> Iterator[Line]:
    conditions = {
        "rows": filled.rows,
        "events": filled.events,
        "records": filled.records,
        "bytes": filled.bytes,
        "rows_per_event": round(filled.rows / filled.events, 1),
        "distinct_steps_per_row": round(filled.steps / filled.rows, 3),
        "units": UNITS,
        "partitions": KafkaSettings().kafka_partitions,
        "repetitions": len(counted),
        "mongod_cpu_us_per_row": significant(
            median(one.mongod for one in counted) / filled.rows * 1e6
        ),
    }
    name = f"worker.{shape.name}"
    rates = [filled.rows / one.clock for one in counted]
    plain = [filled.rows / one.clock for one in bare]
    ratio = median_ratio(rates, plain)
    yield Line(f"{name}.rate", median(rates), "rows/s", BASELINE, median(plain), ratio, conditions)
    cpu = [median(one.cpu for one in runs) / filled.rows * 1e6 for runs in (counted, bare)]
    yield Line(f"{name}.cpu", cpu[0], "us/row", BASELINE, cpu[1])


def _renew_topics(settings: KafkaSettings) -> None:
    """Make the topics anew, so that each shape is read from its own beginning."""
    admin = KafkaAdminClient(bootstrap_servers=settings.kafka_bootstrap)
    present = set(TOPICS) & set(admin.list_topics())
    if present:
        admin.delete_topics(sorted(present))
        until(lambda: not present & set(admin.list_topics()), "the topics are gone")
    topics.declare(settings)
    until(lambda: set(TOPICS) <= set(admin.list_topics()), "the topics are there")
    admin.close()


def _read(settings: KafkaSettings, records: int) -> Spent:
    """Return what a bare loop takes over the topic, with the worker's consumer settings."""
    consumer = KafkaConsumer(
        bootstrap_servers=settings.kafka_bootstrap,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_poll_records=RECORDS_PER_POLL,
        max_partition_fetch_bytes=MAX_MESSAGE_BYTES,
        retry_backoff_ms=5,
    )
    places = [TopicPartition(TOPIC, number) for number in range(settings.kafka_partitions)]
    consumer.assign(places)
    consumer.beginning_offsets(places)  # connected and informed before the clock starts
    seen = 0
    watch = _Watch()
    while seen < records:
        for found in consumer.poll(timeout_ms=1_000).values():
            for record in found:
                orjson.loads(record.value)
            seen += len(found)
    spent = watch.spent()
    consumer.close()
    return spent


@dataclass
class _Timed(CountingHandler):
    """Notes when partitions were dealt out: joining a group is no part of counting."""

    place: Stand | None = None
    watch: _Watch = field(default_factory=_Watch)
    mongod: float = 0.0

    def positions(self, partitions: Iterable[Place]) -> Mapping[Place, int]:
        """Return what is stored, and start the clock."""
        found = super().positions(partitions)
        self.watch, self.mongod = _Watch(), self.mongod_seconds()
        return found

    def mongod_seconds(self) -> float:
        """Return the processor time of mongod."""
        return 0.0 if self.place is None else self.place.cpu_seconds("mongod")


def _count(place: Stand, settings: KafkaSettings, filled: Filled) -> Spent:
    """Return what the worker takes from its assignment to the last commit.

    Raises:
        RuntimeError: the counters do not hold exactly what was written.
    """
    database = place.database(f"aggregator_{new_id()}")
    migrate(database)
    log = KafkaLog(settings, client_id="benchmark")
    handler = _Timed(database, log, AggregatorSettings(), place=place)
    consumer = CountingConsumer(log, new_id(), TOPICS, handler)
    seen = 0
    while seen < filled.records:
        seen += consumer.turn()
    handler.commit()
    spent = handler.watch.spent(handler.mongod_seconds() - handler.mongod)
    consumer.stop.set()
    consumer.run()  # leaves the group
    log.close()
    counted = sum(found["c"]["ACTIVE"] for found in database[documents.COUNTERS].find())
    database.client.drop_database(database.name)
    database.client.close()
    if counted != filled.rows:
        raise RuntimeError(f"counted {counted} of {filled.rows}")
    return spent
