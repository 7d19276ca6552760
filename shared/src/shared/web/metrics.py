"""What the HTTP edge measures."""

from functools import lru_cache

from prometheus_client import Counter, Gauge, Histogram

REQUESTS = Counter(
    "registry_http_requests", "Requests by route and status", ["method", "route", "status"]
)
SECONDS = Histogram(
    "registry_http_request_seconds",
    "Time until a response starts",
    ["method", "route"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
IN_FLIGHT = Gauge("registry_http_requests_in_flight", "Requests being answered, streams included")

GONE = 499
"""Status under which a request is counted whose caller left before it was answered."""


@lru_cache(maxsize=4_096)
def _children(method: str, route: str, status: int) -> tuple[Counter, Histogram]:
    # Finding a child by its labels takes longer than counting.
    return REQUESTS.labels(method, route, str(status)), SECONDS.labels(method, route)


def count(method: str, route: str, status: int, seconds: float) -> None:
    """Count one request; ``status`` 0 stands for a caller who left."""
    requests, durations = _children(method, route, status or GONE)
    requests.inc()
    if status:
        durations.observe(seconds)
