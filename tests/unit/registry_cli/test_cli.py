"""The command line: what each command asks of the system, prints, and ends with."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from embedded.runtime import Runtime
from registry_cli import api, deadletters, lifecycle, rosters, tokens
from registry_cli.importing.run import ImportSummary, Order
from shared.web.access.principal import ROLES
from tests.unit.registry_cli.cli_stub import LETTER, Services, claims_of, registry, summary


def test_the_help_of_registry_names_every_command_and_loads_nothing_heavy() -> None:
    program = (
        "import sys, registry_cli.main; "
        "print([m for m in ('httpx', 'jwt', 'rich', 'embedded', 'pydantic') if m in sys.modules])"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert loaded.stdout.strip() == "[]"
    shown = registry("--help").output
    for name in ("up", "down", "status", "seed", "import", "token", "recount", "dead-letter"):
        assert f"\n  {name} " in shown


# --- tokens ------------------------------------------------------------------------------------


def test_roles_of_registry_token_are_those_of_the_services() -> None:
    assert set(tokens.ROLES) == ROLES


def test_registry_token_prints_only_a_token_for_ids_and_region_codes(services: Services) -> None:
    result = registry(
        *("token", "--subject", "zhang", "--role", "registrar", "--role", "approver"),
        *("--unit", "330106", "--unit", "s-1", "--unit", "330106001", "--ttl", "30m"),
    )
    assert result.exit_code == 0, result.output
    claims = claims_of(result.stdout.strip())
    assert claims["sub"] == "zhang"
    assert claims["exp"] - claims["iat"] == 1800
    roles = ["registrar", "approver"]
    assert claims["grants"] == [{"unit": unit, "roles": roles} for unit in ("c-1", "s-1", "t-3")]
    reader = claims_of(services.requests[0].headers["Authorization"].removeprefix("Bearer "))
    assert reader["service"] is True


def test_a_volunteers_own_token_needs_no_unit(services: Services) -> None:
    result = registry("token", "--subject", "li", "--person", "v-1")
    assert claims_of(result.stdout.strip())["person"] == "v-1"
    assert services.requests == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--role", "boss", "--unit", "330106"], "boss"),
        (["--role", "viewer"], "--unit"),
        ([], "--person"),
        (["--role", "viewer", "--unit", "990000"], "990000"),
        (["--role", "viewer", "--unit", "no-such"], "no-such"),
        (["--role", "viewer", "--unit", "330106109"], "t-2"),
        (["--role", "viewer", "--unit", "330106002"], "m-1"),
        (["--role", "viewer", "--unit", "../x"], "../x"),
        (["--person", "v-1", "--ttl", "soon"], "soon"),
        (["--person", "v-1", "--ttl", "0"], "“0”"),
    ],
)
def test_a_wrong_request_for_a_token_is_explained_in_both_languages(
    services: Services, arguments: list[str], says: str
) -> None:
    result = registry("token", "--subject", "zhang", *arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    chinese, english = result.stderr.strip().splitlines()
    assert says in chinese
    assert says in english


# --- the system is down or not there --------------------------------------------------------------


def test_registry_status_lists_every_process_of_a_system_that_is_down(runtime: Runtime) -> None:
    result = registry("status", "--json")
    assert result.exit_code == 0
    rows = json.loads(result.stdout)
    assert {"name", "role", "pid", "healthy"} <= set(rows[0])
    assert {row["role"] for row in rows} == {"service", "worker", "relay", "broker", "database"}
    assert not any(row["healthy"] or row["pid"] for row in rows)
    assert registry("status").exit_code == 1


def test_a_registry_command_that_needs_the_system_says_how_to_start_it(
    runtime: Runtime, tmp_path: Path
) -> None:
    for arguments in (
        ["seed"],
        ["recount"],
        ["welcome"],
        ["import", str(tmp_path / "r.csv"), "--unit", "c-1", "--document", "X"],
    ):
        result = registry(*arguments)
        assert result.exit_code == (2 if arguments == ["recount"] else 1), arguments
        assert result.stderr.count("registry up") == 2
    assert registry("down").exit_code == 0


def test_a_service_that_does_not_answer_a_registry_command_is_named(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("Connection refused", request=request)

    monkeypatch.setattr(
        api, "http_client", lambda: httpx.Client(transport=httpx.MockTransport(refuse))
    )
    result = registry("dead-letter", "list")
    assert result.exit_code == 1
    assert "http://127.0.0.1:23001" in result.stderr
    assert "registry status" in result.stderr


@pytest.mark.parametrize("value", ["abc", "-5", "70000", "8O00"])
def test_a_wrong_port_base_is_explained_by_registry_status(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("REGISTRY_PORT_BASE", value)
    result = registry("status")
    assert result.exit_code == 2
    assert value in result.stderr
    assert "REGISTRY_PORT_BASE" in result.stderr


def test_a_defect_of_a_registry_command_becomes_a_message_and_its_traceback_a_file(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*, as_json: bool) -> int:
        raise ZeroDivisionError("of course")

    monkeypatch.setattr(lifecycle, "status", broken)
    result = registry("status")
    assert result.exit_code == 1
    assert "Traceback" not in result.output
    assert "ZeroDivisionError" in result.stderr
    assert "Traceback" in runtime.log("cli").read_text()


# --- import ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("accepted", "refused", "code"), [(8, 0, 0), (8, 2, 0), (0, 2, 1)])
def test_registry_import_reports_what_became_of_the_rows(
    services: Services,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    accepted: int,
    refused: int,
    code: int,
) -> None:
    orders: list[Order] = []

    def run(_: Runtime, order: Order, progress: Callable[..., object]) -> ImportSummary:
        orders.append(order)
        return summary(order.path, accepted, refused)

    monkeypatch.setattr(rosters, "run_order", run)
    (tmp_path / "r.csv").write_text("姓名,性别\n王芳,女\n", encoding="utf-8")
    result = registry(
        *("import", str(tmp_path / "r.csv"), "--unit", "330106"),
        *("--document", "西红〔2026〕1号", "--issued-on", "2026-01-04"),
    )
    assert result.exit_code == code, result.output
    assert (orders[0].unit, orders[0].mode) == ("c-1", "existing")
    assert orders[0].document is not None
    assert orders[0].issued_on == "2026-01-04"
    assert f"{accepted} 已登记" in result.stdout
    assert ("r.errors.csv" in result.stdout) == bool(refused)


def test_registry_import_acts_as_an_officer_of_the_nearest_chapter(
    services: Services, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, Any] = {}

    def fake(order: Order, client: api.Api, **_: Any) -> ImportSummary:
        asked.update(order=order, api=client)
        return summary(order.path, 1, 0)

    monkeypatch.setattr(rosters, "import_roster", fake)
    order = Order(Path("r.csv"), "s-1", "demo.import")
    rosters.run_order(runtime, order)
    assert asked["order"].unit == "s-1"
    assert asked["api"].address("member") == "http://127.0.0.1:23002"
    roles = ["registrar", "approver"]
    assert claims_of(asked["api"].mint())["grants"] == [{"unit": "c-1", "roles": roles}]


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        ([], 2, "--document"),
        (["--document", "X", "--issued-on", "2026-02-30"], 2, "2026-02-30"),
        (["--document", "X", "--consent-on", "yesterday"], 2, "yesterday"),
        (["--document", "X", "--mode", "maybe"], 2, "maybe"),
        (["--document", "X"], 1, "r.csv"),
    ],
)
def test_a_wrong_call_of_registry_import_is_explained(
    services: Services, tmp_path: Path, arguments: list[str], code: int, says: str
) -> None:
    result = registry("import", str(tmp_path / "r.csv"), "--unit", "c-1", *arguments)
    assert result.exit_code == code, result.output
    assert says in result.stderr


# --- dead letters ----------------------------------------------------------------------------------


def test_dead_letters_are_listed_and_shown(services: Services) -> None:
    listed = registry("dead-letter", "list")
    assert listed.exit_code == 0, listed.output
    assert "d-1" in listed.stdout
    assert services.requests[-1].url.params["state"] == "open"
    bearer = services.requests[-1].headers["Authorization"].removeprefix("Bearer ")
    assert claims_of(bearer)["grants"] == [{"unit": "hq", "roles": ["admin"]}]
    registry("dead-letter", "list", "--state", "all")
    assert "state" not in services.requests[-1].url.params
    shown = json.loads(registry("dead-letter", "show", "d-1").stdout)
    assert shown["reason"] == "no such type"


@pytest.mark.parametrize("arguments", [(), ("--json",)])
def test_every_page_of_dead_letters_is_listed(
    services: Services, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    pages = {None: (["d-1", "d-2"], "c-2"), "c-2": (["d-3"], None)}

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path != "/v1/dead-letters":
            return services.answer(request)
        assert request.url.params["state"] == "open"
        ids, following = pages[request.url.params.get("cursor")]
        items = [{**LETTER, "id": identity} for identity in ids]
        return httpx.Response(200, json={"items": items, "next_cursor": following})

    client = partial(httpx.Client, transport=httpx.MockTransport(answer))
    monkeypatch.setattr(api, "http_client", client)
    result = registry("dead-letter", "list", *arguments)
    assert result.exit_code == 0, result.output
    assert re.findall(r"d-\d", result.stdout) == ["d-1", "d-2", "d-3"]


def test_dead_letters_are_replayed_and_dismissed(services: Services, tmp_path: Path) -> None:
    assert registry("dead-letter", "replay", "d-1").exit_code == 0
    assert json.loads(services.requests[-1].content) == {"event": None}
    mended = tmp_path / "event.json"
    mended.write_text('{"id": "e"}')
    assert "3" in registry("dead-letter", "replay", "d-1", "--event-file", str(mended)).stdout
    assert json.loads(services.requests[-1].content) == {"event": {"id": "e"}}
    done = registry("dead-letter", "dismiss", "d-1", "--reason", "测试数据", "--subject", "li")
    assert done.exit_code == 0
    assert services.requests[-1].url.path == "/v1/dead-letters/d-1/dismiss"
    assert json.loads(services.requests[-1].content) == {"reason": "测试数据"}
    bearer = services.requests[-1].headers["Authorization"].removeprefix("Bearer ")
    assert claims_of(bearer)["sub"] == "li"


@pytest.mark.parametrize("content", [b"no json", b"7", b"\xff\xfe"])
def test_an_unreadable_event_file_for_a_dead_letter_is_explained(
    services: Services, tmp_path: Path, content: bytes
) -> None:
    mended = tmp_path / "event.json"
    mended.write_bytes(content)
    result = registry("dead-letter", "replay", "d-1", "--event-file", str(mended))
    assert result.exit_code == 2
    assert "event.json" in result.stderr


def test_a_refusal_of_a_service_is_passed_on_by_a_registry_command(services: Services) -> None:
    services.refuse = httpx.Response(
        409, json={"detail": "该死信已处理", "errors": [{"field": "id", "message": "已处理"}]}
    )
    result = registry("dead-letter", "replay", "d-1")
    assert result.exit_code == 1
    assert "已处理" in result.stderr
    assert deadletters.STATES.keys() == {"open", "replayed", "dismissed", "voided"}


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (httpx.Response(404, text="<html>"), "不是 JSON"),
        (httpx.Response(200, json=[]), "不是 JSON"),
        (httpx.Response(500, text="Internal Server Error"), "Internal Server Error"),
        (httpx.Response(503, text="<html>"), "（503）"),
    ],
)
def test_a_registry_command_distinguishes_another_program_from_a_service_that_broke(
    services: Services, answer: httpx.Response, says: str
) -> None:
    services.refuse = answer
    result = registry("dead-letter", "replay", "d-1")
    assert result.exit_code == 1
    assert says in result.stderr
    assert sum("/v1/dead-letters" in str(asked.url) for asked in services.requests) == 1
