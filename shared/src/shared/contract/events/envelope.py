"""The CloudEvents 1.0 envelope of every event, and how a Kafka record packs a batch of them.

A record's value is always a CloudEvents JSON batch: an array of 1..500 events of one partition.
The headers name source, epoch, first and last sequence, so that a record whose value cannot be
read can still be crossed (docs/design.md section 5.5).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

CONTENT_TYPE = "application/cloudevents-batch+json"
MAX_EVENTS_PER_RECORD = 500
MAX_RECORD_BYTES = 512 * 1024
"""Uncompressed; brokers have a larger ``max.message.bytes`` so that this limit is ours."""


class Event(BaseModel):
    """One fact as it travels. ``data`` is read by the model of its ``type``."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    specversion: Literal["1.0"]
    id: str = Field(min_length=1, max_length=100)
    source: str = Field(pattern=r"^/services/[a-z-]+$")
    type: str = Field(pattern=r"^org\.redcross\.[a-z.-]+\.v[0-9]+$")
    subject: str = Field(min_length=1, max_length=100)
    time: AwareDatetime
    datacontenttype: Literal["application/json"]
    sequence: int = Field(ge=1)
    epoch: int = Field(ge=1)
    correlationid: str = ""
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Span:
    """Which numbers a record carries, by its headers."""

    source: str
    epoch: int
    first: int
    last: int


def headers(span: Span) -> list[tuple[str, bytes]]:
    """Return the Kafka headers of a record that carries a span of events."""
    return [
        ("content-type", CONTENT_TYPE.encode()),
        ("source", span.source.encode()),
        ("epoch", str(span.epoch).encode()),
        ("first-sequence", str(span.first).encode()),
        ("last-sequence", str(span.last).encode()),
    ]


def span_of(record_headers: Sequence[tuple[str, bytes]]) -> Span | None:
    """Return the span by a record's headers, or None where they name none."""
    found = dict(record_headers)
    try:
        span = Span(
            found["source"].decode(),
            int(found["epoch"]),
            int(found["first-sequence"]),
            int(found["last-sequence"]),
        )
    except (KeyError, ValueError, TypeError, AttributeError):  # Kafka allows a header to be null
        return None
    return span if 1 <= span.first <= span.last and span.epoch >= 1 else None


def numbered(event_body: bytes, *, sequence: int, epoch: int) -> bytes:
    """Return the JSON bytes of an event with its numbers set in front, without a second parse."""
    return b'{"sequence":%d,"epoch":%d,' % (sequence, epoch) + event_body[1:]


def batch(numbered_bodies: Sequence[bytes]) -> bytes:
    """Return the value of a Kafka record: a CloudEvents JSON batch."""
    return b"[" + b",".join(numbered_bodies) + b"]"
