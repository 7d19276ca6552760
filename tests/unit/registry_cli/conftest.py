"""A directory of its own for each test of the command line, and stubbed services."""

from pathlib import Path

import pytest

from embedded.runtime import Runtime
from registry_cli import figures, rosters, running, seeding
from tests.unit.registry_cli.cli_stub import Services


@pytest.fixture
def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runtime:
    monkeypatch.setenv("REGISTRY_VAR", str(tmp_path))
    monkeypatch.setenv("REGISTRY_PORT_BASE", "23000")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    return Runtime(var=tmp_path, port_base=23000)


@pytest.fixture
def services(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> Services:
    found = Services()
    monkeypatch.setattr(running, "open_client", found.client)
    for module in (seeding, rosters, figures):
        monkeypatch.setattr(module, "require_running", lambda _: None)
    return found
