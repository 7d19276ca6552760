"""What officers, volunteers, newcomers and the public do, each over HTTP or the command line."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import jwt
import pytest

from tests.clients.aggregator import SERIES
from tests.clients.county import KINDS, County
from tests.clients.register import Entity, Register, check_problem
from tests.e2e.commands import all_healthy, done, in_shell, in_terminal, registry
from tests.system import System
from tests.waiting import until

WRITERS = tuple(KINDS)


# --- roles ----------------------------------------------------------------------------------------


def test_a_member_is_approved_by_another_officer_with_the_role(county: County) -> None:
    members = county.members
    entry = members.create()
    both = members.officer("li", "approver")
    for officer, code in ((members.registrar, "scope.forbidden"), (both, "four_eyes")):
        check_problem(members.act(entry, "approve", officer), 403, code)
    assert members.act(entry, "approve", members.approver).status_code == 200
    wanted = {"fields": ["id_number"], "reason": "核对"}
    for officer in (members.registrar, members.approver):
        answer = members.http.post(members.of(entry, "reveal"), json=wanted, headers=officer)
        assert answer.status_code == 403


def test_an_officer_of_a_unit_does_not_file_a_member(county: County) -> None:
    members = county.members
    entry = members.done(members.create(), "approve")
    below = members.officer("approver-below", "approver", unit=county.place)
    check_problem(members.act(entry, "file", below), 403, "scope.level")


# --- the public -------------------------------------------------------------------------------------


def test_figures_are_public_down_to_the_county(county: County) -> None:
    figures = county.figures
    http = figures.http
    assert county.settled()["units"] >= 0
    for unit in ("100000", "330000", "330100", "330106", county.id):
        assert set(figures.progress(unit=unit)["indicators"]) == set(SERIES)
        assert figures.counters(unit=unit)
    for path in ("/", "/static/app.js", "/v1/definitions", "/healthz"):
        assert http.get(path).status_code == 200
    until(lambda: http.get("/readyz").status_code == 200, "the aggregator says that it is ready")
    with http.stream("GET", "/v1/stream") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        assert next(line for line in stream.iter_lines() if line[:6] == "event:")[7:] == "snapshot"
    place = {"unit": county.place}
    county.settled()
    assert http.get("/v1/progress", params=place).status_code == 401
    seen = http.get("/v1/progress", params=place, headers=figures.registrar)
    assert seen.json()["unit"]["id"] == county.place
    rows = figures.counters(unit="330106")
    assert (rows["rows"], rows["rows_need_token"]) == ([], True)


# --- read your write --------------------------------------------------------------------------------


@pytest.mark.parametrize("service", WRITERS)
def test_what_was_answered_of_an_entry_is_read_at_once(county: County, service: str) -> None:
    register = county.register(service)
    entry = register.create()
    check_read(register, entry)
    for action in register.counted_by:
        entry = register.done(entry, action)
        check_read(register, entry)


def check_read(register: Register, entry: Entity) -> None:
    answer = register.read(entry)
    assert answer.json()["version"] == entry["version"]
    assert answer.json()["status"] == entry["status"]
    assert answer.headers["etag"] == f'"{entry["version"]}"'


def test_people_are_taken_in_the_moment_a_unit_is_active(county: County) -> None:
    for service in ("member", "volunteer"):
        unit = county.units.counted()
        entry = county.register(service).create(unit_id=unit["id"])
        assert entry["unit_id"] == unit["id"]


def test_a_volunteer_reads_the_own_entry_and_no_other(county: County) -> None:
    volunteers = county.volunteers
    own, other = volunteers.counted(), volunteers.counted()
    token = done(county.system, "token", "--subject", "volunteer.zhao", "--person", own["id"])
    themselves = {"Authorization": f"Bearer {token.strip()}"}
    http = volunteers.http
    me = http.get("/v1/me", headers=themselves).json()
    assert (me["id"], me["status"], me["version"]) == (own["id"], "REGISTERED", own["version"])
    assert me["unit"]["id"] == county.place
    assert volunteers.read(own, themselves).status_code == 200
    assert volunteers.read(other, themselves).status_code == 404
    assert volunteers.listed(themselves) == []
    assert http.get("/v1/me").status_code == 401
    check_problem(http.get("/v1/me", headers=volunteers.registrar), 404, "volunteer.no_entry")


# --- the command line -------------------------------------------------------------------------------


@pytest.mark.parametrize("paste", [in_shell, in_terminal])
def test_the_lines_registry_welcome_prints_move_each_figure(
    county: County, paste: Callable[[System, str], str]
) -> None:
    before = county.settled("330106")
    printed = done(county.system, "welcome")
    lines = printed[printed.index("# 试用") :]
    said = paste(county.system, lines)
    statuses = re.findall(r"HTTP/1\.1 (\d+)", said)
    assert statuses == ["201", "200", "200", "200", "201", "200", "200", "201", "200", "200"]
    after = county.settled("330106")
    assert after == {name: before[name] + 1 for name in SERIES}
    shown = dict(re.findall(r'"(units|members|volunteers)":\{"value":(\d+)', said))
    assert set(shown) == set(SERIES)
    # On a busy machine the last line may look before the last number has moved.
    assert all(before[name] <= int(shown[name]) <= after[name] for name in SERIES)
    saved = Path(printed.rsplit(": ", 1)[1].strip())
    assert saved.read_text(encoding="utf-8").startswith("#!/bin/bash\n# 试用")


def test_registry_recount_finds_the_dashboard_equal(county: County) -> None:
    for service in WRITERS:
        county.register(service).counted()
    shown = county.settled()
    report = json.loads(done(county.system, "recount", "--json"))
    assert report["equal"] is True
    assert report["differences"] == []
    assert report["open_dead_letters"] == 0
    assert report["compared"] > 0
    for series in SERIES:
        assert report["series"][series] == {"registry": shown[series], "dashboard": shown[series]}
    auditor = county.officer("auditor", "viewer", unit=county.system.chapter("100000"))
    kept = county.figures.http.get("/v1/recounts", headers=auditor).json()
    assert report["_id"] in [item["id"] for item in kept["items"]]


def test_registry_status_names_every_process(system: System) -> None:
    rows = all_healthy(system)
    for row in rows:
        assert {"name", "role", "pid", "healthy"} <= set(row)
        assert type(row["pid"]) is int
        assert row["healthy"] is True
    assert len({row["name"] for row in rows}) == len(rows)
    roles = {row["name"]: row["role"] for row in rows}
    assert set(roles.values()) == {"service", "worker", "relay", "broker", "database"}
    assert {"org-units", "member", "volunteer", "aggregator", "mongod", "kafka"} <= set(roles)
    assert roles["member-relay"] == "relay"
    assert roles["aggregator-worker"] == "worker"
    until(lambda: registry(system, "status").returncode == 0, "status says so")


def test_registry_token_prints_a_token_and_nothing_else(county: County) -> None:
    ended = registry(
        county.system, "token", "--subject", "li", "--role", "registrar", "--role", "approver",
        "--unit", county.region,
    )  # fmt: skip
    assert ended.stderr == ""
    assert re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+\n", ended.stdout)
    claims = jwt.decode(ended.stdout.strip(), options={"verify_signature": False})
    assert claims["sub"] == "li"
    assert claims["grants"] == [{"unit": county.id, "roles": ["registrar", "approver"]}]
    li = {"Authorization": f"Bearer {ended.stdout.strip()}"}
    assert county.members.post(None, li).status_code == 201


def test_no_event_became_a_dead_letter(county: County) -> None:
    county.members.counted()
    county.settled()
    assert json.loads(done(county.system, "dead-letter", "list", "--json")) == []
