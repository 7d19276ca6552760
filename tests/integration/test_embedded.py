"""The embedded run mode on its real servers: transactions, records, kill -9, and a system that leaves nothing behind."""

import re
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from pymongo import MongoClient
from pymongo.client_session import ClientSession

from embedded import control, state
from embedded.runtime import Runtime
from shared.base.settings import KafkaSettings
from tests.servers import RealServers
from tests.system import free_port_base, lives
from tests.waiting import LIMIT, until

PARTS = ("mongod", "kafka-prepare", "kafka", "issuer")


STOP_SECONDS = 15
STOPPED = re.compile(r"已停止 / stopped \(([0-9.]+) s\)")


def test_a_transaction_survives_kill_9_of_mongod(mortal: RealServers) -> None:
    client: MongoClient[dict[str, object]] = MongoClient(mortal.mongo_uri)
    things = client[f"t_{uuid.uuid4().hex[:8]}"]["things"]

    def insert_two(session: ClientSession) -> None:
        things.insert_one({"_id": 1}, session=session)
        things.insert_one({"_id": 2}, session=session)

    with client.start_session() as session:
        session.with_transaction(insert_two)
    mortal.mongod.restart()
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
    assert first.send(topic, b"before").get(LIMIT).offset == 0
    first.close()
    servers.kafka.restart()
    second = KafkaProducer(**address, acks="all")
    assert second.send(topic, b"after").get(LIMIT).offset == 1
    second.close()
    patience = int(LIMIT * 1000)
    consumer = KafkaConsumer(
        topic, **address, auto_offset_reset="earliest", consumer_timeout_ms=patience
    )
    assert [next(consumer).value, next(consumer).value] == [b"before", b"after"]
    consumer.close()


class System:
    """A supervisor with the real servers, in a process of its own as `registry up` runs it."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.terminal = runtime.var.with_name("terminal.log")
        self.process: subprocess.Popen[bytes] | None = None
        self.children: list[psutil.Process] = []

    def start(self) -> "subprocess.Popen[bytes]":
        program = [sys.executable, "-c", STARTER, str(self.runtime.var), str(self.runtime.cache)]
        with self.terminal.open("ab") as output:
            started = subprocess.Popen([*program, str(self.runtime.port_base)], stdout=output)
        self.process = started
        until(self._ready, "the system is ready")
        self.children = psutil.Process(started.pid).children(recursive=True)
        return started

    def running(self) -> "subprocess.Popen[bytes]":
        """Return the supervisor; it is started where an earlier test stopped it."""
        if self.process is not None and self.process.poll() is None:
            return self.process
        return self.start()

    def _ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.terminal.read_text()[-4000:]
        known = state.read(self.runtime)
        return known is not None and known["supervisor"] == self.process.pid and known["ready"]

    def row(self, name: str) -> state.Row:
        return next(row for row in control.status(self.runtime) if row["name"] == name)

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


@pytest.fixture(scope="module")
def system() -> Iterator[System]:
    """One folder of data, and the systems that run on it one after the other."""
    with tempfile.TemporaryDirectory(
        prefix="registry-embedded-", ignore_cleanup_errors=True
    ) as folder:
        var = Path(folder) / "红十字 数据"
        cache = Runtime.from_environment().cache
        one = System(Runtime(var=var, port_base=free_port_base(), cache=cache))
        yield one
        one.end()


def test_kill_9_of_the_supervisor_leaves_nothing_and_the_next_start_continues(
    system: System,
) -> None:
    process = system.running()
    kept = uuid.uuid4().hex
    client: MongoClient[dict[str, object]] = MongoClient(system.runtime.mongo_uri)
    client["kept"]["things"].insert_one({"_id": kept})
    client.close()
    process.kill()
    process.wait()
    until(system.nothing_left, "every process of the system has died")
    assert all(row["pid"] is None for row in control.status(system.runtime))

    system.start()
    again: MongoClient[dict[str, object]] = MongoClient(system.runtime.mongo_uri)
    assert again["kept"]["things"].count_documents({"_id": kept}) == 1
    again.close()


def test_a_killed_broker_comes_back_and_down_stops_all_in_time(system: System) -> None:
    process = system.running()
    before = system.row("kafka")
    assert before["pid"] is not None
    psutil.Process(before["pid"]).kill()

    def again() -> bool:
        rows = {row["name"]: row for row in control.status(system.runtime)}
        broker = rows["kafka"]
        restarted = broker["restarts"] == before["restarts"] + 1
        return (
            restarted
            and broker["pid"] not in (None, before["pid"])
            and all(rows[name]["healthy"] for name in ("kafka", "mongod", "issuer"))
        )

    until(again, "the broker is back")
    with pytest.raises(control.AlreadyRunning):
        control.up(system.runtime, processes=PARTS)

    assert control.down(system.runtime, timeout=LIMIT)
    assert process.wait(LIMIT) == 0
    assert float(STOPPED.findall(system.terminal.read_text(encoding="utf-8"))[-1]) < STOP_SECONDS
    until(system.nothing_left, "every process of the system has ended")
    assert not control.down(system.runtime)


def test_another_port_base_is_refused_with_the_remedy(tmp_path: Path) -> None:
    Runtime(var=tmp_path, port_base=21_000).claim()
    with pytest.raises(control.PortBaseMismatch, match="REGISTRY_PORT_BASE=21000"):
        control.up(Runtime(var=tmp_path, port_base=22_000), processes=PARTS)


def test_a_slow_command_leaves_nothing_of_a_document_in_the_log_of_mongod(
    servers: RealServers,
) -> None:
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
