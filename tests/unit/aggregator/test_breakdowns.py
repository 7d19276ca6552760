"""Cells of a breakdown from the sums of counters."""

from typing import get_args

from aggregator.figures.rules import breakdown
from org_units.units.rules import UnitType
from shared.contract.definitions import DEFINITIONS, NOT_IN_PLAN, dimensions_of

CATEGORY = {item.id: item for item in dimensions_of("units")}["plan_category"]


def test_every_type_of_unit_is_in_one_category_of_the_plan() -> None:
    placed = sorted(value for item in CATEGORY.categories for value in item.values)
    assert placed == sorted(get_args(UnitType))


def test_a_breakdown_takes_enterprises_and_public_institutions_as_one_and_adds_up() -> None:
    totals = {f"GRASSROOTS|ACTIVE|{name}": 10 + n for n, name in enumerate(get_args(UnitType))}
    totals |= {
        "GRASSROOTS|CLOSING|ENTERPRISE": 3,
        "GRASSROOTS|INACTIVE|ENTERPRISE": 100,
        "COUNTY|ACTIVE|CHAPTER": 1000,
    }
    cells = breakdown("units", "plan_category", totals)
    types = breakdown("units", "type", totals)
    assert cells["ENTERPRISE_INSTITUTION"] == types["ENTERPRISE"] + types["INSTITUTION"]
    assert cells["SCHOOL"] == types["SCHOOL"]
    assert sum(cells.values()) == sum(types.values()) == DEFINITIONS["units"].total(totals)


def test_a_unit_of_a_later_type_is_not_lost_from_a_breakdown() -> None:
    cells = breakdown("units", "plan_category", {"GRASSROOTS|ACTIVE|MUSEUM": 2})
    assert cells == {NOT_IN_PLAN: 2}
