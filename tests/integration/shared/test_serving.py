"""A service as a process: real sockets, broken bytes on the wire, and a stop that loses nothing."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def process(port: int) -> Iterator[subprocess.Popen[bytes]]:
    environment = {**os.environ, "REGISTRY_PORT": str(port), "REGISTRY_INSTANCE": "test-0"}
    command = [sys.executable, "-m", "tests.integration.shared.streaming_app"]
    started = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE)
    yield started
    started.kill()
    started.wait()
    assert started.stdout is not None
    started.stdout.close()


@pytest.fixture
async def http(process: subprocess.Popen[bytes], port: int) -> AsyncIterator[httpx.AsyncClient]:
    url = f"http://127.0.0.1:{port}"
    async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=10) as client:
        async with asyncio.timeout(30):
            while True:
                assert process.poll() is None
                try:
                    await client.get("/healthz")
                    break
                except httpx.ConnectError:
                    await asyncio.sleep(0.05)
        yield client


async def test_a_stop_ends_streams_at_once_and_lets_requests_finish(
    process: subprocess.Popen[bytes], http: httpx.AsyncClient
) -> None:
    async with http.stream("GET", "/v1/stream") as answer:
        lines = answer.aiter_lines()
        assert await anext(lines) == "data: first"
        slow = asyncio.create_task(http.post("/v1/slow"))
        async with asyncio.timeout(30):
            while "in_flight 3.0" not in (await http.get("/metrics")).text:
                await asyncio.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        rest = [line async for line in lines]
    assert "data: reconnect" in rest
    assert (await slow).json() == {"done": True}
    await asyncio.to_thread(process.wait, 30)
    assert process.returncode in {0, -signal.SIGTERM}


async def exchange(port: int, *parts: bytes) -> bytes:
    """Send raw bytes and return the answer until the server has nothing more to say."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for part in parts:
        writer.write(part)
        await writer.drain()
    answer = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
    writer.close()
    return answer


async def test_bytes_on_the_wire(http: httpx.AsyncClient, port: int) -> None:
    head = b"POST /v1/echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    too_large = await exchange(port, head + b"Content-Length: 99999999999\r\n\r\n")
    assert b" 413 " in too_large
    chunk = b"100000\r\n" + b" " * 0x100000 + b"\r\n"
    chunked = head + b"Transfer-Encoding: chunked\r\n\r\n"
    assert b" 413 " in await exchange(port, chunked, chunk, chunk, chunk)
    negative = await exchange(port, head + b"Content-Length: -1\r\n\r\n")
    assert b" 400 " in negative
    nul = await exchange(port, head + b'Content-Length: 10\r\n\r\n{"a":"\x00\x00"}')
    assert b" 400 " in nul
    assert b"application/problem+json" in nul
    good = await http.post("/v1/echo", json={"a": "一"})
    assert good.json() == {"a": "一"}
    assert "server" not in good.headers
