"""The process table: names, ports and environment of the contract, and an order without a loop."""

from graphlib import TopologicalSorter
from pathlib import Path

from embedded.processes import table
from embedded.runtime import Runtime

PORTS = {
    "org-units": 8001,
    "member": 8002,
    "volunteer": 8003,
    "aggregator": 8004,
    "issuer": 8005,
    "mongod": 8011,
    "kafka": 8012,
    "org-units-relay": 8021,
    "org-units-worker": 8022,
    "member-relay": 8023,
    "member-worker": 8024,
    "volunteer-relay": 8025,
    "volunteer-worker": 8026,
    "aggregator-worker": 8027,
}


def test_every_process_has_its_port(tmp_path: Path) -> None:
    rows = table(Runtime(var=tmp_path))
    assert {row.name: row.port for row in rows if row.role != "step"} == PORTS


def test_the_order_of_processes_by_dependency_has_no_loop(tmp_path: Path) -> None:
    graph = {row.name: set(row.after) for row in table(Runtime(var=tmp_path))}
    order = list(TopologicalSorter(graph).static_order())
    assert set(order) == set(graph)
    assert order.index("mongod") < order.index("member-migrate") < order.index("member")
    assert order.index("topics") < order.index("member-relay")


def test_borrowed_servers_are_no_processes_and_nobody_waits_for_them(tmp_path: Path) -> None:
    runtime = Runtime(
        var=tmp_path,
        borrowed_mongo_uri="mongodb://db/?replicaSet=x",
        borrowed_kafka_bootstrap="kafka:9092",
    )
    rows = {row.name: row for row in table(runtime)}
    assert not {"mongod", "kafka", "kafka-prepare"} & set(rows)
    assert rows["topics"].after == ()
    assert rows["member"].env()["REGISTRY_MONGO_URI"] == "mongodb://db/?replicaSet=x"


def test_the_environment_of_a_process_names_its_database_port_and_peers(tmp_path: Path) -> None:
    rows = {row.name: row for row in table(Runtime(var=tmp_path, port_base=9000))}
    env = rows["org-units-relay"].env()
    assert env["REGISTRY_MONGO_DATABASE"] == "org_units"
    assert env["REGISTRY_INSTANCE"] == "org-units-relay-0"
    assert env["REGISTRY_PORT"] == "9021"
    assert env["REGISTRY_MEMBER_URL"] == "http://127.0.0.1:9002"
    assert "PYTHONDONTWRITEBYTECODE" not in env
    assert list(rows["org-units-relay"].command())[1:] == [
        "-m",
        "shared.pipeline.relay",
        "--source",
        "org-units",
    ]
