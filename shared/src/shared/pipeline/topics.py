"""Declares the registry's topics, idempotently: ``python -m shared.pipeline.topics``."""

import sys
from collections.abc import Sequence
from contextlib import closing

from shared.base.settings import KafkaSettings
from shared.contract import events
from shared.pipeline import limits
from shared.pipeline.kafka import KafkaLog


def declare(settings: KafkaSettings) -> Sequence[str]:
    """Create what is missing; return a line for each setting that events need otherwise."""
    facts = [topic for topics in events.TOPICS_OF_SOURCE.values() for topic in topics]
    topics = [*facts, events.WATERMARK_TOPIC]
    with closing(KafkaLog(settings, client_id="topics")) as log:
        return log.ensure_topics(
            {topic: limits.retention_of(topic) for topic in topics},
            {**dict.fromkeys(facts, settings.kafka_partitions), events.WATERMARK_TOPIC: 1},
        )


if __name__ == "__main__":
    sys.stderr.writelines(f"warning: {line}\n" for line in declare(KafkaSettings()))
