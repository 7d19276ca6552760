"""A directory of its own for each test of the command line, and stubbed services."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import Result

from embedded.runtime import Runtime
from registry_cli import api, figures, rosters, seeding
from registry_cli.api import Api
from registry_cli.importing.failures import ImportFailed
from registry_cli.importing.run import ImportSummary, Order, import_roster
from registry_cli.rosters import ATTEMPTS
from shared.tables.problems import Language
from tests.unit.registry_cli.cli_stub import Services, registry
from tests.unit.registry_cli.registry_stub import ADDRESSES, COUNTY, RegistryStub


@pytest.fixture
def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runtime:
    monkeypatch.setenv("REGISTRY_VAR", str(tmp_path))
    monkeypatch.setenv("REGISTRY_PORT_BASE", "23000")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    return Runtime(var=tmp_path, port_base=23000)


@pytest.fixture
def services(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> Services:
    found = Services()
    monkeypatch.setattr(api, "http_client", found.client)
    for module in (seeding, rosters, figures):
        monkeypatch.setattr(module, "require_running", lambda *_, **__: None)
    return found


@pytest.fixture
def stub() -> RegistryStub:
    return RegistryStub()


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def run(
    stub: RegistryStub, pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., ImportSummary]:
    monkeypatch.setattr(api, "http_client", stub.client)

    def import_file(
        path: Path,
        language: Language = "zh",
        unit: str = str(COUNTY["id"]),
        mint: Callable[[], str] = lambda: "secret",
        **over: Any,
    ) -> ImportSummary:
        order = Order(
            path,
            unit,
            subject="clerk",
            document="西红〔2026〕1号",
            issued_on="2026-01-04",
            consent_on="2026-01-05",
        )
        client = Api(ADDRESSES.__getitem__, mint, ImportFailed, ATTEMPTS, language, pauses.append)
        return import_roster(order, client, **over)

    return import_file


@pytest.fixture
def import_command(
    services: Services, stub: RegistryStub, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Result]:
    """Import a roster as a user types it; its pages go to the stub."""

    def answer(request: httpx.Request) -> httpx.Response:
        return (stub if request.url.path.endswith("/bulk") else services).answer(request)

    transport = httpx.MockTransport(answer)
    monkeypatch.setattr(api, "http_client", lambda: httpx.Client(transport=transport))

    def run(path: Path, *options: str) -> Result:
        stated = ("--document", "3号", "--issued-on", "2026-01-04", "--consent-on", "2026-01-05")
        who = ("--subject", "clerk")
        return registry("import", str(path), "--unit", "330106", *stated, *who, *options)

    return run
