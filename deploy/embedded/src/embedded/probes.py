"""Asks a server on 127.0.0.1 whether it is ready, in its own protocol and without a client library.

The supervisor stays single-threaded (leash.py), so neither pymongo nor kafka-python may run in it.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, Union

MONGO_OP_MSG = 2013
KAFKA_METADATA = 3

Value: TypeAlias = Union[int, str, "Document", "Sequence[Document]"]
Document: TypeAlias = Mapping[str, Value]


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
        return probe.good(exchange(probe, timeout))
    except (OSError, struct.error):
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
    except (OSError, EOFError, struct.error):
        return False


def exchange(probe: Probe, timeout: float) -> bytes:
    """Send the request, return the reply without its first four bytes.

    Raises:
        OSError: no connection, no answer within `timeout` seconds, or a closed connection.
        struct.error: the reply is shorter than four bytes.
    """
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
    return mongo_command(port, {"hello": 1}, (b"\x08isWritablePrimary\x00\x01",))


def mongo_command(port: int, command: Document, good: Sequence[bytes]) -> Probe:
    """One command on the admin database, as an OP_MSG of one body section.

    `good` lists the BSON elements of which one must stand in the reply.
    """
    body = struct.pack("<iB", 0, 0) + document({**command, "$db": "admin"})
    header = struct.pack("<iiii", 16 + len(body), 1, 0, MONGO_OP_MSG)
    return Probe(
        port,
        header + body,
        lambda head: int(struct.unpack("<i", head)[0]) - 4,
        lambda reply: any(element in reply for element in good),
    )


def document(fields: Document) -> bytes:
    """BSON of whole numbers, strings, documents and lists: all that two commands need."""
    elements = b"".join(element(name, value) for name, value in fields.items())
    return struct.pack("<i", len(elements) + 5) + elements + b"\0"


def element(name: str, value: Value) -> bytes:
    """One named value of a BSON document; a list becomes an array."""
    key = name.encode() + b"\0"
    if isinstance(value, str):
        text = value.encode() + b"\0"
        return b"\x02" + key + struct.pack("<i", len(text)) + text
    if isinstance(value, int):
        return b"\x10" + key + struct.pack("<i", value)
    if isinstance(value, Mapping):
        return b"\x03" + key + document(value)
    return b"\x04" + key + document({str(at): one for at, one in enumerate(value)})


def kafka_serving(port: int) -> Probe:
    """A broker that lists itself as alive: registered with the controller, unfenced, answering."""
    payload = struct.pack(">hhih", KAFKA_METADATA, 1, 1, -1) + struct.pack(">i", 0)  # no topics
    return Probe(
        port,
        struct.pack(">i", len(payload)) + payload,
        lambda head: int(struct.unpack(">i", head)[0]),
        lambda reply: (
            int(struct.unpack(">i", reply[4:8])[0]) > 0
        ),  # after the correlation id: number of brokers
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
