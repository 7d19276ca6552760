"""`registry recount`: equal, different, and not compared are three exit codes."""

import json
import sys
from typing import Any

import pytest

from embedded import processes
from registry_cli import figures
from tests.unit.registry_cli.cli_stub import Services, registry


def report(**over: Any) -> dict[str, Any]:
    return {
        "equal": True,
        "compared": 12,
        "differing": 0,
        "differences": [],
        "open_dead_letters": 0,
        "seconds": 1.5,
        "series": {"members": {"registry": 1971, "dashboard": 1971}},
    } | over


DIFFERENCE = {
    "topic": "registry.member", "unit": "u-1", "day": "", "counter": "ACTIVE",
    "registry": 3, "dashboard": 2,
}  # fmt: skip
UNEQUAL = report(equal=False, differing=30, differences=[DIFFERENCE] * 30)


@pytest.mark.parametrize(("found", "code"), [(report(), 0), (UNEQUAL, 1)])
def test_registry_recount_shows_the_comparison(
    services: Services, monkeypatch: pytest.MonkeyPatch, found: dict[str, Any], code: int
) -> None:
    monkeypatch.setattr(figures, "run_once", lambda *_, **__: (code, json.dumps(found)))
    shown = registry("recount")
    assert shown.exit_code == code, shown.output
    assert "1,971" in shown.stdout
    assert ("不一致" in shown.stdout) == bool(code)
    # The sums are of every unit: nothing may call them the national figure.
    assert "香港" in shown.stdout
    assert "Hong Kong" in shown.stdout
    assert "大屏 dashboard" not in shown.stdout
    as_json = registry("recount", "--json")
    assert (as_json.exit_code, json.loads(as_json.stdout)) == (code, found)


@pytest.mark.parametrize("breaks", ["raise SystemExit(1)", "raise SystemExit(2)"])
def test_a_recount_that_breaks_is_none_that_differs(
    services: Services, monkeypatch: pytest.MonkeyPatch, breaks: str
) -> None:
    monkeypatch.setattr(processes, "python", lambda *_: [sys.executable, "-c", breaks])
    result = registry("recount")
    assert result.exit_code == 2
    assert "aggregator.recount" in result.stderr
    monkeypatch.setattr(figures, "run_once", lambda *_, **__: (0, "no report"))
    assert registry("recount").exit_code == 2


def test_an_interrupted_recount_is_none_that_differs(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: Any, **__: Any) -> tuple[int, str]:
        raise KeyboardInterrupt

    monkeypatch.setattr(figures, "run_once", interrupted)
    assert registry("recount").exit_code == 130
