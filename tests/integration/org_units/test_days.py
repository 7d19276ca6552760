"""The days of a unit at every entrance: founding, predecessor, activity, parent and children."""

from functools import partial
from typing import Any

import pytest

from shared.base.mongo import Database
from tests.clients.org_units import Units
from tests.clients.register import check_problem, events_of
from tests.waiting import at_once

STATED = {"older_than_parent": "村红十字会先于镇红十字会成立"}


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"predecessor_founded_on": "1904-03-09"}, "date.too_early", "predecessor_founded_on"),
        ({"predecessor_founded_on": "2999-01-01"}, "date.future", "predecessor_founded_on"),
        (
            {"founded_on": "2011-12-31", "predecessor_founded_on": "2012-01-01"},
            "unit.founded_before_predecessor",
            "founded_on",
        ),
        ({"founded_on": "2009-12-31"}, "unit.older_than_parent", "founded_on"),
    ],
)
def test_a_unit_with_days_that_cannot_be_is_neither_entered_nor_corrected(
    units: Units, database: Database, change: dict[str, str], code: str, field: str
) -> None:
    town = units.create(type="TOWNSHIP", founded_on="2010-01-01")
    right = {"type": "VILLAGE", "parent_id": town["id"]}
    unit = units.create(**right)
    before = database.units.count_documents({})
    check_problem(units.post(units.body(**right, **change)), 422, code, field)
    check_problem(units.patch(unit, change), 422, code, field)
    assert database.units.count_documents({}) == before
    assert units.read(unit).json() == unit


def test_a_unit_is_older_than_its_parent_where_that_is_stated(units: Units) -> None:
    town = units.create(type="TOWNSHIP", founded_on="2010-01-01")
    older = {"type": "VILLAGE", "founded_on": "2001-01-01"}
    village = units.create(parent_id=town["id"], **older, **STATED)
    assert village["older_than_parent"] == STATED["older_than_parent"]
    taken_back = units.patch(village, {"older_than_parent": None})
    check_problem(taken_back, 422, "unit.older_than_parent", "older_than_parent")
    continued = units.patch(town, {"predecessor_founded_on": "1999-01-01"})
    assert continued.status_code == 200, continued.text
    assert units.patch(village, {"older_than_parent": None}).status_code == 200

    other = units.create(**older)
    later = units.create(type="TOWNSHIP", founded_on="2010-01-01")
    moved = units.patch(other, {"parent_id": later["id"]})
    check_problem(moved, 422, "unit.older_than_parent", "parent_id")
    assert units.patch(other, {"parent_id": later["id"], **STATED}).status_code == 200


def test_a_unit_is_active_from_its_founding_on(units: Units) -> None:
    day: dict[str, Any] = {"effective_on": "2015-01-01"}
    unit = units.create(founded_on="2020-01-01", **day)
    unit = units.done(unit, "submit", "approve", body=day)
    refused = units.act(unit, "activate", body=day)
    check_problem(refused, 422, "unit.active_before_founded", "effective_on")
    unit = units.done(unit, "activate", body={"effective_on": "2020-01-01"})
    late = units.patch(unit, {"founded_on": "2020-01-02"})
    check_problem(late, 422, "unit.active_before_founded", "founded_on")
    assert units.patch(unit, {"founded_on": "2019-12-31"}).status_code == 200


def test_a_unit_is_not_active_before_its_parent_was_founded(units: Units) -> None:
    town = units.counted(type="TOWNSHIP", founded_on="2020-01-01")
    day: dict[str, Any] = {"effective_on": "2019-01-01"}
    village = units.create(type="VILLAGE", parent_id=town["id"], **day)
    village = units.done(village, "submit", "approve", body=day)
    refused = units.act(village, "activate", body=day)
    check_problem(refused, 422, "unit.older_than_parent", "effective_on")
    village = units.patch(village, STATED).json()
    assert units.done(village, "activate", body=day)["status"] == "ACTIVE"


@pytest.mark.parametrize("active", [False, True])
def test_the_founding_of_a_unit_entered_later_is_held_against_the_units_below(
    units: Units, active: bool
) -> None:
    town = units.counted(type="TOWNSHIP")
    day = {"effective_on": "2015-01-01"}
    body: dict[str, Any] = {"type": "VILLAGE", "parent_id": town["id"]}
    body |= day if active else {"founded_on": "2015-01-01"}
    village = units.create(**body)
    if active:
        village = units.done(village, *units.counted_by, body=day)
    refused = units.patch(town, {"founded_on": "2015-01-02"})
    check_problem(refused, 409, "unit.child_older", "founded_on")
    assert village["code"] in refused.json()["detail"]
    town = units.patch(town, {"founded_on": "2015-01-01"}).json()
    continued = {"founded_on": "2018-01-01", "predecessor_founded_on": "2014-01-01"}
    town = units.patch(town, continued).json()
    gone = units.patch(town, {"predecessor_founded_on": None})
    check_problem(gone, 409, "unit.child_older", "predecessor_founded_on")
    village = units.patch(village, STATED).json()
    assert units.patch(town, {"predecessor_founded_on": None}).status_code == 200


def test_a_unit_and_its_parent_are_not_given_days_that_cannot_be_at_once(units: Units) -> None:
    for _ in range(5):
        town = units.create(type="TOWNSHIP")
        body = units.body(type="VILLAGE", parent_id=town["id"], founded_on="2001-01-01")
        entered, corrected = at_once(
            [partial(units.post, body), partial(units.patch, town, {"founded_on": "2010-01-01"})]
        )
        assert (entered.status_code, corrected.status_code) in [(201, 409), (422, 200)]


def test_the_founding_days_of_a_unit_are_shown_and_published(
    units: Units, database: Database
) -> None:
    days = {"founded_on": "2019-05-08", "predecessor_founded_on": "1956-01-01"}
    unit = units.create(**days)
    service = units.bearer("service:member", service=True)
    shown = units.read(unit, service).json()
    assert {name: shown[name] for name in days} == days
    _, payload = events_of(database, unit["id"])[-1]
    card = payload.unit.model_dump(mode="json")
    assert {name: card[name] for name in days} == days
