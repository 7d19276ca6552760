"""The embedded run mode on its real servers: transactions, records, kill -9, and a system that leaves nothing behind."""

import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from pymongo import MongoClient
from pymongo.client_session import ClientSession

from embedded import control, state
from embedded.runtime import Runtime
from embedded.servers import RealServers
from shared.settings import KafkaSettings
from tests.system import free_port_base, lives

PARTS = ("mongod", "kafka-prepare", "kafka", "issuer")


def wait_until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the awaited state did not come"
        threading.Event().wait(0.05)


def test_a_transaction_survives_kill_9_of_mongod(servers: RealServers) -> None:
    client: MongoClient[dict[str, object]] = MongoClient(servers.mongo_uri)
    things = client[f"t_{uuid.uuid4().hex[:8]}"]["things"]

    def insert_two(session: ClientSession) -> None:
        things.insert_one({"_id": 1}, session=session)
        things.insert_one({"_id": 2}, session=session)

    with client.start_session() as session:
        session.with_transaction(insert_two)
    servers.mongod.restart()
    assert things.count_documents({}) == 2
    client.drop_database(things.database.name)
    client.close()


def test_an_acknowledged_record_survives_kill_9_of_the_broker(
    servers: RealServers, kafka_settings: KafkaSettings
) -> None:
    from kafka import KafkaConsumer, KafkaProducer
    from kafka.admin import KafkaAdminClient, NewTopic

    topic = f"t.{uuid.uuid4().hex[:8]}"
    address = {"bootstrap_servers": kafka_settings.kafka_bootstrap}
    admin = KafkaAdminClient(**address)
    admin.create_topics([NewTopic(topic, 1, 1)])
    admin.close()
    first = KafkaProducer(**address, acks="all")
    assert first.send(topic, b"before").get(30).offset == 0
    first.close()
    servers.kafka.restart()
    second = KafkaProducer(**address, acks="all")
    assert second.send(topic, b"after").get(30).offset == 1
    second.close()
    consumer = KafkaConsumer(
        topic, **address, auto_offset_reset="earliest", consumer_timeout_ms=30_000
    )
    assert [next(consumer).value, next(consumer).value] == [b"before", b"after"]
    consumer.close()


@pytest.fixture
def system(tmp_path: Path) -> Iterator["System"]:
    base = free_port_base()
    var = tmp_path / "红十字 数据"
    one = System(Runtime(var=var, port_base=base, cache=Runtime.from_environment().cache))
    yield one
    one.end()


class System:
    """A supervisor with the real servers, in a process of its own as `registry up` runs it."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.process: subprocess.Popen[bytes] | None = None
        self.children: list[psutil.Process] = []

    def start(self) -> None:
        program = [sys.executable, "-c", STARTER, str(self.runtime.var), str(self.runtime.cache)]
        self.process = subprocess.Popen(
            [*program, str(self.runtime.port_base)], stdout=subprocess.DEVNULL
        )
        pid = self.process.pid
        wait_until(lambda: self._ready(pid), 180.0)
        self.children = psutil.Process(pid).children(recursive=True)

    def _ready(self, pid: int) -> bool:
        known = state.read(self.runtime)
        return known is not None and known["supervisor"] == pid and known["ready"]

    def pid_of(self, name: str) -> int:
        rows = {row["name"]: row for row in control.status(self.runtime)}
        pid = rows[name]["pid"]
        assert pid is not None
        return pid

    def nothing_left(self) -> bool:
        return not any(lives(child) for child in self.children)

    def end(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()


STARTER = f"""
import sys
from pathlib import Path
from embedded.control import Runtime, up
var, cache, base = sys.argv[1:]
runtime = Runtime(var=Path(var), cache=Path(cache), port_base=int(base), mongo_cache_gb=0.25)
sys.exit(up(runtime, processes={PARTS!r}))
"""


def test_kill_9_of_the_supervisor_leaves_nothing_and_the_next_start_continues(
    system: System,
) -> None:
    system.start()
    assert system.process is not None
    client: MongoClient[dict[str, object]] = MongoClient(system.runtime.mongo_uri)
    client["kept"]["things"].insert_one({"_id": 1})
    client.close()
    system.process.kill()
    system.process.wait()
    wait_until(system.nothing_left, 30)
    assert all(row["pid"] is None for row in control.status(system.runtime))

    system.start()
    again: MongoClient[dict[str, object]] = MongoClient(system.runtime.mongo_uri)
    assert again["kept"]["things"].count_documents({}) == 1
    again.close()


def test_a_killed_broker_comes_back_and_down_stops_all_in_time(system: System) -> None:
    system.start()
    killed = system.pid_of("kafka")
    psutil.Process(killed).kill()

    def again() -> bool:
        rows = {row["name"]: row for row in control.status(system.runtime)}
        restarted = rows["kafka"]["restarts"] == 1 and rows["kafka"]["pid"] not in (None, killed)
        return restarted and all(rows[name]["healthy"] for name in ("kafka", "mongod", "issuer"))

    wait_until(again, 180.0)
    with pytest.raises(control.AlreadyRunning):
        control.up(system.runtime, processes=PARTS)

    began = time.monotonic()
    assert control.down(system.runtime)
    assert time.monotonic() - began < 15
    assert system.process is not None
    assert system.process.wait(30) == 0
    wait_until(system.nothing_left, 30)
    assert not control.down(system.runtime)


def test_another_port_base_is_refused_with_the_remedy(tmp_path: Path) -> None:
    Runtime(var=tmp_path, port_base=21_000).claim()
    with pytest.raises(control.PortBaseMismatch, match="REGISTRY_PORT_BASE=21000"):
        control.up(Runtime(var=tmp_path, port_base=22_000), processes=PARTS)


def test_a_slow_command_leaves_nothing_of_a_document_in_the_log(servers: RealServers) -> None:
    client: MongoClient[dict[str, object]] = MongoClient(servers.mongo_uri)
    people = client[f"t_{uuid.uuid4().hex[:8]}"]["people"]
    name = f"慢{uuid.uuid4().hex}"
    people.insert_one({"_id": 1})
    slow = "function() { const began = Date.now(); while (Date.now() - began < 150); return true }"
    people.update_one({"$where": slow}, {"$set": {"name": name}})
    assert people.find_one({"name": name, "$where": slow}) is not None
    client.drop_database(people.database.name)
    client.close()
    log = servers.mongod.log.read_text(encoding="utf-8")
    assert people.database.name in log  # it is this server's log, and up to date
    assert name not in log
