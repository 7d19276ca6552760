"""A unit that was never active is given another type or parent; everything that follows follows."""

from datetime import timedelta
from functools import partial

import pytest

from shared.base.clock import today
from shared.base.mongo import Database
from tests.clients.org_units import Units, a_uscc
from tests.clients.register import Entity, check_problem, events_of
from tests.integration.org_units.seeding import COUNTY, NEIGHBOUR, an_area
from tests.waiting import at_once

STATUSES = {
    "DRAFT": (),
    "SUBMITTED": ("submit",),
    "RETURNED": ("submit", "return"),
    "APPROVED": ("submit", "approve"),
}


@pytest.mark.parametrize("status", STATUSES)
def test_the_type_and_parent_of_a_unit_are_right_from_the_start(
    units: Units, database: Database, status: str
) -> None:
    first = today() - timedelta(days=30)
    unit = units.create(effective_on=first.isoformat())
    unit = units.done(unit, *STATUSES[status], body={"effective_on": first.isoformat()})
    town = units.create(type="TOWNSHIP")
    changed = units.patch(unit, {"type": "SCHOOL", "parent_id": town["id"], "reason": "登记有误"})
    assert changed.status_code == 200, changed.text
    after = changed.json()
    expected = "SUBMITTED" if status == "APPROVED" else status
    assert (after["type"], after["parent_id"], after["status"]) == ("SCHOOL", town["id"], expected)
    assert [step["id"] for step in after["path"]][-2:] == [town["id"], unit["id"]]
    assert units.read(after).json() == after
    assert after["id"] in {one["id"] for one in units.listed(within=town["id"])}

    _, payload = events_of(database, unit["id"])[-1]
    (change,) = payload.changes
    assert change.effective_on == first
    was, now = change.was, change.now
    assert (was.type, was.parent, was.status) == ("COMMUNITY", units.county, status)
    assert (now.type, now.parent, now.status) == ("SCHOOL", town["id"], expected)
    assert (payload.unit.type, payload.unit.parent) == ("SCHOOL", town["id"])
    stored = database.units.find_one({"_id": unit["id"]})
    assert stored is not None
    assert {(e["state"]["type"], e["state"]["parent"]) for e in stored["timeline"]} == {
        ("SCHOOL", town["id"])
    }


def test_a_unit_whose_place_was_corrected_is_approved_again_by_another_person(
    units: Units,
) -> None:
    day = {"effective_on": (today() - timedelta(days=9)).isoformat()}
    unit = units.done(units.create(**day), "submit", "approve", body=day)
    corrector = units.officer("zhou", "registrar", "approver")
    unit = units.patch(unit, {"type": "SCHOOL"}, corrector).json()
    check_problem(units.act(unit, "activate"), 409, "state.illegal")
    assert "approve" not in units.read(unit, corrector).json()["allowed"]
    check_problem(units.act(unit, "approve", corrector), 403, "four_eyes")
    unit = units.done(unit, "approve", "activate", body=day)
    for change in ({"type": "HOSPITAL"}, {"parent_id": units.create(type="TOWNSHIP")["id"]}):
        refused = units.patch(unit, change)
        check_problem(refused, 409, "unit.was_active", next(iter(change)))
    check_problem(units.patch(units.done(unit, "deactivate"), change), 409, "unit.was_active")
    again = units.patch(units.read(unit).json(), {"type": "SCHOOL", "name": "不变的学校"})
    assert again.status_code == 200, again.text


def found(units: Units, text: str) -> list[str]:
    return [one["id"] for one in units.listed(q=text)]


def test_a_unit_of_another_type_gets_another_unit_code_and_is_found_by_the_former_one(
    units: Units, chapters: dict[str, str]
) -> None:
    unit = units.create()
    school = units.patch(unit, {"type": "SCHOOL"}).json()
    assert school["code"].startswith(f"{COUNTY}S")
    assert school["former_codes"] == [unit["code"]]
    for code in (unit["code"], school["code"], f" {unit['code'].lower()} "):
        assert found(units, code) == [unit["id"]]
    town = units.create(type="TOWNSHIP")
    moved = units.patch(school, {"parent_id": town["id"]}).json()
    assert (moved["code"], moved["former_codes"]) == (school["code"], school["former_codes"])
    back = units.patch(moved, {"type": "COMMUNITY", "parent_id": units.county}).json()
    assert (back["code"], back["former_codes"]) == (unit["code"], [school["code"]])

    city = units.officer("shi", "registrar", unit=chapters["330100"])
    away = units.patch(back, {"parent_id": chapters[NEIGHBOUR]}, city).json()
    assert away["code"].startswith(f"{NEIGHBOUR}C")
    assert away["former_codes"] == [school["code"], unit["code"]]
    check_problem(units.read(unit), 404, "not_found")
    other = units.create()
    assert other["code"] not in (unit["code"], away["code"])


def test_a_unit_is_placed_elsewhere_by_officers_of_both_parents_alone(
    units: Units, chapters: dict[str, str]
) -> None:
    there = chapters[NEIGHBOUR]
    unit, town = units.create(), units.create(type="TOWNSHIP")
    change = {"parent_id": there}
    check_problem(units.patch(unit, change), 403, "scope.forbidden")
    foreign = units.officer("zhao", "registrar", unit=there)
    check_problem(units.patch(unit, change, foreign), 404, "not_found")
    own = units.officer("qian", "registrar", unit=unit["id"])
    check_problem(units.patch(unit, {"parent_id": town["id"]}, own), 403, "scope.forbidden")
    assert units.patch(unit, {"type": "SCHOOL"}, own).status_code == 200
    unit = units.read(unit).json()
    unknown = units.patch(unit, {"parent_id": "nobody"})
    check_problem(unknown, 422, "unit.parent_unknown", "parent_id")
    both = units.officer("shi", "registrar", unit=chapters["330100"])
    moved = units.patch(unit, change, both)
    assert moved.status_code == 200, moved.text
    assert units.read(unit, foreign).json()["parent_id"] == there


def test_the_rules_of_placement_hold_for_a_unit_that_is_corrected(
    units: Units, chapters: dict[str, str]
) -> None:
    officer = units.officer("hq", "registrar", unit=chapters["100000"])
    town, school = units.create(type="TOWNSHIP"), units.create(type="SCHOOL")
    village = units.create(type="VILLAGE", parent_id=town["id"])
    voided = units.done(units.create(type="TOWNSHIP"), "void")
    area = an_area()
    placed = units.create(type="TOWNSHIP", region_code=area)
    in_area = units.create(type="SCHOOL", region_code=area)
    twin = units.create(name=school["name"], host_uscc=a_uscc())
    refusals: tuple[tuple[Entity, Entity, int, str, str], ...] = (
        (village, {"parent_id": school["id"]}, 422, "unit.parent_type", "parent_id"),
        (village, {"parent_id": village["id"]}, 422, "unit.parent_type", "parent_id"),
        (village, {"type": "TOWNSHIP"}, 422, "unit.parent_type", "parent_id"),
        (village, {"type": "CHAPTER"}, 422, "unit.chapter_by_list", "type"),
        (village, {"parent_id": voided["id"]}, 409, "unit.parent_closed", "parent_id"),
        (town, {"parent_id": chapters["330100"]}, 422, "unit.area_has_counties", "parent_id"),
        (town, {"type": "SCHOOL"}, 409, "unit.children_below", "type"),
        (town, {"parent_id": chapters[NEIGHBOUR]}, 409, "unit.children_below", "parent_id"),
        (in_area, {"type": "TOWNSHIP"}, 409, "unit.place_taken", "region_code"),
        (in_area, {"parent_id": chapters["110101"]}, 422, "unit.region_elsewhere", "region_code"),
        (twin, {"type": "SCHOOL"}, 409, "unit.double_name", "name"),
    )
    for unit, change, status, code, field in refusals:
        check_problem(units.patch(unit, change, officer), status, code, field)
        assert units.read(unit).json()["version"] == 1
    units.done(placed, "void")
    assert units.patch(in_area, {"type": "TOWNSHIP"}).status_code == 200
    changed = units.patch(town, {"type": "SUBDISTRICT"})
    assert changed.status_code == 200, changed.text


def test_the_voided_units_below_a_unit_follow_it(units: Units, chapters: dict[str, str]) -> None:
    town = units.create(type="TOWNSHIP")
    village = units.done(units.create(type="VILLAGE", parent_id=town["id"]), "void")
    city = units.officer("shi", "registrar", unit=chapters["330100"])
    town = units.patch(town, {"parent_id": chapters[NEIGHBOUR]}, city).json()
    path = [step["id"] for step in units.read(village, city).json()["path"]]
    assert path == [*(step["id"] for step in town["path"]), village["id"]]
    check_problem(units.read(village), 404, "not_found")


def test_a_unit_is_not_placed_under_one_that_moves_at_the_same_time(
    units: Units, database: Database, chapters: dict[str, str]
) -> None:
    city = units.officer("shi", "registrar", unit=chapters["330100"])
    for _ in range(5):
        town, village = units.create(type="TOWNSHIP"), units.create(type="VILLAGE")
        body = units.body(type="VILLAGE", parent_id=town["id"])
        change, below = {"parent_id": chapters[NEIGHBOUR]}, {"parent_id": town["id"]}
        answers = at_once(
            [
                partial(units.post, body, city),
                partial(units.patch, town, change, city),
                partial(units.patch, village, below, city),
            ]
        )
        assert {answer.status_code for answer in answers} <= {200, 201, 409}
        above = database.units.find_one({"_id": town["id"]})
        assert above is not None
        for unit in database.units.find({"parent_id": town["id"]}):
            assert unit["lineage"] == [*above["lineage"], unit["_id"]]
