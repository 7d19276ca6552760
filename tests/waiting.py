"""Waiting in tests: for a condition, never for a time, and one limit for all of them."""

import asyncio
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

LIMIT: Final = 300.0
"""Seconds that anything may take which a test waits for. A shared machine may stall any step for
tens of seconds, so whatever reaches this limit hangs; it is no measure of speed."""

PAUSE = 0.01
T = TypeVar("T")


def until(
    condition: Callable[[], object], what: str = "the condition", *, limit: float = LIMIT
) -> None:
    """Return once a condition holds.

    Args:
        condition: asked again and again, a hundredth of a second apart.
        what: the condition in words, for the failure.
        limit: seconds.

    Raises:
        AssertionError: it did not come to hold within the limit.
    """
    deadline = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < deadline, f"did not come about in {limit:g} s: {what}"
        time.sleep(PAUSE)


async def until_async(
    condition: Callable[[], object], what: str = "the condition", *, limit: float = LIMIT
) -> None:
    """Return once a condition holds; the event loop goes on meanwhile.

    Raises:
        AssertionError: it did not come to hold within the limit.
    """
    deadline = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < deadline, f"did not come about in {limit:g} s: {what}"
        await asyncio.sleep(PAUSE)


def at_once(calls: Iterable[Callable[[], T]]) -> list[T]:
    """Make calls at the same time, each on a thread of its own; return what they return, in order."""
    made = list(calls)
    with ThreadPoolExecutor(len(made)) as threads:
        return [future.result(LIMIT) for future in [threads.submit(call) for call in made]]
