"""Random, time-ordered identifiers (UUIDv7, RFC 9562) for entities and events."""

import os
import time
import uuid

_VERSION_7 = 0x7 << 76
_VARIANT = 0b10 << 62


def new_id() -> str:
    """Return a UUIDv7 as text: 48 bits of Unix milliseconds, then random bits.

    Ids order by creation time roughly, which keeps index inserts at the right edge of a B-tree;
    nothing may rely on that order, since clocks differ between processes.
    """
    milliseconds = time.time_ns() // 1_000_000
    random_bits = int.from_bytes(os.urandom(10), "big")
    high = (random_bits >> 68) & 0xFFF
    low = random_bits & 0x3FFF_FFFF_FFFF_FFFF
    value = (milliseconds << 80) | _VERSION_7 | (high << 64) | _VARIANT | low
    return str(uuid.UUID(int=value))
