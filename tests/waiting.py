"""Waiting in tests: for a condition, never for a time, and one limit for all of them."""

import asyncio
import time
from collections.abc import Callable
from typing import Final

LIMIT: Final = 300.0
"""Seconds: what a stalled shared machine needs; only a hang takes as long."""
_BETWEEN = 0.01
"""Seconds from one look to the next."""


def until(
    condition: Callable[[], object], what: str = "the condition", *, limit: float = LIMIT
) -> None:
    """Wait until a condition holds.

    Raises:
        AssertionError: it did not within ``limit`` seconds.
    """
    deadline = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < deadline, f"did not come about in {limit:g} s: {what}"
        time.sleep(_BETWEEN)


async def until_async(
    condition: Callable[[], object], what: str = "the condition", *, limit: float = LIMIT
) -> None:
    """Wait until a condition holds, while the event loop goes on.

    Raises:
        AssertionError: it did not within ``limit`` seconds.
    """
    deadline = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < deadline, f"did not come about in {limit:g} s: {what}"
        await asyncio.sleep(_BETWEEN)
