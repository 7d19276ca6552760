"""Health of processes without requests: progress decides, not liveness."""

import threading
from collections.abc import Iterator

import httpx
import pytest

from shared.base.health import serve_health
from tests.waiting import LIMIT


@pytest.fixture
def problems() -> list[str]:
    return []


@pytest.fixture
def url(problems: list[str]) -> Iterator[str]:
    server = serve_health("127.0.0.1", 0, lambda: problems)
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_the_health_server_reports_liveness_readiness_and_metrics(
    url: str, problems: list[str]
) -> None:
    with httpx.Client(base_url=url, trust_env=False, timeout=LIMIT) as client:
        assert client.get("/healthz").json() == {"status": "ok"}
        assert client.get("/readyz").json() == {"status": "ready", "problems": []}
        problems.append("no progress for 31 s")
        answer = client.get("/readyz?full")
        assert answer.status_code == 503
        assert answer.json()["problems"] == ["no progress for 31 s"]
        assert client.get("/healthz").status_code == 200
        assert "python_info" in client.get("/metrics").text
        assert client.get("/secret").status_code == 404
    assert any(thread.name == "health" and thread.daemon for thread in threading.enumerate())
