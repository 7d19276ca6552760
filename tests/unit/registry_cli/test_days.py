"""Days a command line leaves out: today's at first, and the same ones whenever the import goes on."""

import json
import stat
from collections.abc import Callable
from datetime import date
from pathlib import Path

import httpx
import pytest
from typer.testing import Result

from embedded.runtime import Runtime
from registry_cli import api
from tests.unit.registry_cli.cli_stub import Services, registry
from tests.unit.registry_cli.registry_stub import LI, WANG, RegistryStub, roster

Import = Callable[..., Result]
FIRST, NEXT = "2026-11-27", "2026-11-28"


@pytest.fixture
def turn_to(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    def turn(day: str) -> None:
        monkeypatch.setattr("shared.base.clock.today", lambda: date.fromisoformat(day))

    turn(FIRST)
    return turn


@pytest.fixture
def run_import(
    services: Services, stub: RegistryStub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Import:
    """Import one roster of two rows by the command line."""

    def answer(request: httpx.Request) -> httpx.Response:
        return (stub if request.url.path.endswith("/bulk") else services).answer(request)

    transport = httpx.MockTransport(answer)
    monkeypatch.setattr(api, "http_client", lambda: httpx.Client(transport=transport))

    def run(*options: str, remark: str = "") -> Result:
        path = roster(tmp_path, f"{WANG},,{remark}", f"{LI},,")
        return registry("import", str(path), "--unit", "330106", "--document", "3号", *options)

    return run


def sent(stub: RegistryStub) -> list[tuple[str, str]]:
    """Return the days of consent and document of every page."""
    bodies = [json.loads(request.content) for request in stub.bulk_requests()]
    return [(body["consent"]["given_on"], body["document"]["issued_on"]) for body in bodies]


def test_an_import_that_goes_on_after_midnight_sends_what_it_sent_before(
    run_import: Import, turn_to: Callable[[str], None], stub: RegistryStub, runtime: Runtime
) -> None:
    first = run_import()
    assert first.exit_code == 0, first.output
    assert f"as today: --consent-on {FIRST} --issued-on {FIRST}" in first.stdout
    turn_to(NEXT)
    again = run_import()
    assert again.exit_code == 0, again.output
    assert "2 已登记 accepted, 0 被拒" in again.stdout
    assert f"earlier run: --consent-on {FIRST} --issued-on {FIRST}" in again.stdout
    assert sent(stub) == [(FIRST, FIRST)] * 2
    assert len({request.headers["Idempotency-Key"] for request in stub.bulk_requests()}) == 1


def test_another_import_begins_with_its_own_day(
    run_import: Import, turn_to: Callable[[str], None], stub: RegistryStub
) -> None:
    run_import()
    turn_to(NEXT)
    run_import("--document", "4号")
    run_import("--unit", "s-1")
    run_import("--mode", "applications")
    run_import(remark="x")
    assert sent(stub) == [(FIRST, FIRST), *[(NEXT, NEXT)] * 4]


def test_a_stated_day_of_an_import_holds_and_is_what_goes_on(
    run_import: Import, turn_to: Callable[[str], None], stub: RegistryStub
) -> None:
    run_import("--consent-on", "2026-01-05")
    turn_to(NEXT)
    run_import()
    run_import("--consent-on", "2026-01-06")
    assert "earlier run" not in run_import("--consent-on", "2026-01-06", "--issued-on", NEXT).stdout
    run_import()
    assert sent(stub) == [
        ("2026-01-05", FIRST),
        ("2026-01-05", FIRST),
        ("2026-01-06", FIRST),
        ("2026-01-06", NEXT),
        ("2026-01-06", NEXT),
    ]


def test_only_days_of_an_import_are_kept_and_for_their_owner(
    run_import: Import, turn_to: Callable[[str], None], runtime: Runtime
) -> None:
    run_import()
    (kept,) = (runtime.var / "imports").iterdir()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert [list(days.values()) for days in json.loads(kept.read_text()).values()] == [
        [FIRST, FIRST]
    ]


def test_days_of_a_roster_that_cannot_be_read_are_not_kept(
    services: Services, turn_to: Callable[[str], None], runtime: Runtime, tmp_path: Path
) -> None:
    (tmp_path / "r.csv").write_text("no,header\n")
    result = registry("import", str(tmp_path / "r.csv"), "--unit", "330106", "--document", "X")
    assert result.exit_code == 1
    assert "表头" in result.stderr
    assert not (runtime.var / "imports").exists()


@pytest.mark.parametrize("broken", ["a file in place of the directory", "no JSON"])
def test_where_days_of_an_import_cannot_be_kept_they_have_to_be_stated(
    run_import: Import,
    turn_to: Callable[[str], None],
    stub: RegistryStub,
    runtime: Runtime,
    broken: str,
) -> None:
    if broken == "no JSON":
        run_import()
        (kept,) = (runtime.var / "imports").iterdir()
        kept.write_text("{")
    else:
        (runtime.var / "imports").touch()
    before = len(stub.bulk_requests())
    refused = run_import("--issued-on", FIRST)
    assert refused.exit_code == 2
    assert refused.stderr.count("--consent-on") == 2
    assert "--issued-on" not in refused.stderr
    assert len(stub.bulk_requests()) == before
    stated = run_import("--issued-on", FIRST, "--consent-on", FIRST)
    assert stated.exit_code == 0, stated.output
    assert len(stub.bulk_requests()) == before + 1
