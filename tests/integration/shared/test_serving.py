"""A service as a process: real sockets, broken bytes on the wire, and a stop that loses nothing."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from tests.system import free_port_base
from tests.waiting import LIMIT, until

Process = subprocess.Popen[bytes]
WAITS = b"Waiting for connections to close"
"""What uvicorn says once it takes no more connections."""


@pytest.fixture(scope="module")
def port() -> int:
    return free_port_base() + 1


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "stdout.log"


@pytest.fixture
def process(port: int, log: Path) -> Iterator[Process]:
    environment = {**os.environ, "REGISTRY_PORT": str(port), "REGISTRY_INSTANCE": "test-0"}
    command = [sys.executable, "-m", "tests.integration.shared.streaming_app"]
    with (
        log.open("wb") as output,
        subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=output) as started,
    ):
        yield started
        started.kill()


@pytest.fixture
def http(process: Process, port: int) -> Iterator[httpx.Client]:
    url = f"http://127.0.0.1:{port}"
    with httpx.Client(base_url=url, trust_env=False, timeout=LIMIT) as client:

        def answers() -> bool:
            assert process.poll() is None
            with suppress(httpx.ConnectError):
                return client.get("/healthz").is_success
            return False

        until(answers, "the process serves")
        yield client


def test_a_served_process_asked_to_stop_ends_streams_at_once_and_finishes_requests(
    process: Process, http: httpx.Client, log: Path
) -> None:
    assert process.stdin is not None
    with ThreadPoolExecutor() as threads, process.stdin as release:
        with http.stream("GET", "/v1/stream") as answer:
            lines = answer.iter_lines()
            assert next(lines) == "data: first"
            slow = threads.submit(http.post, "/v1/slow")
            # The stream, the slow request and the question itself.
            until(lambda: "in_flight 3.0" in http.get("/metrics").text, "all are under way")
            process.send_signal(signal.SIGTERM)
            rest = list(lines)
        assert "data: reconnect" in rest
        until(lambda: WAITS in log.read_bytes() or slow.done(), "only the slow one is waited for")
        assert not slow.done()
        release.write(b"\n")
        release.flush()
        assert slow.result(LIMIT).json() == {"done": True}
    assert process.wait(LIMIT) in {0, -signal.SIGTERM}


def exchange(port: int, *parts: bytes) -> bytes:
    """Send raw bytes and return the head of the answer."""
    with socket.create_connection(("127.0.0.1", port), LIMIT) as wire:
        with suppress(ConnectionError):  # the service may answer, and close, before the end
            for part in parts:
                wire.sendall(part)
        answer = b""
        while b"\r\n\r\n" not in answer:
            more = wire.recv(65_536)
            assert more, answer
            answer += more
    return answer


def test_serving_refuses_broken_bytes_on_the_wire(http: httpx.Client, port: int) -> None:
    head = b"POST /v1/echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    too_large = exchange(port, head + b"Content-Length: 99999999999\r\n\r\n")
    assert b" 413 " in too_large
    chunk = b"100000\r\n" + b" " * 0x100000 + b"\r\n"
    chunked = head + b"Transfer-Encoding: chunked\r\n\r\n"
    assert b" 413 " in exchange(port, chunked, chunk, chunk, chunk)
    negative = exchange(port, head + b"Content-Length: -1\r\n\r\n")
    assert b" 400 " in negative
    nul = exchange(port, head + b'Content-Length: 10\r\n\r\n{"a":"\x00\x00"}')
    assert b" 400 " in nul
    assert b"application/problem+json" in nul
    good = http.post("/v1/echo", json={"a": "一"})
    assert good.json() == {"a": "一"}
    assert "server" not in good.headers
