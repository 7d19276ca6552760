"""Asks a server on 127.0.0.1 whether it is ready, in its own protocol and without a client library.

The supervisor stays single-threaded (leash.py), so neither pymongo nor kafka-python may run in it.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import bson
from bson.errors import BSONError

MONGO_OP_MSG = 2013
KAFKA_METADATA = 3


@dataclass(frozen=True, slots=True)
class Probe:
    """A request to a port of 127.0.0.1, and what its answer must show."""

    port: int
    request: bytes
    rest: Callable[[bytes], int]
    """How many bytes to read after the first four of the reply, by these four."""
    good: Callable[[bytes], bool]
    """Whether that rest is the answer wanted."""


def ask(probe: Probe, timeout: float = 1.0) -> bool:
    """Whether the server answers as wanted within `timeout` seconds; any failure is a no."""
    try:
        with (
            socket.create_connection(("127.0.0.1", probe.port), timeout) as link,
            link.makefile("rb") as stream,
        ):
            link.sendall(probe.request)
            return probe.good(stream.read(probe.rest(stream.read(4))))
    except (OSError, ValueError, BSONError):
        return False


async def ask_async(probe: Probe, timeout: float = 1.0) -> bool:
    """The same for a running event loop."""
    try:
        async with asyncio.timeout(timeout):
            reader, writer = await asyncio.open_connection("127.0.0.1", probe.port)
            try:
                writer.write(probe.request)
                head = await reader.readexactly(4)
                return probe.good(await reader.readexactly(probe.rest(head)))
            finally:
                writer.close()
    except (OSError, EOFError, ValueError, BSONError):
        return False


def wait(
    process: subprocess.Popen[bytes], ready: Probe, timeout: float, first: Probe | None = None
) -> bool:
    """Whether a server becomes ready within `timeout` seconds and before it dies.

    `first` is asked until it is answered well: a command to give once.
    """
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline and process.poll() is None:
        if ask(ready):
            return True
        if first is not None and ask(first, timeout=10.0):
            first = None
        time.sleep(0.02)
    return False


def mongo_primary(port: int) -> Probe:
    """A mongod that accepts writes."""
    return mongo_command(port, {"hello": 1}, lambda reply: reply.get("isWritablePrimary") is True)


def mongo_command(
    port: int, command: Mapping[str, Any], good: Callable[[Mapping[str, Any]], bool]
) -> Probe:
    """One command on the admin database, as an OP_MSG of one body section."""
    body = struct.pack("<iB", 0, 0) + bson.encode({**command, "$db": "admin"})
    header = struct.pack("<iiii", 16 + len(body), 1, 0, MONGO_OP_MSG)
    return Probe(
        port,
        header + body,
        lambda head: int.from_bytes(head, "little") - 4,
        lambda reply: good(bson.decode(reply[17:])),  # after the header and the section's kind
    )


def kafka_serving(port: int) -> Probe:
    """A broker that lists itself as alive: registered with the controller, unfenced, answering."""
    payload = struct.pack(">hhihi", KAFKA_METADATA, 1, 1, -1, 0)  # no topics
    return Probe(
        port,
        struct.pack(">i", len(payload)) + payload,
        lambda head: int.from_bytes(head, "big"),
        lambda reply: int.from_bytes(reply[4:8], "big") > 0,  # brokers, after the correlation id
    )


def http_ok(port: int) -> Probe:
    """An HTTP process that answers /readyz with a 2xx status."""
    request = f"GET /readyz HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n"
    return Probe(port, request.encode(), lambda _: 8, lambda reply: reply[5:6] == b"2")


def port_free(port: int) -> bool:
    """Whether a server could listen on the port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
