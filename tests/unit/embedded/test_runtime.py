"""Ports are bound to their directory, and the environment says where everything is."""

import json
from pathlib import Path

import pytest

from embedded.runtime import PortBaseMismatch, Runtime


def test_the_ports_of_servers_follow_the_port_base(tmp_path: Path) -> None:
    runtime = Runtime(var=tmp_path, port_base=9000)
    assert runtime.mongo_uri == "mongodb://127.0.0.1:9011/?replicaSet=rs0"
    assert runtime.kafka_bootstrap == "127.0.0.1:9012"
    assert runtime.issuer_url == "http://127.0.0.1:9005"


def test_a_directory_keeps_its_port_base(tmp_path: Path) -> None:
    Runtime(var=tmp_path, port_base=9000).claim()
    Runtime(var=tmp_path, port_base=9000).claim()
    with pytest.raises(PortBaseMismatch, match="REGISTRY_PORT_BASE=9000"):
        Runtime(var=tmp_path, port_base=9100).claim()


def test_the_stored_port_base_holds_where_none_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REGISTRY_PORT_BASE", raising=False)
    (tmp_path / "ports.json").write_text(json.dumps({"port_base": 9200}))
    assert Runtime.from_environment(var=tmp_path).port_base == 9200


def test_the_environment_gives_the_same_runtime_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = Runtime(var=tmp_path, port_base=9300, cache=tmp_path / "c", mongo_cache_gb=0.5)
    for name, value in runtime.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("REGISTRY_MONGO_URI", raising=False)
    monkeypatch.delenv("REGISTRY_KAFKA_BOOTSTRAP", raising=False)
    assert Runtime.from_environment() == runtime


def test_the_runtime_borrows_servers_the_environment_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REGISTRY_MONGO_URI", "mongodb://db/?replicaSet=x")
    monkeypatch.setenv("REGISTRY_KAFKA_BOOTSTRAP", "kafka:9092")
    runtime = Runtime.from_environment(var=tmp_path)
    assert runtime.mongo_uri == "mongodb://db/?replicaSet=x"
    assert runtime.kafka_bootstrap == "kafka:9092"
