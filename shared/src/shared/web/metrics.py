"""What the HTTP edge measures."""

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
