"""Numbered outbox rows as Kafka records: runs of one partition, within a record's size."""

from typing import Any

from shared.contract.events import envelope
from shared.pipeline.eventlog import TopicPartition


def place_of(row: dict[str, Any]) -> TopicPartition:
    """Return the topic and partition an outbox row goes to."""
    return row["topic"], row["partition"]


def pack(
    rows: list[dict[str, Any]], source: str
) -> list[tuple[TopicPartition, envelope.Span, bytes]]:
    """Return numbered rows as records: runs of one partition and epoch, within a record's size.

    Args:
        rows: in order of topic, partition, sequence.
        source: CloudEvents source of all of them.
    """
    records: list[tuple[TopicPartition, envelope.Span, bytes]] = []
    bodies: list[bytes] = []
    size = 0
    first: dict[str, Any] | None = None
    last: dict[str, Any] | None = None

    def close() -> None:
        if first is not None and last is not None:
            span = envelope.Span(source, first["epoch"], first["sequence"], last["sequence"])
            records.append((place_of(first), span, envelope.batch(bodies)))

    for row in rows:
        body = envelope.numbered(row["body"], sequence=row["sequence"], epoch=row["epoch"])
        fits = (
            last is not None
            and place_of(row) == place_of(last)
            and row["epoch"] == last["epoch"]
            and row["sequence"] == last["sequence"] + 1
            and len(bodies) < envelope.MAX_EVENTS_PER_RECORD
            and size + len(body) + 1 <= envelope.MAX_RECORD_BYTES
        )
        if not fits:
            close()
            first, bodies, size = row, [], 2
        bodies.append(body)
        size += len(body) + 1
        last = row
    close()
    return records
