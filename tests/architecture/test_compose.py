"""deploy/compose.yaml is valid, runs every process of the process table, and publishes nothing."""

import json
import os
import shutil
import subprocess
import sys
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from embedded import mongod
from embedded.processes import STACK, Process, environment, package, table
from embedded.runtime import Runtime
from registry_cli import seeding

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = ROOT / "deploy/compose.yaml"
SCHEMA = "builtin_schemas/vendor/compose-spec.json"

SERVERS = {"mongod": "mongo", "kafka": "kafka"}
"""The compose file has three of each; the embedded mode has one."""
AT_BUILD_TIME = {"kafka-prepare", "frontend"}
"""Steps whose result is in an image."""
EMBEDDED_ONLY = {
    "REGISTRY_VAR", "REGISTRY_PORT_BASE", "REGISTRY_CACHE", "REGISTRY_MONGO_CACHE_GB",
    "REGISTRY_FRONTEND_DIR",  # set in the image
}  # fmt: skip


@cache
def compose() -> dict[str, Any]:
    """Return the parsed file; nobody changes it, and reading it takes a while."""
    parsed: dict[str, Any] = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))
    return parsed


def services() -> dict[str, dict[str, Any]]:
    """Return the services of the file by name."""
    found: dict[str, dict[str, Any]] = compose()["services"]
    return found


def is_step(service: dict[str, Any]) -> bool:
    """Return whether a service runs to its end and is not kept running."""
    return service.get("restart", "no").split(":")[0] in {"no", "on-failure"}


def given_to(service: dict[str, Any]) -> set[str]:
    """Return the settings a service gets, those from a file by the name of what the file holds."""
    given = service["environment"].keys()
    return {name.removesuffix("_FILE") for name in given} | set(given)


def forget_the_callers_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """A child inherits the caller's environment; what is asked here is what we give it."""
    for name in [name for name in os.environ if name.startswith("REGISTRY_")]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="module")
def processes(tmp_path_factory: pytest.TempPathFactory) -> list[Process]:
    """Return the process table of the embedded mode."""
    return list(table(Runtime(var=tmp_path_factory.mktemp("var"))))


def test_the_compose_file_follows_its_schema() -> None:
    schema = json.loads(files("check_jsonschema").joinpath(SCHEMA).read_text(encoding="utf-8"))
    validator = jsonschema.validators.validator_for(schema)(schema)
    assert [error.message for error in validator.iter_errors(compose())] == []


def test_every_process_of_the_table_is_in_the_compose_file(processes: list[Process]) -> None:
    expected = {p.name for p in processes} - SERVERS.keys() - AT_BUILD_TIME
    expected |= {f"{name}-{n}" for name in SERVERS.values() for n in (1, 2, 3)}
    assert expected - services().keys() == set()


def test_every_process_of_compose_runs_the_command_of_the_embedded_one(
    processes: list[Process],
) -> None:
    different = {}
    for process in processes:
        if process.name in SERVERS or process.name in AT_BUILD_TIME:
            continue
        here = ["python", *process.command()[1:]]
        if services()[process.name]["command"] != here:
            different[process.name] = here
    assert different == {}


def test_every_process_of_compose_answers_on_its_port(processes: list[Process]) -> None:
    ports = {p.name: str(p.port) for p in processes if p.port and p.name not in SERVERS}
    assert ports
    assert {n: services()[n]["environment"]["REGISTRY_PORT"] for n in ports} == ports


def test_every_process_of_compose_knows_what_the_embedded_one_knows(
    processes: list[Process], monkeypatch: pytest.MonkeyPatch
) -> None:
    forget_the_callers_settings(monkeypatch)
    missing = {}
    for process in processes:
        if process.role in {"service", "relay", "worker"} and process.name != "issuer":
            given = given_to(services()[process.name])
            known = {name for name in process.env() if name.startswith("REGISTRY_")}
            if known - given - EMBEDDED_ONLY:
                missing[process.name] = known - given - EMBEDDED_ONLY
    assert missing == {}


def by_hand(service: dict[str, Any]) -> bool:
    """Return whether `up` leaves a service alone."""
    return "profiles" in service


def test_every_step_of_compose_is_waited_for() -> None:
    """Else `up --wait` takes a step that has ended for a process that has died."""
    waited = {other for service in services().values() for other in service.get("depends_on", {})}
    steps = {name for name, s in services().items() if is_step(s) and not by_hand(s)}
    assert steps - waited == set()


def test_the_tree_of_units_is_seeded_by_compose_before_anybody_asks_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[tuple[str, ...]] = []

    def run_once(_: Runtime, module: list[str], database: str, **__: Any) -> tuple[int, str]:
        ran.append((database, *module))
        return 0, "{}"

    monkeypatch.setattr(seeding, "run_once", run_once)
    seeding.seed_tree(Runtime(var=tmp_path), [])
    seed = services()["seed"]
    database, *module = ran[0]
    assert ["python", "-m", *module] == [*seed["command"], "--json"]
    assert seed["environment"]["REGISTRY_MONGO_DATABASE"] == package(database)
    assert "org-units-migrate" in seed["depends_on"]
    assert "seed" in services()["org-units"]["depends_on"]


@pytest.mark.parametrize(("name", "database"), [("seed", "org-units"), ("recount", "aggregator")])
def test_a_program_compose_runs_once_knows_what_the_command_line_gives_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, database: str
) -> None:
    forget_the_callers_settings(monkeypatch)
    settings = environment(Runtime(var=tmp_path), f"cli-{database}", database=database)
    known = {setting for setting in settings if setting.startswith("REGISTRY_")}
    assert known - given_to(services()[name]) - EMBEDDED_ONLY == set()
    running = [s for s in services().values() if not is_step(s)]
    names = {s["environment"].get("REGISTRY_INSTANCE") for s in running if "environment" in s}
    # The server ends what an earlier process of that name left open: never those of a living one.
    assert services()[name]["environment"]["REGISTRY_INSTANCE"] not in names


def test_the_command_line_in_compose_next_to_the_issuer_reaches_every_service() -> None:
    issuer = services()["issuer"]
    for name in STACK:
        variable = f"REGISTRY_{package(name).upper()}_URL"
        assert issuer["environment"][variable] == services()["member"]["environment"][variable]
        assert set(issuer["networks"]) & set(services()[name]["networks"])


def test_no_database_of_compose_logs_what_a_document_holds(tmp_path: Path) -> None:
    embedded = mongod.command(Runtime(var=tmp_path))
    for n in (1, 2, 3):
        command = services()[f"mongo-{n}"]["command"]
        assert command[command.index("--slowms") + 1] == embedded[embedded.index("--slowms") + 1]


def test_what_compose_keeps_running_has_a_health_check() -> None:
    running = {name: s for name, s in services().items() if not is_step(s)}
    assert len(running) == 3 + 3 + 1 + 4 + 3 + 4
    assert [name for name, service in running.items() if "healthcheck" not in service] == []


def test_what_depends_on_another_in_compose_waits_for_readiness() -> None:
    for name, service in services().items():
        for other, how in service.get("depends_on", {}).items():
            end = is_step(services()[other])
            wanted = "service_completed_successfully" if end else "service_healthy"
            assert how["condition"] == wanted, f"{name} waits for {other}"


def test_ports_of_compose_are_published_on_loopback_only() -> None:
    published = [port for s in services().values() for port in s.get("ports", [])]
    assert len(published) == 5
    assert [port for port in published if not str(port).startswith("127.0.0.1:")] == []


def test_servers_of_compose_are_replicated_and_unreachable_from_outside() -> None:
    assert compose()["networks"]["servers"]["internal"] is True
    for name, service in services().items():
        if name.startswith(("mongo-", "kafka-")):
            assert service["networks"] == ["servers"]
    settings = services()["kafka-1"]["environment"]
    assert settings["KAFKA_DEFAULT_REPLICATION_FACTOR"] == "3"
    assert settings["KAFKA_MIN_INSYNC_REPLICAS"] == "2"
    assert services()["topics"]["environment"]["REGISTRY_KAFKA_REPLICATION"] == "3"


def test_no_secret_is_in_the_compose_file() -> None:
    for service in services().values():
        for name, value in service.get("environment", {}).items():
            if any(word in name for word in ("PASSWORD", "TOKEN", "KEYRING", "MONGO_URI")):
                assert name.endswith("_FILE"), name
                assert str(value).startswith("/run/"), name


def test_docker_agrees_with_the_compose_file_where_it_can_be_asked() -> None:
    """Docker's own reading, on machines that have the compose plugin; the rest holds everywhere."""
    docker = shutil.which("docker")
    command = [docker or "docker", "compose"]
    if docker is None or subprocess.run([*command, "version"], capture_output=True).returncode:
        return
    result = subprocess.run(
        [*command, "-f", COMPOSE, "config", "--quiet"], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr


def test_secrets_for_compose_are_made_once_and_for_their_reader_only(tmp_path: Path) -> None:
    def make() -> dict[str, str]:
        subprocess.run(
            [sys.executable, ROOT / "deploy/make_secrets.py", tmp_path],
            check=True,
            env={"REGISTRY_OIDC_ISSUER": "http://issuer:8005"},
        )
        made = [path for path in tmp_path.rglob("*") if path.is_file()]
        exposed = {path.name for path in made if path.stat().st_mode & 0o077}
        assert exposed <= {"jwks.json"}  # the public half of the issuer's key
        return {str(p.relative_to(tmp_path)): p.read_text(encoding="utf-8") for p in made}

    first = make()
    assert make() == first
    for service in ("org-units", "member", "volunteer", "aggregator"):
        name = service.replace("-", "_")
        password = first[f"mongo/{name}_password"]
        assert f"//{name}:{password}@mongo-1:27017," in first[f"{service}/mongo_uri"]
        assert first[f"{service}/service.token"].count(".") == 2
    assert first["member/keyring.json"] == first["volunteer/keyring.json"]
    assert not {"org-units/keyring.json", "aggregator/keyring.json"} & first.keys()
    assert 6 <= len(first["mongo/keyfile"]) <= 1024
