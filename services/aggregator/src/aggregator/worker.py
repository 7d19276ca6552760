"""The worker process: Kafka to committed counters (``python -m aggregator.worker``)."""

import signal

from aggregator.intake.handler import TOPICS, CountingConsumer, CountingHandler
from aggregator.settings import AggregatorSettings
from shared.base import log
from shared.base.health import serve_health
from shared.base.mongo import connect
from shared.base.settings import KafkaSettings, MongoSettings, ProcessSettings
from shared.pipeline.kafka import KafkaLog

STALLED_SECONDS = 30.0


def main() -> None:
    """Read the environment, count until SIGTERM; an event that must not be skipped ends it."""
    process, kafka, settings = ProcessSettings(), KafkaSettings(), AggregatorSettings()
    log.configure(process.instance, level=process.log_level, log_format=process.log_format)
    event_log = KafkaLog(kafka, client_id=process.instance)
    handler = CountingHandler(connect(MongoSettings()), event_log, settings)
    consumer = CountingConsumer(
        event_log, settings.consumer_group, TOPICS, handler, kafka.kafka_partitions
    )

    def problems() -> list[str]:
        idle = consumer.idle_seconds()
        stalled = [f"no progress for {idle:.0f} s"] if idle > STALLED_SECONDS else []
        return [*stalled, *handler.gaps()]

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: consumer.stop.set())
    serve_health(process.host, process.port, problems)
    consumer.run()


if __name__ == "__main__":
    main()
