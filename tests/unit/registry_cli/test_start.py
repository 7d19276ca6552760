"""What happens after the start: seed, demo roster, and the lines a newcomer pastes."""

import json
import subprocess
from collections.abc import Callable
from datetime import date
from typing import Any

import httpx
import pytest

from embedded.runtime import Runtime
from registry_cli import lifecycle, problems, running, seeding, welcome
from registry_cli.importing.run import ImportSummary, Order
from shared.people.identifiers import IdType, check
from shared.tables import problems as of_tables
from shared.tables.problems import TableError
from tests.unit.registry_cli.cli_stub import Services, registry, summary

# --- seed and demo --------------------------------------------------------------------------------


def test_registry_seed_runs_the_job_of_org_units(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[list[str]] = []

    def run_once(_: Runtime, module: list[str], database: str, **__: Any) -> tuple[int, str]:
        ran.append([database, *module])
        return 0, json.dumps({"chapters": {"inserted": 2, "present": 3219}})

    monkeypatch.setattr(seeding, "run_once", run_once)
    result = registry("seed", "--townships", "33", "--townships", "440000")
    assert ran == [
        ["org-units", "org_units.divisions", "seed", "--townships", "33", "--townships", "440000",
         "--json"]
    ]  # fmt: skip
    assert "3219" in result.stdout
    assert registry("seed", "--townships", "330106").exit_code == 2


def test_a_program_that_registry_runs_once_is_quoted_where_it_fails(runtime: Runtime) -> None:
    with pytest.raises(problems.Problem, match="No module named no_such_module") as caught:
        running.run_once(runtime, ["no_such_module"], "org-units")
    assert caught.value.exit_code == 2
    code, output = running.run_once(runtime, ["calendar", "2026", "11"], "org-units")
    assert (code, "November 2026" in output) == (0, True)


def test_the_demo_roster_is_written_once_and_imported_as_it_is(
    services: Services, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders: list[Order] = []
    said: list[str] = []

    def run(_: Runtime, order: Order, progress: Callable[..., object]) -> ImportSummary:
        orders.append(order)
        return summary(order.path, 1970, 30)

    monkeypatch.setattr(seeding, "run_order", run)
    seeding.import_demo(runtime, said.append)
    roster = runtime.var / "demo" / "roster.csv"
    assert "三墩镇红十字会" in roster.read_text(encoding="utf-8-sig")
    assert any("r.errors.csv" in line for line in said)
    roster.write_text("mine")
    seeding.import_demo(runtime, said.append)
    assert roster.read_text() == "mine"
    assert [order.unit for order in orders] == ["c-1", "c-1"]
    services.members = 1_970
    seeding.import_demo(runtime, said.append)
    assert len(orders) == 2


def test_a_chapter_the_aggregator_does_not_know_yet_has_no_members(
    services: Services, runtime: Runtime
) -> None:
    services.refuse = httpx.Response(404, json={"detail": "没有这个单位"})
    assert seeding.members_of(runtime, "330106") == 0


def test_a_wrong_demo_roster_is_reported_and_the_rest_of_the_start_goes_on(
    services: Services,
    runtime: Runtime,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    def refuse(*_: Any) -> ImportSummary:
        raise TableError(of_tables.EMPTY, file="roster.csv")

    monkeypatch.setattr(seeding, "seed_tree", lambda *_: [])
    monkeypatch.setattr(seeding, "run_order", refuse)
    lifecycle.after_start(runtime, demo=True)
    captured = capfd.readouterr()
    assert "导入示范名册未完成" in captured.err
    assert "the system runs on" in captured.err
    assert "删除" in captured.err
    assert "try-it.sh" in captured.out


def test_a_failed_seed_keeps_the_demo_roster_from_being_tried(
    services: Services,
    runtime: Runtime,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    def broken(*_: Any) -> list[str]:
        raise RuntimeError("seed")

    monkeypatch.setattr(seeding, "seed_tree", broken)
    monkeypatch.setattr(seeding, "import_demo", lambda *_: pytest.fail("imported"))
    lifecycle.after_start(runtime, demo=True)
    captured = capfd.readouterr()
    assert "RuntimeError: seed" in captured.err
    assert "Traceback" not in captured.err
    assert "http://127.0.0.1:23004/" in captured.out


# --- welcome -----------------------------------------------------------------------------------


def test_the_lines_registry_welcome_gives_to_paste_are_sound_and_fresh(
    services: Services, runtime: Runtime
) -> None:
    first = welcome.greeting(runtime)
    script = runtime.var / "demo" / "try-it.sh"
    subprocess.run(["bash", "-n", str(script)], check=True)
    text = script.read_text()
    assert text.removeprefix("#!/bin/bash") in first
    assert max(len(line) for line in text.splitlines()) < 1_000
    assert '"parent_id":"c-1"' in text
    assert f"REGISTRY_VAR={runtime.var}" in text
    assert "http://127.0.0.1:23004/" in first
    assert welcome.greeting(runtime) != first


def test_without_a_tree_of_units_registry_welcome_shows_the_remedy(
    services: Services, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(welcome, "DEMO_COUNTY", "990000")
    assert "registry seed" in welcome.greeting(runtime)


def test_fresh_id_numbers_of_registry_welcome_are_valid_and_no_living_persons() -> None:
    for female in (True, False):
        numbers = {welcome.fresh_number(female=female) for _ in range(200)}
        # Drawn from 100 million: one pair alike comes once in 5,000 rounds, five never.
        assert len(numbers) > 195
        for number in numbers:
            assert check(IdType.RESIDENT_ID, number, date(2026, 11, 23)).sex == (
                "2" if female else "1"
            )
            assert number[4:6] == "98"
