"""The days of a unit, of its founding, its activity and its parent, each against the others."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from org_units.units.days import RELATIONS, violations_of_days
from org_units.units.rules import Unit
from shared.contract.timeline import Entry

NOW = datetime(2026, 12, 1, tzinfo=UTC)
DAY = date(2010, 5, 8)
BEFORE, AFTER = DAY - timedelta(days=1), DAY + timedelta(days=1)
PARENT = Unit(
    id="p", name="p", status="ACTIVE", type="TOWNSHIP", level="GRASSROOTS", lineage=("p",),
    founded_on=DAY,
)  # fmt: skip
BARE = replace(PARENT, id="u", parent_id="p", lineage=("p", "u"), founded_on=None, timeline=())
GIVEN = ("founded_on", "predecessor_founded_on", "effective_on")


def active(unit: Unit, day: date) -> Unit:
    """Return a unit that was entered the day before it was active."""
    draft = Entry(day - timedelta(days=1), NOW, replace(unit, status="DRAFT").state)
    return replace(unit, timeline=(draft, Entry(day, NOW, unit.state)))


@pytest.mark.parametrize(
    ("unit", "code", "field"),
    [
        (replace(BARE, founded_on=DAY), None, None),
        (replace(BARE, founded_on=BEFORE), "unit.older_than_parent", "founded_on"),
        (replace(BARE, founded_on=BEFORE, older_than_parent="先有村会"), None, None),
        (replace(BARE, founded_on=AFTER, predecessor_founded_on=BEFORE), None, None),
        (active(BARE, DAY), None, None),
        (active(BARE, BEFORE), "unit.older_than_parent", "effective_on"),
        (active(replace(BARE, older_than_parent="先有村会"), BEFORE), None, None),
        (active(replace(BARE, founded_on=AFTER), AFTER), None, None),
        (
            active(replace(BARE, founded_on=AFTER), DAY),
            "unit.active_before_founded",
            "effective_on",
        ),
        (
            replace(BARE, founded_on=DAY, predecessor_founded_on=AFTER),
            "unit.founded_before_predecessor",
            "founded_on",
        ),
        (replace(BARE, predecessor_founded_on=BEFORE), None, None),
    ],
)
def test_the_days_of_a_unit_are_held_against_one_another(
    unit: Unit, code: str | None, field: str | None
) -> None:
    found = violations_of_days(unit, PARENT, GIVEN)
    assert [(error.code, error.field) for error in found] == ([(code, field)] if code else [])


def test_a_violation_of_the_days_of_a_unit_names_a_field_that_was_given() -> None:
    unit = replace(active(replace(BARE, founded_on=BEFORE), AFTER), older_than_parent=None)
    for given_, field in (
        (("parent_id",), "parent_id"),
        (("older_than_parent",), "older_than_parent"),
        (("founded_on", "parent_id"), "founded_on"),
    ):
        (error,) = violations_of_days(unit, PARENT, given_)
        assert error.field == field
        assert error.params == {"earlier": DAY.isoformat(), "later": BEFORE.isoformat()}


def test_a_parent_that_continues_an_earlier_unit_is_as_old_as_that_one() -> None:
    older = replace(PARENT, predecessor_founded_on=BEFORE)
    assert older.since == BEFORE
    assert violations_of_days(replace(BARE, founded_on=BEFORE), older, GIVEN) == []
    chapter = replace(PARENT, founded_on=None)
    assert chapter.since is None
    assert violations_of_days(replace(BARE, founded_on=date(1904, 3, 10)), chapter, GIVEN) == []


@given(st.lists(st.none() | st.dates(date(1904, 3, 10), date(2026, 12, 1)), min_size=4, max_size=4))
def test_the_days_of_a_unit_violate_as_many_rows_as_are_out_of_order(
    drawn: list[date | None],
) -> None:
    founded, before, first, above = drawn
    unit = replace(BARE, founded_on=founded, predecessor_founded_on=before)
    unit = unit if first is None else active(unit, first)
    named = {
        "founded_on": founded, "predecessor_founded_on": before, "active_from": first,
        "parent_since": above,
    }  # fmt: skip
    wrong = [
        row.code
        for row in RELATIONS
        if (one := named[row.earlier]) and (other := named[row.later]) and other < one
    ]
    found = violations_of_days(unit, replace(PARENT, founded_on=above), GIVEN)
    assert [error.code for error in found] == wrong
