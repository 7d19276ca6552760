"""What officers, volunteers, newcomers and the public do, each over HTTP or the command line."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt
import pytest

from embedded.issuer import mint
from tests.e2e.commands import done, in_shell, in_terminal, registry
from tests.e2e.office import PAPER, SERVICES, Office
from tests.system import System, until

WRITERS = tuple(SERVICES)
SERIES = ("units", "members", "volunteers")


def entry_of(office: Office, service: str) -> dict[str, Any]:
    """Return a new entry of a register, not yet counted."""
    return office.create(service, office.body(service))


# --- scope ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("service", WRITERS)
def test_an_officer_sees_and_does_nothing_outside_the_county(
    office: Office, elsewhere: Office, service: str
) -> None:
    theirs = entry_of(elsewhere, service)
    url = office.url(service, theirs["id"])
    match = {"If-Match": f'"{theirs["version"]}"'}
    action = {"org-units": "submit", "member": "approve", "volunteer": "apply-registration"}
    attempts = (
        office.system.http.get(url, headers=office.registrar),
        office.system.http.patch(url, json={"name": "改名"}, headers=office.registrar | match),
        office.post(f"{url}/{action[service]}", {}, **match),
        office.post(f"{url}/void", {"reason": "试一试"}, office.approver, **match),
    )
    assert [answer.status_code for answer in attempts] == [404] * 4
    unknown = office.system.http.get(office.url(service, "no-such-id"), headers=office.registrar)
    told = [{**answer.json(), "correlation_id": ""} for answer in (attempts[0], unknown)]
    assert told[0] == told[1], "an answer tells what exists outside"
    refused = office.post(office.url(service), elsewhere.body(service))
    assert (refused.status_code, refused.json()["code"]) == (403, "scope.forbidden")
    seen = elsewhere.system.http.get(url, headers=elsewhere.registrar).json()
    assert (seen["version"], seen["status"]) == (theirs["version"], theirs["status"])


@pytest.mark.parametrize("service", WRITERS)
def test_a_list_holds_only_what_is_ones_own(
    office: Office, elsewhere: Office, service: str
) -> None:
    own, theirs = entry_of(office, service), entry_of(elsewhere, service)
    for who, mine, other in ((office, own, theirs), (elsewhere, theirs, own)):
        found = every_item(who, service)
        ids = {item["id"] for item in found}
        assert mine["id"] in ids
        assert other["id"] not in ids
        units = {who.county} | {item["id"] for item in every_item(who, "org-units")}
        assert {
            item["id"] if service == "org-units" else item["unit_id"] for item in found
        } <= units
    asked = {"within" if service == "org-units" else "unit_id": elsewhere.county}
    answer = office.system.http.get(office.url(service), params=asked, headers=office.registrar)
    assert answer.status_code == 404 or answer.json()["items"] == []


def every_item(office: Office, service: str) -> list[dict[str, Any]]:
    """Return what an officer's list holds, page after page."""
    found: list[dict[str, Any]] = []
    query: dict[str, str] | None = {"limit": "7"}
    while query is not None:
        url = office.url(service)
        page = office.system.http.get(url, params=query, headers=office.registrar).json()
        found += page["items"]
        query = {"limit": "200", "cursor": page["next_cursor"]} if page["next_cursor"] else None
    return found


def test_roles_and_four_eyes(office: Office) -> None:
    entry = entry_of(office, "member")
    both = office.system.headers(f"registrar-{office.region}", office.county, "approver")
    match = {"If-Match": f'"{entry["version"]}"'}
    url = office.url("member", entry["id"], "approve")
    for officer, code in ((office.registrar, "scope.forbidden"), (both, "four_eyes")):
        refused = office.post(url, {}, officer, **match)
        assert (refused.status_code, refused.json()["code"]) == (403, code)
    assert office.post(url, {}, office.approver, **match).status_code == 200
    wanted = {"fields": ["id_number"], "reason": "核对"}
    for officer in (office.registrar, office.approver):
        assert office.post(office.url("member", entry["id"], "reveal"), wanted, officer).is_error


def test_an_officer_of_a_unit_does_not_file(office: Office) -> None:
    entry = office.act("member", entry_of(office, "member"), "approve", office.approver)
    below = office.system.headers("approver-below", office.place, "approver")
    match = {"If-Match": f'"{entry["version"]}"'}
    refused = office.post(office.url("member", entry["id"], "file"), {}, below, **match)
    assert (refused.status_code, refused.json()["code"]) == (403, "scope.level")


# --- tokens and the public --------------------------------------------------------------------------


@pytest.mark.parametrize("service", WRITERS)
def test_without_a_token_nothing_is_shown_or_done(office: Office, service: str) -> None:
    entry = entry_of(office, service)
    for method, parts in (
        ("GET", ()), ("POST", ()), ("GET", (entry["id"],)), ("PATCH", (entry["id"],)),
        ("POST", (entry["id"], "void")),
    ):  # fmt: skip
        answer = office.system.http.request(method, office.url(service, *parts), json={})
        assert (answer.status_code, answer.json()["code"]) == (401, "auth.missing")
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert answer.headers["content-type"] == "application/problem+json"


def tampered(system: System) -> str:
    head, _, signature = mint(system.runtime, "registrar-330106").split(".")
    body = mint(system.runtime, "somebody-else", service=True).split(".")[1]
    return f"{head}.{body}.{signature}"


def unsigned(system: System) -> str:
    claims = jwt.decode(
        mint(system.runtime, "nobody", service=True), options={"verify_signature": False}
    )
    return jwt.encode(claims, "", algorithm="none")


BAD_TOKENS: dict[str, Callable[[System], str]] = {
    "auth.invalid garbage": lambda _: "garbage",
    "auth.invalid tampered": tampered,
    "auth.invalid unsigned": unsigned,
    "auth.expired": lambda system: mint(system.runtime, "late", service=True, ttl_seconds=-3600),
}


@pytest.mark.parametrize("kind", BAD_TOKENS)
def test_a_token_that_does_not_verify_opens_nothing(office: Office, kind: str) -> None:
    headers = {"Authorization": f"Bearer {BAD_TOKENS[kind](office.system)}"}
    for service in WRITERS:
        answer = office.system.http.get(office.url(service), headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, kind.split()[0])


def test_figures_are_public_down_to_the_county(office: Office) -> None:
    http, root = office.system.http, office.system.url("aggregator")
    assert office.settled()["units"] >= 0
    for unit in ("100000", "330000", "330100", "330106", office.county):
        body = http.get(f"{root}/v1/progress", params={"unit": unit}).json()
        assert set(body["indicators"]) == set(SERIES)
        assert http.get(f"{root}/v1/counters", params={"unit": unit}).status_code == 200
    for path in ("/", "/static/app.js", "/v1/definitions", "/healthz", "/readyz"):
        assert http.get(root + path).status_code == 200
    with http.stream("GET", f"{root}/v1/stream") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        assert next(line for line in stream.iter_lines() if line[:6] == "event:")[7:] == "snapshot"
    place = {"unit": office.place}
    office.settled()
    assert http.get(f"{root}/v1/progress", params=place).status_code == 401
    seen = http.get(f"{root}/v1/progress", params=place, headers=office.registrar)
    assert seen.json()["unit"]["id"] == office.place
    rows = http.get(f"{root}/v1/counters", params={"unit": "330106"}).json()
    assert (rows["rows"], rows["rows_need_token"]) == ([], True)


# --- read your write --------------------------------------------------------------------------------


@pytest.mark.parametrize("series", SERIES)
def test_what_was_answered_is_read_at_once(office: Office, series: str) -> None:
    service = next(name for name, kept in SERVICES.items() if kept == series)
    paths: dict[str, list[tuple[str, dict[str, str], dict[str, Any]]]] = {
        "units": [
            ("submit", office.registrar, {}), ("approve", office.approver, {}),
            ("activate", office.approver, {}),
        ],
        "members": [("approve", office.approver, {}), ("file", office.approver, {})],
        "volunteers": [
            ("apply-registration", office.registrar, PAPER), ("register", office.approver, {})
        ],
    }  # fmt: skip
    entry = entry_of(office, service)
    check_read(office, service, entry)
    for action, officer, body in paths[series]:
        entry = office.act(service, entry, action, officer, **body)
        check_read(office, service, entry)


def check_read(office: Office, service: str, entry: dict[str, Any]) -> None:
    answer = office.system.http.get(office.url(service, entry["id"]), headers=office.registrar)
    assert answer.json()["version"] == entry["version"]
    assert answer.json()["status"] == entry["status"]
    assert answer.headers["etag"] == f'"{entry["version"]}"'


def test_people_are_taken_in_the_moment_a_unit_is_active(office: Office) -> None:
    for service in ("member", "volunteer"):
        unit = office.add("units")
        entry = office.create(service, office.body(service, unit_id=unit["id"]))
        assert entry["unit_id"] == unit["id"]


def test_a_volunteer_reads_the_own_entry_and_no_other(office: Office) -> None:
    own, other = office.add_volunteer(), office.add_volunteer()
    token = done(office.system, "token", "--subject", "volunteer.zhao", "--person", own["id"])
    headers = {"Authorization": f"Bearer {token.strip()}"}
    http, root = office.system.http, office.system.url("volunteer")
    me = http.get(f"{root}/v1/me", headers=headers).json()
    assert (me["id"], me["status"], me["version"]) == (own["id"], "REGISTERED", own["version"])
    assert me["unit"]["id"] == office.place
    assert http.get(office.url("volunteer", own["id"]), headers=headers).status_code == 200
    assert http.get(office.url("volunteer", other["id"]), headers=headers).status_code == 404
    assert http.get(office.url("volunteer"), headers=headers).json()["items"] == []
    assert http.get(f"{root}/v1/me").status_code == 401
    officer = http.get(f"{root}/v1/me", headers=office.registrar)
    assert (officer.status_code, officer.json()["code"]) == (404, "volunteer.no_entry")


# --- the command line -------------------------------------------------------------------------------


@pytest.mark.parametrize("paste", [in_shell, in_terminal])
def test_the_printed_lines_move_each_number(
    office: Office, paste: Callable[[System, str], str]
) -> None:
    before = office.settled("330106")
    printed = done(office.system, "welcome")
    lines = printed[printed.index("# 试用") :]
    said = paste(office.system, lines)
    statuses = re.findall(r"HTTP/1\.1 (\d+)", said)
    assert statuses == ["201", "200", "200", "200", "201", "200", "200", "201", "200", "200"]
    after = office.settled("330106")
    assert after == {name: before[name] + 1 for name in SERIES}
    shown = dict(re.findall(r'"(units|members|volunteers)":\{"value":(\d+)', said))
    assert set(shown) == set(SERIES)
    # On a busy machine the last line may look before the last number has moved.
    assert all(before[name] <= int(shown[name]) <= after[name] for name in SERIES)
    saved = Path(printed.rsplit(": ", 1)[1].strip())
    assert saved.read_text(encoding="utf-8").startswith("#!/bin/bash\n# 试用")


def test_recount_finds_the_dashboard_equal(office: Office) -> None:
    for series in SERIES:
        office.add(series)
    shown = office.settled()
    report = json.loads(done(office.system, "recount", "--json"))
    assert report["equal"] is True
    assert report["differences"] == []
    assert report["open_dead_letters"] == 0
    assert report["compared"] > 0
    for series in SERIES:
        assert report["series"][series] == {"registry": shown[series], "dashboard": shown[series]}
    headers = office.system.headers("auditor", office.system.chapter("100000"), "viewer")
    kept = office.system.http.get(
        f"{office.system.url('aggregator')}/v1/recounts", headers=headers
    ).json()
    assert report["_id"] in [item["id"] for item in kept["items"]]


def test_status_names_every_process(system: System) -> None:
    until(system.healthy, 60.0, "all is up")
    rows = json.loads(done(system, "status", "--json"))
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
    until(lambda: registry(system, "status").returncode == 0, 60.0, "status says so")


def test_token_prints_a_token_and_nothing_else(office: Office) -> None:
    ended = registry(
        office.system, "token", "--subject", "li", "--role", "registrar", "--role", "approver",
        "--unit", office.region,
    )  # fmt: skip
    assert ended.stderr == ""
    assert re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+\n", ended.stdout)
    claims = jwt.decode(ended.stdout.strip(), options={"verify_signature": False})
    assert claims["sub"] == "li"
    assert claims["grants"] == [{"unit": office.county, "roles": ["registrar", "approver"]}]
    headers = {"Authorization": f"Bearer {ended.stdout.strip()}"}
    assert office.post(office.url("member"), office.body("member"), headers).status_code == 201


def test_no_event_was_set_aside(office: Office) -> None:
    office.add_member()
    office.settled()
    assert json.loads(done(office.system, "dead-letter", "list", "--json")) == []
