"""A directory of its own for each test of the command line, and stubbed services."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from embedded.runtime import Runtime
from registry_cli import figures, rosters, running, seeding
from registry_cli.importing import Consent, Document, ImportSummary, import_roster
from registry_cli.importing.api import RegistryApi
from shared.tables.problems import Language
from tests.unit.registry_cli.cli_stub import Services
from tests.unit.registry_cli.registry_stub import COUNTY, MEMBER, ORG_UNITS, RegistryStub

CONSENT = Consent("2026-1", "PAPER", "2026-01-05")
DOCUMENT = Document("西红〔2026〕1号", "2026-01-04")


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
        monkeypatch.setattr(module, "require_running", lambda *_, **__: None)
    return found


@pytest.fixture
def stub() -> RegistryStub:
    return RegistryStub()


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def run(stub: RegistryStub, pauses: list[float]) -> Callable[..., ImportSummary]:
    def import_file(path: Path, language: Language = "zh", **over: Any) -> ImportSummary:
        with stub.client() as client:
            settings: dict[str, Any] = {
                "member_url": MEMBER,
                "org_units_url": ORG_UNITS + "/",
                "unit_id": COUNTY["id"],
                "mode": "existing",
                "consent": CONSENT,
                "document": DOCUMENT,
                "api": RegistryApi(client, lambda: "secret", language, pauses.append),
            }
            return import_roster(path, **(settings | over))

    return import_file
