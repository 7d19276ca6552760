"""Grants that name a region, who may void, and what a list may be asked."""

from datetime import timedelta

import pytest

from shared.clock import today
from tests.integration.org_units.office import COUNTY, NEIGHBOUR, Office, assert_problem


async def test_a_grant_may_name_a_region_of_a_chapter(
    office: Office, chapters: dict[str, str]
) -> None:
    registrar = office.officer("bo", "registrar", unit=COUNTY)
    approver = office.officer("wen", "approver", unit=COUNTY)
    body = {"name": "第一中学红十字会", "type": "SCHOOL", "parent_id": office.county}
    created = await office.http.post("/v1/units", json=body, headers=registrar)
    assert created.status_code == 201, created.text
    unit = created.json()
    address = f"/v1/units/{unit['id']}"
    assert (await office.http.get(address, headers=registrar)).json() == unit
    patched = await office.http.patch(
        address, json={"name": "第二中学红十字会"}, headers={**registrar, "If-Match": '"1"'}
    )
    assert patched.status_code == 200, patched.text
    submitted = await office.act(patched.json(), "submit", registrar)
    approved = await office.act(submitted.json(), "approve", approver)
    assert approved.status_code == 200, approved.text

    async def listed(code: str) -> set[str]:
        viewer = office.officer("sun", "viewer", unit=code)
        query = {"within": office.county, "limit": "200"}
        answer = await office.http.get("/v1/units", params=query, headers=viewer)
        assert answer.status_code == 200, answer.text
        return {item["id"] for item in answer.json()["items"]}

    assert {office.county, unit["id"]} <= await listed(COUNTY)
    assert await listed(COUNTY) == await listed("330100") == await listed("330000")
    assert await listed(NEIGHBOUR) == set()
    city = office.officer("sun", "viewer", unit="330100")
    assert (await office.http.get(address, headers=city)).status_code == 200
    for code in (NEIGHBOUR, "3301", "330106002", "999999"):
        stranger = office.officer("zhao", "registrar", "approver", unit=code)
        assert_problem(await office.http.get(address, headers=stranger), 404, "not_found")
        assert_problem(await office.act(unit, "submit", stranger), 404, "not_found")
        refused = await office.http.post("/v1/units", json=body, headers=stranger)
        assert_problem(refused, 403, "scope.forbidden")


async def test_a_region_code_of_a_grassroots_unit_grants_nothing(office: Office) -> None:
    town = await office.create(type="TOWNSHIP", region_code="330106177")
    stranger = office.officer("zhao", "registrar", unit="330106177")
    answer = await office.http.get(f"/v1/units/{town['id']}", headers=stranger)
    assert_problem(answer, 404, "not_found")


async def test_to_void_a_unit_that_was_active_takes_another_person(office: Office) -> None:
    creator = office.officer("li", "approver")
    draft = await office.create()
    assert (await office.act(draft, "void", creator)).status_code == 200
    unit = await office.active()
    assert_problem(await office.act(unit, "void", creator), 403, "four_eyes")
    stopped = await office.done(unit, "deactivate")
    assert_problem(await office.act(stopped, "void", creator), 403, "four_eyes")
    assert (await office.act(stopped, "void", office.approver)).json()["status"] == "VOIDED"


async def test_a_list_is_of_today(office: Office) -> None:
    now = {"as_of": today().isoformat(), "limit": "1"}
    assert (await office.http.get("/v1/units", params=now, headers=office.registrar)).is_success
    for day in (today() - timedelta(days=1), today() + timedelta(days=1)):
        asked = {"as_of": day.isoformat()}
        answer = await office.http.get("/v1/units", params=asked, headers=office.registrar)
        assert_problem(answer, 422, "unit.as_of_unavailable", "as_of")
    wrong = await office.http.get("/v1/units?as_of=today", headers=office.registrar)
    assert_problem(wrong, 422, "date.invalid", "as_of")


@pytest.mark.parametrize("asked", ["statsu=ACTIVE", "status=ACTIVE&statsu=", "Status=ACTIVE"])
async def test_a_misspelt_filter_is_named(office: Office, asked: str) -> None:
    answer = await office.http.get(f"/v1/units?{asked}", headers=office.registrar)
    name = asked.split("&")[-1].split("=")[0]
    assert_problem(answer, 422, "query.unknown", name)
    assert "region_code" in answer.json()["detail"]
