"""Asks a server on 127.0.0.1 whether it is ready, in its own protocol and without a client library.

The supervisor stays single-threaded (leash.py), so neither pymongo nor kafka-python may run in it.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import bson

MONGO_OP_MSG = 2013
KAFKA_METADATA = 3


@dataclass(frozen=True, slots=True)
class Probe:
    """A request, how much to read after the first four bytes of the reply, and what the rest must show."""

    port: int
    request: bytes
    rest: Callable[[bytes], int]
    good: Callable[[bytes], bool]


def ask(probe: Probe, timeout: float = 1.0) -> bool:
    """Whether the server answers as wanted within `timeout` seconds; any failure is a no."""
    try:
        return probe.good(exchange(probe, timeout))
    except (OSError, struct.error, ValueError, bson.errors.BSONError):
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
    except (OSError, EOFError, struct.error, ValueError, bson.errors.BSONError):
        return False


def exchange(probe: Probe, timeout: float) -> bytes:
    """Send the request, return the reply without its first four bytes."""
    with socket.create_connection(("127.0.0.1", probe.port), timeout) as link:
        link.settimeout(timeout)
        link.sendall(probe.request)
        with link.makefile("rb") as stream:
            head = stream.read(4)
            body = stream.read(probe.rest(head))
    if not body:
        raise ConnectionResetError("the server closed the connection")
    return body


def mongo_primary(port: int) -> Probe:
    """A mongod that accepts writes."""
    return mongo_command(port, {"hello": 1}, lambda reply: bool(reply.get("isWritablePrimary")))


def mongo_command(
    port: int, command: Mapping[str, Any], good: Callable[[dict[str, Any]], bool]
) -> Probe:
    """One command on the admin database, as an OP_MSG of one body section."""
    body = struct.pack("<iB", 0, 0) + bson.encode({**command, "$db": "admin"})
    header = struct.pack("<iiii", 16 + len(body), 1, 0, MONGO_OP_MSG)
    return Probe(
        port,
        header + body,
        lambda head: int(struct.unpack("<i", head)[0]) - 4,
        lambda reply: good(bson.decode(reply[17:])),  # 12 of header, 4 of flags, 1 of section kind
    )


def kafka_serving(port: int) -> Probe:
    """A broker that lists itself as alive: registered with the controller, unfenced and answering requests."""
    payload = struct.pack(">hhih", KAFKA_METADATA, 1, 1, -1) + struct.pack(">i", 0)  # no topics
    return Probe(
        port,
        struct.pack(">i", len(payload)) + payload,
        lambda head: int(struct.unpack(">i", head)[0]),
        lambda reply: (
            int(struct.unpack(">i", reply[4:8])[0]) > 0
        ),  # after the correlation id: number of brokers
    )


def http_ok(port: int, path: str = "/readyz") -> Probe:
    """An HTTP process that answers `path` with a 2xx status."""
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n"
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
