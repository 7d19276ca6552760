"""The probes' own protocol bytes, against the real encoder and a server with wrong answers."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import bson
import pytest

from embedded import mongod, probes
from embedded.runtime import Runtime
from tests.waiting import LIMIT


@pytest.fixture
def answering() -> Iterator["Answering"]:
    server = Answering()
    yield server
    server.close()


class Answering:
    """A server on a free port that gives every caller the same bytes."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.reply = b""
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                link, _ = self._listener.accept()
            except OSError:
                return
            with link:
                link.recv(65_536)
                link.sendall(self.reply)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()


def test_a_probe_of_mongod_sends_its_command_as_one_bson_document() -> None:
    member = {"_id": 0, "host": "127.0.0.1:1"}
    command = {"hello": 1, "名": "称", "replSetInitiate": {"_id": "rs0", "members": [member]}}
    request = probes.mongo_command(1, command, lambda _: True).request
    assert int.from_bytes(request[:4], "little") == len(request)
    assert bson.decode(request[21:]) == {**command, "$db": "admin"}


@pytest.mark.parametrize(
    ("reply", "good"),
    [({"ok": 1.0}, True), ({"ok": 0.0, "code": 23}, True), ({"ok": 0.0, "code": 13}, False)],
)
def test_a_replica_set_that_exists_is_as_good_to_the_probe_as_a_new_one(
    tmp_path: Path, reply: dict[str, object], good: bool
) -> None:
    probe = mongod.initiate(Runtime(var=tmp_path))
    assert probe.good(b"\0" * 17 + bson.encode(reply)) is good


def test_the_http_status_decides_what_a_probe_reports(answering: Answering) -> None:
    probe = probes.http_ok(answering.port)
    answering.reply = b"HTTP/1.1 200 OK\r\n\r\n"
    assert probes.ask(probe, timeout=LIMIT)
    answering.reply = b"HTTP/1.1 503 Service Unavailable\r\n\r\n"
    assert not probes.ask(probe)


async def test_silence_and_a_closed_port_are_a_no_to_the_probe(answering: Answering) -> None:
    probe = probes.mongo_primary(answering.port)
    assert not probes.ask(probe)
    assert not await probes.ask_async(probe)
    closed = probes.mongo_primary(closed_port())
    assert not probes.ask(closed)
    assert not await probes.ask_async(closed)


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
