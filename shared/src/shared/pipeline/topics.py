"""Declares the registry's topics, idempotently: ``python -m shared.pipeline.topics``."""

from contextlib import closing

from shared.base.settings import KafkaSettings
from shared.contract import events
from shared.pipeline.kafka import KafkaLog

FOR_EVER = -1
WATERMARK_RETENTION_MS = 24 * 3600 * 1000


def declare(settings: KafkaSettings) -> None:
    """Create what is missing. Retention of facts is unlimited: replay is the second recount."""
    facts = [topic for topics in events.TOPICS_OF_SOURCE.values() for topic in topics]
    with closing(KafkaLog(settings, client_id="topics")) as log:
        log.ensure_topics(
            {**dict.fromkeys(facts, FOR_EVER), events.WATERMARK_TOPIC: WATERMARK_RETENTION_MS},
            {**dict.fromkeys(facts, settings.kafka_partitions), events.WATERMARK_TOPIC: 1},
        )


if __name__ == "__main__":
    declare(KafkaSettings())
