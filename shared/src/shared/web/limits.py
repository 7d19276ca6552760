"""How often one caller may ask."""

import math
import time
from collections import OrderedDict

BURST_SECONDS = 10
"""A caller who has been quiet may spend this many seconds' worth at once."""
CALLERS = 50_000


class TokenBuckets:
    """One bucket of tokens per caller, refilled steadily.

    Args:
        per_minute: tokens that flow in per minute.
        callers: how many buckets are kept; the one that was quiet longest goes first.
    """

    def __init__(self, per_minute: int, *, callers: int = CALLERS) -> None:
        self._rate = per_minute / 60
        self._capacity = max(1.0, self._rate * BURST_SECONDS)
        self._callers = callers
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, caller: str, now: float | None = None) -> int:
        """Take a token; return 0, or the whole seconds until there is one again."""
        moment = time.monotonic() if now is None else now
        tokens, since = self._buckets.get(caller, (self._capacity, moment))
        tokens = min(self._capacity, tokens + (moment - since) * self._rate)
        wait = 0 if tokens >= 1 else max(1, math.ceil((1 - tokens) / self._rate))
        self._buckets[caller] = (tokens if wait else tokens - 1, moment)
        self._buckets.move_to_end(caller)
        if len(self._buckets) > self._callers:
            self._buckets.popitem(last=False)
        return wait
