"""The watermark: up to when everything of a source is numbered and sent (docs/design.md section 5.4)."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime

import orjson

PATIENCE = 5.0
"""Seconds its acknowledgement is waited for: the next one follows within a second."""
HEADERS = [("content-type", b"application/json")]


def watermark(source: str, epoch: int, at: datetime, given: Mapping[str, int]) -> bytes:
    """Return the record's value.

    Args:
        at: every commit up to this instant is numbered and sent.
        given: the last number of each partition, ``topic/partition``, as of that instant.
    """
    sequences: dict[str, dict[str, int]] = defaultdict(dict)
    for place, last in given.items():
        topic, partition = place.rsplit("/", 1)
        sequences[topic][partition] = last
    return orjson.dumps(
        {"source": source, "epoch": epoch, "at": at.isoformat(), "sequences": sequences}
    )
