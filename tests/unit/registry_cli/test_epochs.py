"""`registry epoch raise`: one program on the database of the register that was restored."""

from typing import Any

import pytest

from embedded.runtime import Runtime
from registry_cli import running
from tests.unit.registry_cli.cli_stub import Services, registry


@pytest.mark.parametrize("source", ["org-units", "member", "volunteer"])
def test_registry_epoch_raise_runs_on_the_database_of_its_source(
    services: Services, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    ran: list[tuple[list[str], str]] = []

    def run_once(_: Runtime, module: list[str], database: str) -> tuple[int, str]:
        ran.append((module, database))
        return 0, f"/services/{source} 2\n"

    monkeypatch.setattr(running, "run_once", run_once)
    monkeypatch.setattr(running, "require_running", lambda *_, **__: None)
    done = registry("epoch", "raise", "--source", source)
    assert done.exit_code == 0, done.output
    assert ran == [(["shared.pipeline.epoch", "--source", source], source)]
    assert "纪元 2" in done.stdout
    assert "epoch 2" in done.stdout


@pytest.mark.parametrize("arguments", [(), ("--source", "aggregator")])
def test_registry_epoch_raise_names_the_registers_it_knows(
    services: Services, arguments: tuple[str, ...]
) -> None:
    refused: Any = registry("epoch", "raise", *arguments)
    assert refused.exit_code == 2
    assert "--source" in refused.output
