"""The life of a unit over HTTP on a real replica set, and what the tree allows."""

import asyncio
from datetime import date, timedelta
from typing import Any

import httpx

from shared.clock import today
from shared.mongo import Database, Document
from tests.integration.org_units.office import (
    USCC,
    Office,
    assert_problem,
    outbox_of,
)


async def test_whole_path(office: Office, database: Database) -> None:
    body = {
        "name": "文三社区红十字会",
        "type": "COMMUNITY",
        "parent_id": office.county,
        "region_code": "330106002",
        "host_uscc": f" {USCC.lower()} ",
        "founded_on": "2019-05-08",
        "effective_on": "2025-01-10",
    }
    answer = await office.http.post("/v1/units", json=body, headers=office.registrar)
    unit = answer.json()
    assert answer.status_code == 201
    assert answer.headers["etag"] == '"1"'
    assert answer.headers["location"] == f"/v1/units/{unit['id']}"
    assert unit["code"].startswith("330106C")
    assert (unit["status"], unit["level"], unit["version"]) == ("DRAFT", "GRASSROOTS", 1)
    assert unit["host_uscc"] == USCC
    assert [step["level"] for step in unit["path"]] == [
        "NATIONAL", "PROVINCE", "PREFECTURE", "COUNTY", "GRASSROOTS",
    ]  # fmt: skip
    assert unit["path"][-1] == {"id": unit["id"], "name": body["name"], "level": "GRASSROOTS"}

    unit = await office.done(unit, "submit", "return", "submit", "approve")
    paper = {"effective_on": today().isoformat(), "document": {"number": "西红〔2026〕8号"}}
    unit = (await office.act(unit, "activate", office.approver, paper)).json()
    unit = await office.done(unit, "deactivate", "activate")
    assert (unit["status"], unit["version"]) == ("ACTIVE", 8)

    seen = await office.http.get(f"/v1/units/{unit['id']}", headers=office.approver)
    assert seen.json() == unit
    assert seen.headers["etag"] == '"8"'

    assert_told(database, unit)


def assert_told(database: Database, unit: Document) -> None:
    """The outbox, the history and the access log hold what the whole path did."""
    told = outbox_of(database, unit["id"])
    assert [fact for fact, _ in told] == [
        "created", "submitted", "returned", "submitted", "approved", "activated",
        "deactivated", "activated",
    ]  # fmt: skip
    assert [payload.version for _, payload in told] == list(range(1, 9))
    assert told[0][1].changes[0].effective_on == date(2025, 1, 10)
    assert told[-1][1].unit.status == "ACTIVE"
    assert told[-1][1].unit.code == unit["code"]
    history = list(database.units_versions.find({"entity": unit["id"]}).sort("version"))
    assert len(history) == 7
    assert history[4]["document"]["number"] == "西红〔2026〕8号"
    logged = database.access_log.count_documents({"entity": unit["id"]})
    assert logged == 8


async def test_illegal_transition_names_what_is_possible(office: Office) -> None:
    answer = await office.act(await office.create(), "activate", office.approver)
    assert_problem(answer, 409, "state.illegal")
    assert "submit" in answer.json()["detail"]


async def test_dates_of_transitions(office: Office) -> None:
    unit = await office.create(effective_on="2025-03-01")
    early = await office.act(unit, "submit", office.registrar, {"effective_on": "2025-02-28"})
    assert_problem(early, 422, "date.too_early", "effective_on")
    assert "2025-03-01" in early.json()["detail"]
    tomorrow = (today() + timedelta(days=1)).isoformat()
    late = await office.act(unit, "submit", office.registrar, {"effective_on": tomorrow})
    assert_problem(late, 422, "date.future", "effective_on")
    for action, who in (("submit", office.registrar), ("void", office.approver)):
        ahead = {"document": {"number": "1号", "issued_on": "2999-01-01"}}
        refused = await office.act(unit, action, who, ahead)
        assert_problem(refused, 422, "date.future", "document.issued_on")
    before_it_was = await office.act(unit, "void", office.approver, {"effective_on": "2025-02-28"})
    assert_problem(before_it_was, 422, "date.too_early", "effective_on")


async def test_corrections(office: Office, database: Database) -> None:
    unit = await office.active()

    async def patch(body: dict[str, Any]) -> httpx.Response:
        headers = {**office.registrar, "If-Match": f'"{unit["version"]}"'}
        return await office.http.patch(f"/v1/units/{unit['id']}", json=body, headers=headers)

    changed = await patch(
        {"name": "新名称", "host_uscc": USCC, "founded_on": "2020-01-01", "reason": "更名"}
    )
    assert changed.status_code == 200
    unit = changed.json()
    assert (unit["name"], unit["status"], unit["version"]) == ("新名称", "ACTIVE", 5)
    assert unit["path"][-1]["name"] == "新名称"
    cleared = await patch({"host_uscc": None})
    unit = cleared.json()
    assert (unit["host_uscc"], unit["founded_on"]) == (None, "2020-01-01")
    fact, payload = outbox_of(database, unit["id"])[-2]
    assert (fact, payload.changes, payload.unit.name) == ("corrected", [], "新名称")

    assert_problem(await patch({}), 422, "field.empty_change")
    assert_problem(await patch({"reason": "x"}), 422, "field.empty_change")
    assert_problem(await patch({"name": None}), 422, "field.required", "name")
    assert_problem(await patch({"founded_on": "0001-01-01"}), 422, "date.too_early", "founded_on")
    ahead = {"name": "x", "document": {"number": "1号", "issued_on": "2999-01-01"}}
    assert_problem(await patch(ahead), 422, "date.future", "document.issued_on")
    assert_problem(await patch({"type": "SCHOOL"}), 422, "field.unknown", "type")
    assert_problem(await patch({"host_uscc": "x"}), 422, "uscc.length", "host_uscc")
    unit = await office.done(unit, "void")
    assert_problem(await patch({"name": "y"}), 409, "state.illegal")


async def test_chapters_are_not_changed_by_hand(office: Office, database: Database) -> None:
    chapter = (await office.http.get(f"/v1/units/{office.county}", headers=office.approver)).json()
    answer = await office.act(chapter, "deactivate", office.approver)
    assert_problem(answer, 409, "unit.chapter_by_list")
    headers = {**office.registrar, "If-Match": '"1"'}
    answer = await office.http.patch(
        f"/v1/units/{office.county}", json={"name": "x"}, headers=headers
    )
    assert_problem(answer, 409, "unit.chapter_by_list")


async def test_activation_needs_an_active_parent(office: Office) -> None:
    town = await office.create(type="TOWNSHIP")
    village = await office.create(type="VILLAGE", parent_id=town["id"])
    village = await office.done(village, "submit", "approve")
    refused = await office.act(village, "activate", office.approver)
    assert_problem(refused, 409, "unit.parent_not_active")
    await office.done(town, "submit", "approve", "activate")
    await office.done(village, "activate")


async def test_void(office: Office, database: Database) -> None:
    town = await office.active(type="TOWNSHIP")
    village = await office.create(type="VILLAGE", parent_id=town["id"])
    refused = await office.act(town, "void", office.approver)
    assert_problem(refused, 409, "unit.has_children")
    assert village["code"] in refused.json()["detail"]
    office.people.clear()  # a draft was nobody's unit: nobody need be asked
    await office.done(village, "void")

    assert_problem(await office.act(town, "void", office.approver), 503, "unit.peers_unavailable")
    office.people.update({"8002": 0, "8003": 2})
    assert_problem(await office.act(town, "void", office.approver), 409, "unit.has_people")
    office.people["8003"] = 0
    unchanged = await office.http.get(f"/v1/units/{town['id']}", headers=office.approver)
    assert unchanged.json() == town
    voided = await office.done(town, "void")
    assert voided["status"] == "VOIDED"
    stored = database.units.find_one({"_id": town["id"]})
    assert stored is not None
    assert stored["timeline"] == []
    _, payload = outbox_of(database, town["id"])[-1]
    assert [change.now for change in payload.changes] == [None]
    body = {"name": "x", "type": "VILLAGE", "parent_id": town["id"]}
    late = await office.http.post("/v1/units", json=body, headers=office.registrar)
    assert_problem(late, 409, "unit.parent_closed")


async def test_a_parent_is_not_voided_under_a_new_child(office: Office) -> None:
    for _ in range(5):
        town = await office.create(type="TOWNSHIP")
        body = {"name": "村", "type": "VILLAGE", "parent_id": town["id"]}
        created, voided = await asyncio.gather(
            office.http.post("/v1/units", json=body, headers=office.registrar),
            office.act(town, "void", office.approver),
        )
        assert (created.status_code, voided.status_code) in [(201, 409), (409, 200)]


async def test_many_at_once_get_codes_of_their_own(office: Office) -> None:
    units = await asyncio.gather(*(office.create(type="HOSPITAL") for _ in range(24)))
    assert len({unit["code"] for unit in units}) == 24


async def test_one_live_unit_for_an_area(office: Office) -> None:
    body = {"name": "镇", "type": "TOWNSHIP", "parent_id": office.county}
    body["region_code"] = "330106199"
    answers = await asyncio.gather(
        *(office.http.post("/v1/units", json=body, headers=office.registrar) for _ in range(4))
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    refused = next(answer for answer in answers if answer.status_code == 409)
    assert_problem(refused, 409, "unit.place_taken", "region_code")
    unit = next(answer.json() for answer in answers if answer.status_code == 201)
    await office.done(unit, "void")
    await office.create(**body)
