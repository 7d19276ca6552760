"""A wrong variable is reported by its name, with the remedy, and never as a traceback."""

from pathlib import Path

import pytest

from embedded.runtime import Runtime
from registry_cli import lifecycle, problems, running
from tests.unit.registry_cli.cli_stub import registry


@pytest.mark.parametrize("below_a_file", [False, True])
def test_a_registry_var_directory_that_cannot_be_made_is_named_with_the_remedy(
    runtime: Runtime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, below_a_file: bool
) -> None:
    (tmp_path / "file").touch()
    var = str(tmp_path / "file/var") if below_a_file else "/proc/nope"
    monkeypatch.setenv("REGISTRY_VAR", var)
    result = registry("up")
    assert result.exit_code in (1, 2)
    assert "Traceback" not in result.output
    assert ".log" not in result.output
    chinese, english = result.stderr.strip().splitlines()
    for line in (chinese, english):
        assert var in line
        assert "REGISTRY_VAR" in line


@pytest.mark.parametrize("value", ["2GB", "0", "nan", "-1"])
def test_a_wrong_cache_size_of_mongod_is_named_and_not_the_port_base(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.delenv("REGISTRY_PORT_BASE")
    monkeypatch.setenv("REGISTRY_MONGO_CACHE_GB", value)
    result = registry("status")
    assert result.exit_code == 2
    assert "PORT_BASE" not in result.stderr
    for line in result.stderr.strip().splitlines():
        assert f"REGISTRY_MONGO_CACHE_GB 的值“{value}”" in line or f"is “{value}”" in line


def test_a_broken_file_of_ports_is_named_by_registry_status(runtime: Runtime) -> None:
    (runtime.var / "ports.json").write_text("{}")
    result = registry("status")
    assert result.exit_code == 2
    assert str(runtime.var / "ports.json") in result.stderr


def test_a_defect_of_a_registry_command_without_a_place_for_its_log_names_no_log(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*, as_json: bool) -> int:
        raise ZeroDivisionError("of course")

    monkeypatch.setattr(lifecycle, "status", broken)
    (runtime.var / "log").touch()
    result = registry("status")
    assert result.exit_code == 1
    assert "ZeroDivisionError" in result.stderr
    assert ".log" not in result.stderr


def test_services_the_environment_names_need_no_embedded_system(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REGISTRY_ORG_UNITS_URL", "http://org-units:8001")
    with pytest.raises(problems.Problem, match="registry up"):
        running.require_running(runtime, "org-units", "member")
    monkeypatch.setenv("REGISTRY_MEMBER_URL", "http://member:8002")
    running.require_running(runtime, "org-units", "member")
    assert running.url(runtime, "member") == "http://member:8002"
    with pytest.raises(problems.Problem, match="registry up"):
        running.require_running(runtime)


@pytest.mark.parametrize(("command", "code"), [("seed", 1), ("recount", 2)])
def test_a_registry_command_whose_database_is_elsewhere_says_how_it_is_run_there(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch, command: str, code: int
) -> None:
    monkeypatch.setenv("REGISTRY_ORG_UNITS_URL", "http://org-units:8001")
    result = registry(command)
    assert result.exit_code == code
    assert result.stderr.count(f"deploy/compose.yaml run --rm {command}") == 2
