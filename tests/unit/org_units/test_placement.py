"""Where a unit may be placed: every pair of type and parent, regions, codes."""

from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.iso7064 import mod_37_36

from org_units.divisions import rules as divisions
from org_units.units import placement, rules
from org_units.units.rules import Level, Unit
from shared.base.errors import Conflict, Invalid

AREAS = ["TOWNSHIP", "SUBDISTRICT"]
OTHERS = [name for name in get_args(rules.UnitType) if name not in AREAS]
STATUSES = [*get_args(rules.Status), "CLOSING", "DISSOLVED", "MERGED"]


def chapter(level: Level) -> Unit:
    return Unit(id="p", name="p", status="ACTIVE", type="CHAPTER", level=level, lineage=("p",))


def grassroots(unit_type: str) -> Unit:
    return replace(chapter("GRASSROOTS"), type=unit_type)


@pytest.mark.parametrize("unit_type", OTHERS)
@pytest.mark.parametrize("level", ["NATIONAL", "PROVINCE", "PREFECTURE", "COUNTY"])
def test_a_unit_is_placed_under_a_chapter_of_any_level(unit_type: str, level: Level) -> None:
    placement.check_placement(unit_type, chapter(level), has_counties=level == "PREFECTURE")


@pytest.mark.parametrize("unit_type", OTHERS)
@pytest.mark.parametrize("area", AREAS)
def test_a_unit_is_placed_under_the_unit_of_an_area(unit_type: str, area: str) -> None:
    placement.check_placement(unit_type, grassroots(area))


@pytest.mark.parametrize("unit_type", [*OTHERS, *AREAS])
@pytest.mark.parametrize("parent_type", OTHERS)
def test_no_unit_is_placed_under_another_grassroots_unit(unit_type: str, parent_type: str) -> None:
    with pytest.raises(Invalid) as refusal:
        placement.check_placement(unit_type, grassroots(parent_type))
    assert refusal.value.code == "unit.parent_type"
    assert refusal.value.errors[0].field == "parent_id"
    assert refusal.value.params["parent_type"] == parent_type


@pytest.mark.parametrize("unit_type", AREAS)
def test_the_unit_of_an_area_is_placed_under_a_county_or_a_prefecture_without_counties(
    unit_type: str,
) -> None:
    placement.check_placement(unit_type, chapter("COUNTY"))
    placement.check_placement(unit_type, chapter("PREFECTURE"))


@pytest.mark.parametrize("unit_type", AREAS)
@pytest.mark.parametrize(
    ("parent", "code"),
    [
        (chapter("NATIONAL"), "unit.parent_type"),
        (chapter("PROVINCE"), "unit.parent_type"),
        (chapter("PREFECTURE"), "unit.area_has_counties"),
        (grassroots("TOWNSHIP"), "unit.parent_type"),
        (grassroots("SUBDISTRICT"), "unit.parent_type"),
    ],
)
def test_the_unit_of_an_area_is_placed_nowhere_else(
    unit_type: str, parent: Unit, code: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        placement.check_placement(unit_type, parent, has_counties=True)
    assert refusal.value.code == code


@pytest.mark.parametrize("status", ["VOIDED", "DISSOLVED", "MERGED", "CLOSING"])
@pytest.mark.parametrize("parent", [chapter("COUNTY"), grassroots("TOWNSHIP")])
def test_no_unit_is_placed_under_a_closed_unit(parent: Unit, status: str) -> None:
    closed = replace(parent, status=status)
    with pytest.raises(Conflict, match=r"unit\.parent_closed"):
        placement.check_placement("VILLAGE", closed)


def test_chapters_are_not_entered_by_hand() -> None:
    with pytest.raises(Invalid, match=r"unit\.chapter_by_list"):
        placement.check_placement("CHAPTER", chapter("PROVINCE"))
    with pytest.raises(Conflict, match=r"unit\.chapter_by_list"):
        rules.check_not_chapter("CHAPTER")
    rules.check_not_chapter("SCHOOL")


CHAPTER_PARENTS = {
    ("NATIONAL", None),
    ("PROVINCE", "NATIONAL"),
    ("PREFECTURE", "PROVINCE"),
    ("COUNTY", "PREFECTURE"),
    ("COUNTY", "PROVINCE"),
}


@pytest.mark.parametrize("level", [*get_args(rules.Level)])
@pytest.mark.parametrize("parent", [None, *get_args(rules.Level)])
def test_a_chapter_is_placed_under_a_chapter_of_a_level_that_takes_it(
    level: str, parent: str | None
) -> None:
    if (level, parent) in CHAPTER_PARENTS:
        placement.check_chapter_placement(level, parent)
        return
    with pytest.raises(Invalid, match=r"unit\.chapter_level"):
        placement.check_chapter_placement(level, parent)


def test_every_chapter_and_township_of_the_divisions_keeps_the_rules_of_units() -> None:
    levels: dict[str | None, Level | None] = {None: None}
    counties = set()
    for seed in divisions.chapters():
        placement.check_chapter_placement(seed.level, levels[seed.parent_region_code])
        levels[seed.region_code] = seed.level
        if seed.level == "COUNTY":
            counties.add(seed.parent_region_code)
    for code in ("33", "44", "46", "62", "66"):
        for township in divisions.township_units(code):
            above = township.parent_region_code
            level = levels[above]
            assert level is not None
            placement.check_placement(township.type, chapter(level), has_counties=above in counties)
            placement.check_region(township.region_code, above)


@pytest.mark.parametrize("status", [s for s in STATUSES if s != "ACTIVE"])
def test_the_activation_of_a_unit_needs_an_active_parent(status: str) -> None:
    placement.check_activation(chapter("COUNTY"))
    with pytest.raises(Conflict, match=r"unit\.parent_not_active"):
        placement.check_activation(replace(grassroots("TOWNSHIP"), status=status))


@pytest.mark.parametrize(
    ("region", "chapter_region"),
    [
        ("330106", "330106"),
        ("330106109", "330106"),
        ("330106109201", "330100"),
        ("370571400", "370500"),
        ("659001001", "660000"),
        ("110101", "100000"),
        ("110101", "990000"),
        ("110101", None),
        (None, "330106"),
    ],
)
def test_a_region_code_of_a_unit_lies_within_that_of_its_chapter(
    region: str | None, chapter_region: str | None
) -> None:
    placement.check_region(region, chapter_region)


@pytest.mark.parametrize(
    ("region", "code"),
    [
        ("", "unit.region_shape"),
        ("33010", "unit.region_shape"),
        ("3301061", "unit.region_shape"),
        ("33010610920", "unit.region_shape"),
        ("３３０１０６", "unit.region_shape"),
        ("33010A", "unit.region_shape"),
        ("320106", "unit.region_elsewhere"),
    ],
)
def test_a_wrong_region_code_of_a_unit_is_refused_by_its_own_code(region: str, code: str) -> None:
    with pytest.raises(Invalid) as refusal:
        placement.check_region(region, "330106")
    assert refusal.value.code == code
    assert refusal.value.errors[0].field == "region_code"


@pytest.mark.parametrize("unit_type", placement.TYPE_LETTERS)
@pytest.mark.parametrize("region", [None, "330106", "330106109", "330106109201"])
def test_only_a_unit_of_a_township_or_sub_district_is_the_one_of_its_area(
    unit_type: str, region: str | None
) -> None:
    expected = unit_type in AREAS and region in ("330106109", "330106109201")
    assert placement.claims_area(unit_type, region) is expected


def test_units_are_numbered_by_county_of_their_chapter_and_by_type() -> None:
    assert placement.counter("330106", "SCHOOL") == placement.counter("330106109", "SCHOOL")
    names = {placement.counter(county, kind) for county in ("330105", "330106") for kind in OTHERS}
    assert len(names) == 2 * len(OTHERS)


@pytest.mark.parametrize("unit_type", placement.TYPE_LETTERS)
@given(number=st.integers(1, 9999))
def test_the_code_of_a_unit_has_a_check_character(unit_type: str, number: int) -> None:
    code = placement.code("330106", unit_type, number)
    assert code.startswith(f"330106{placement.TYPE_LETTERS[unit_type]}{number:04d}")
    assert mod_37_36.is_valid(code)


def test_a_unit_is_refused_where_the_codes_of_its_type_run_out() -> None:
    with pytest.raises(Conflict, match=r"unit\.code_exhausted"):
        placement.code("330106", "SCHOOL", 10_000)


def test_every_type_of_unit_has_a_letter_of_its_own() -> None:
    assert placement.TYPE_LETTERS.keys() == {*get_args(rules.UnitType), "CHAPTER"}
    assert len(set(placement.TYPE_LETTERS.values())) == len(placement.TYPE_LETTERS)
