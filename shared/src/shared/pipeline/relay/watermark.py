"""The watermark: up to when everything of a source is numbered and sent (docs/design.md section 5.4)."""

from collections.abc import Mapping
from datetime import datetime

import orjson

from shared.pipeline.watermark import by_topic

PATIENCE = 5.0
"""Seconds its acknowledgement is waited for: the next one follows within a second."""
HEADERS = [("content-type", b"application/json")]


def watermark(
    source: str,
    epoch: int,
    at: datetime,
    given: Mapping[str, int],
    starts: Mapping[str, Mapping[str, int]],
) -> bytes:
    """Return the record's value.

    Args:
        at: every commit up to this instant is numbered and sent.
        given: the last number of each partition, ``topic/partition``, as of that instant.
        starts: by epoch after the first, the number after which it begins in each partition.
    """
    return orjson.dumps(
        {
            "source": source,
            "epoch": epoch,
            "at": at.isoformat(),
            "sequences": by_topic(given),
            "starts": {name: by_topic(numbers) for name, numbers in starts.items()},
        }
    )
