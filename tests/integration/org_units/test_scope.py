"""Grants that name a region, who may void, and what a list may be asked."""

from datetime import timedelta

import pytest

from shared.base.clock import today
from tests.clients.org_units import Units
from tests.clients.register import check_problem
from tests.integration.org_units.seeding import COUNTY, NEIGHBOUR, an_area


def test_a_grant_on_units_may_name_a_region_of_a_chapter(units: Units) -> None:
    registrar = units.officer("bo", "registrar", unit=COUNTY)
    approver = units.officer("wen", "approver", unit=COUNTY)
    body = units.body(type="SCHOOL")
    created = units.post(body, registrar)
    assert created.status_code == 201, created.text
    unit = created.json()
    assert units.read(unit, registrar).json() == unit
    patched = units.patch(unit, {"name": "第二中学红十字会"}, registrar)
    assert patched.status_code == 200, patched.text
    submitted = units.act(patched.json(), "submit", registrar)
    approved = units.act(submitted.json(), "approve", approver)
    assert approved.status_code == 200, approved.text

    def listed(code: str) -> set[str]:
        viewer = units.officer("sun", "viewer", unit=code)
        return {item["id"] for item in units.listed(viewer, within=units.county)}

    assert {units.county, unit["id"]} <= listed(COUNTY)
    assert listed(COUNTY) == listed("330100") == listed("330000")
    assert listed(NEIGHBOUR) == set()
    city = units.officer("sun", "viewer", unit="330100")
    assert units.read(unit, city).status_code == 200
    for code in (NEIGHBOUR, "3301", "330106002", "999999"):
        stranger = units.officer("zhao", "registrar", "approver", unit=code)
        check_problem(units.read(unit, stranger), 404, "not_found")
        check_problem(units.act(unit, "submit", stranger), 404, "not_found")
        check_problem(units.post(body, stranger), 403, "scope.forbidden")


def test_the_region_code_of_a_grassroots_unit_grants_nothing(units: Units) -> None:
    area = an_area()
    town = units.create(type="TOWNSHIP", region_code=area)
    stranger = units.officer("zhao", "registrar", unit=area)
    check_problem(units.read(town, stranger), 404, "not_found")


def test_headquarters_is_shown_and_takes_units_though_no_unit_is_above_it(
    units: Units, chapters: dict[str, str]
) -> None:
    """Seen: what is stored without a parent could not be read back, and each answer was a 500."""
    headquarters = chapters["100000"]
    registrar = units.officer("hq", "registrar", unit=headquarters)
    shown = units.read(headquarters, registrar)
    assert shown.status_code == 200, shown.text
    assert shown.json()["parent_id"] is None
    assert [step["id"] for step in shown.json()["path"]] == [headquarters]
    assert headquarters in {unit["id"] for unit in units.listed(registrar, region_code="100000")}
    created = units.post(units.body(type="AGENCY", parent_id=headquarters), registrar)
    assert created.status_code == 201, created.text
    assert created.json()["parent_id"] == headquarters


def test_to_void_a_unit_that_was_active_takes_another_person(units: Units) -> None:
    creator = units.officer("li", "approver")
    draft = units.create()
    assert units.act(draft, "void", creator).status_code == 200
    unit = units.counted()
    check_problem(units.act(unit, "void", creator), 403, "four_eyes")
    stopped = units.done(unit, "deactivate")
    check_problem(units.act(stopped, "void", creator), 403, "four_eyes")
    assert units.act(stopped, "void").json()["status"] == "VOIDED"


def test_a_list_of_units_is_of_today(units: Units) -> None:
    now = {"as_of": today().isoformat(), "limit": "1"}
    assert units.http.get(units.path, params=now, headers=units.registrar).is_success
    for day in (today() - timedelta(days=1), today() + timedelta(days=1)):
        other = {"as_of": day.isoformat()}
        answer = units.http.get(units.path, params=other, headers=units.registrar)
        check_problem(answer, 422, "unit.as_of_unavailable", "as_of")
    wrong = units.http.get(f"{units.path}?as_of=today", headers=units.registrar)
    check_problem(wrong, 422, "date.invalid", "as_of")


@pytest.mark.parametrize("asked", ["statsu=ACTIVE", "status=ACTIVE&statsu=", "Status=ACTIVE"])
def test_a_misspelt_filter_of_a_list_of_units_is_named(units: Units, asked: str) -> None:
    answer = units.http.get(f"{units.path}?{asked}", headers=units.registrar)
    name = asked.split("&")[-1].split("=")[0]
    check_problem(answer, 422, "query.unknown", name)
    assert "region_code" in answer.json()["detail"]
