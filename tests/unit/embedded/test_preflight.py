"""Every failing check names what is absent and the remedy, in both languages."""

import importlib.util
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from embedded import java, mongod, preflight, probes
from embedded.processes import table
from embedded.runtime import Runtime
from tests.unit.embedded.systems import FOR_EVER, stand_in


@pytest.fixture
def runtime(tmp_path: Path) -> Runtime:
    return Runtime(var=tmp_path)


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield int(server.getsockname()[1])


def nowhere(_: str) -> None:
    return None


def test_the_preflight_names_a_library_missing_to_mongod_by_its_package(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said = "mongod: error while loading shared libraries: libcurl.so.4: cannot open shared object"
    answer = subprocess.CompletedProcess([], 127, "", said)
    monkeypatch.setattr(mongod, "executable", lambda: Path("mongod"))
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: answer)
    (problem,) = preflight.database()
    assert problem.blocking
    assert "libcurl4" in problem.chinese
    assert "libcurl4" in problem.english


def test_the_preflight_names_the_way_around_a_missing_mongod(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    (problem,) = preflight.database()
    assert "REGISTRY_MONGO_URI" in problem.chinese
    assert "REGISTRY_MONGO_URI" in problem.english


def test_the_preflight_falls_back_to_the_wheel_without_java(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(java, "candidates", lambda _: [])
    monkeypatch.setattr(shutil, "which", nowhere)
    problems = {problem.what: problem for problem in preflight.broker(runtime)}
    assert not problems["java"].blocking
    assert problems["maven"].blocking
    assert "apt-get install maven" in problems["maven"].english
    assert "REGISTRY_KAFKA_BOOTSTRAP" in problems["maven"].chinese


def test_an_old_java_is_no_java_for_the_broker(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(java, "candidates", lambda _: [Path("old-java")])
    monkeypatch.setattr(java, "inspect", lambda path: java.Java(path, 11, "11"))
    with pytest.raises(java.JavaMissing, match=r"old-java \(11\)"):
        java.find_java(runtime.cache)


def test_the_preflight_refuses_a_full_disk(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1024**3))
    (problem,) = preflight.disk(runtime)
    assert "1.0 GB" in problem.english
    assert "REGISTRY_VAR" in problem.chinese


def test_the_preflight_names_a_taken_port_with_its_process(
    taken_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preflight, "PORT_PATIENCE", 0.0)
    (problem,) = preflight.ports([stand_in("member", FOR_EVER, port=taken_port)])
    assert problem.what == f"port {taken_port}"
    assert "member" in problem.english


def test_the_preflight_looks_at_the_port_of_the_kafka_controller_too(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preflight, "PORT_PATIENCE", 0.0)
    monkeypatch.setattr(probes, "port_free", lambda port: port != runtime.controller_port)
    (problem,) = preflight.ports(table(runtime))
    assert problem.what == f"port {runtime.controller_port}"
    assert "kafka" in problem.english
    borrowed = Runtime(var=runtime.var, borrowed_kafka_bootstrap="kafka:9092")
    assert list(preflight.ports(table(borrowed))) == []


def test_the_preflight_does_not_check_borrowed_servers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    borrowed = Runtime(
        var=tmp_path,
        borrowed_mongo_uri="mongodb://db/?replicaSet=x",
        borrowed_kafka_bootstrap="kafka:9092",
    )
    monkeypatch.setattr(preflight, "PORT_PATIENCE", 0.0)
    monkeypatch.setattr(java, "candidates", lambda _: [])
    monkeypatch.setattr(shutil, "which", nowhere)
    monkeypatch.setattr(probes, "port_free", lambda _: True)
    disk = SimpleNamespace(free=preflight.DISK_NEEDED)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: disk)
    blocking = [p for p in preflight.check(borrowed, table(borrowed)) if p.blocking]
    assert blocking == []
