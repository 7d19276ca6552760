"""The tree that the committed divisions give: exact numbers, and each special case by name."""

from collections import Counter

import pytest

from org_units.divisions import rules as divisions
from org_units.divisions.rules import Seed, chapters, township_units

PROVINCES = [code for code, _ in divisions.divisions() if len(code) == 2] + ["66"]


@pytest.fixture(scope="module")
def tree() -> dict[str, Seed]:
    return {chapter.region_code: chapter for chapter in chapters()}


@pytest.fixture(scope="module")
def townships() -> dict[str, Seed]:
    return {unit.region_code: unit for code in PROVINCES for unit in township_units(code)}


def children(tree: dict[str, Seed], parent: str) -> list[str]:
    return [code for code, chapter in tree.items() if chapter.parent_region_code == parent]


def test_the_list_of_divisions_has_the_counts_of_its_release() -> None:
    assert Counter(len(code) for code, _ in divisions.divisions()) == {
        2: 31,
        4: 342,
        6: 2_978,
        9: 41_352,
    }


def test_chapters_of_each_level_are_as_many_as_the_divisions_say(
    tree: dict[str, Seed],
) -> None:
    assert Counter(chapter.level for chapter in tree.values()) == {
        "NATIONAL": 1,
        "PROVINCE": 31 + 4,
        "PREFECTURE": 342 - 9,
        "COUNTY": 2_978 - 124 - 4,
    }
    assert len(tree) == 3_219
    assert len(list(chapters())) == len(tree)
    assert {chapter.type for chapter in tree.values()} == {"CHAPTER"}


def test_parents_of_chapters_precede_their_children() -> None:
    seen: set[str | None] = {None}
    for chapter in chapters():
        assert chapter.parent_region_code in seen
        seen.add(chapter.region_code)


@pytest.mark.parametrize(
    ("code", "name", "level", "parent"),
    [
        ("100000", "中国红十字会总会", "NATIONAL", None),
        ("330000", "浙江省红十字会", "PROVINCE", "100000"),
        ("330100", "杭州市红十字会", "PREFECTURE", "330000"),
        ("330106", "西湖区红十字会", "COUNTY", "330100"),
        ("650000", "新疆维吾尔自治区红十字会", "PROVINCE", "100000"),
        ("222400", "延边朝鲜族自治州红十字会", "PREFECTURE", "220000"),
        ("632857", "大柴旦行政委员会红十字会", "COUNTY", "632800"),
    ],
)
def test_an_ordinary_chapter_has_the_name_level_and_parent_of_its_division(
    tree: dict[str, Seed], code: str, name: str, level: str, parent: str | None
) -> None:
    chapter = tree[code]
    assert (chapter.name, chapter.level, chapter.parent_region_code) == (name, level, parent)
    assert chapter.flags == ()


@pytest.mark.parametrize(
    ("grouping", "province", "count", "example"),
    [
        ("1101", "110000", 16, "110101"),
        ("1201", "120000", 16, "120101"),
        ("3101", "310000", 16, "310101"),
        ("5001", "500000", 26, "500101"),
        ("5002", "500000", 12, "500229"),
        ("4190", "410000", 1, "419001"),
        ("4290", "420000", 4, "429021"),
        ("4690", "460000", 15, "469030"),
        ("6590", "660000", 12, "659001"),
    ],
)
def test_groupings_of_counties_are_no_chapters(
    tree: dict[str, Seed], grouping: str, province: str, count: int, example: str
) -> None:
    assert divisions.six_digits(grouping) not in tree
    counties = [code for code in children(tree, province) if code.startswith(grouping)]
    assert len(counties) == count
    assert example in counties


def test_the_chapter_of_the_corps_holds_its_twelve_cities_and_nothing_else(
    tree: dict[str, Seed],
) -> None:
    assert tree["660000"].name == "新疆生产建设兵团红十字会"
    assert tree["660000"].level == "PROVINCE"
    assert tree["660000"].flags == ()
    assert children(tree, "660000") == [f"6590{number:02}" for number in range(1, 13)]
    assert all(tree[code].level == "PREFECTURE" for code in children(tree, "650000"))


def test_the_railway_is_an_industry_chapter(tree: dict[str, Seed]) -> None:
    railway = tree["990000"]
    assert (railway.name, railway.level) == ("铁路系统红十字会", "PROVINCE")
    assert railway.flags == (divisions.INDUSTRY,)
    assert children(tree, "990000") == []


def test_the_chapters_of_hong_kong_and_macau_stand_outside_the_targets(
    tree: dict[str, Seed],
) -> None:
    outside = [c.name for c in tree.values() if divisions.OUTSIDE_TARGETS in c.flags]
    assert outside == ["香港红十字会", "澳门红十字会"]
    assert not any(code.startswith("71") for code in tree)


@pytest.mark.parametrize("prefecture", ["441900", "442000", "460400", "620200"])
def test_townships_of_a_prefecture_without_counties_hang_on_the_prefecture(
    tree: dict[str, Seed], townships: dict[str, Seed], prefecture: str
) -> None:
    assert tree[prefecture].level == "PREFECTURE"
    assert children(tree, prefecture) == []
    below = [u for u in townships.values() if u.parent_region_code == prefecture]
    assert {"TOWNSHIP"} <= {unit.type for unit in below}


def test_economic_zones_have_no_chapter(tree: dict[str, Seed]) -> None:
    zones = [c for c, _ in divisions.divisions() if len(c) == 6 and divisions.is_economic_zone(c)]
    assert len(zones) == 124
    assert not tree.keys() & set(zones)


def test_townships_of_each_type_are_as_many_as_the_divisions_say(
    townships: dict[str, Seed],
) -> None:
    assert Counter(unit.type for unit in townships.values()) == {
        "SUBDISTRICT": 8_891,
        "TOWNSHIP": 29_446,
        "OTHER": 3_014,
    }
    assert Counter(unit.flags for unit in townships.values()) == {
        (): 40_917,
        (divisions.ECONOMIC_ZONE,): 434,
    }
    assert len(townships) == 41_352 - 1
    assert {unit.level for unit in townships.values()} == {"GRASSROOTS"}


def test_every_township_hangs_where_its_type_may(
    tree: dict[str, Seed], townships: dict[str, Seed]
) -> None:
    childless = {"441900", "442000", "460400", "620200"}
    for unit in townships.values():
        parent = tree[unit.parent_region_code or ""]
        if unit.type != "OTHER":
            assert parent.level == "COUNTY" or parent.region_code in childless, unit
        if unit.flags:
            assert (unit.type, parent.level) == ("OTHER", "PREFECTURE")


@pytest.mark.parametrize(
    ("code", "name", "kind", "parent"),
    [
        ("330106002", "北山街道红十字会", "SUBDISTRICT", "330106"),
        ("330106109", "三墩镇红十字会", "TOWNSHIP", "330106"),
        ("110111208", "霞云岭乡红十字会", "TOWNSHIP", "110111"),
        ("620201001", "雄关街道红十字会", "SUBDISTRICT", "620200"),
        ("620201100", "新城镇红十字会", "TOWNSHIP", "620200"),
        ("460321451", "永兴红十字会", "OTHER", "460321"),
        ("370571400", "经济开发区直属乡镇红十字会", "OTHER", "370500"),
    ],
)
def test_the_unit_of_a_township_has_the_name_type_and_parent_of_its_division(
    townships: dict[str, Seed], code: str, name: str, kind: str, parent: str
) -> None:
    unit = townships[code]
    assert (unit.name, unit.type, unit.parent_region_code) == (name, kind, parent)


def test_the_townships_of_one_province_are_found_by_its_code() -> None:
    zhejiang = list(township_units("330000"))
    assert zhejiang == list(township_units("33"))
    assert Counter(unit.type for unit in zhejiang) == {
        "SUBDISTRICT": 488,
        "TOWNSHIP": 877,
        "OTHER": 22,
    }
    assert all(unit.region_code.startswith("33") for unit in zhejiang)


def test_townships_of_corps_cities_are_the_corps() -> None:
    assert {unit.region_code[:4] for unit in township_units("660000")} == {"6590"}
    assert "6590" not in {unit.region_code[:4] for unit in township_units("65")}


@pytest.mark.parametrize("code", ["", "71", "3301", "330100", "990000", "xx"])
def test_an_unknown_province_asked_for_townships_is_named(code: str) -> None:
    with pytest.raises(LookupError, match=repr(code)):
        list(township_units(code))


def test_the_placeholder_of_a_county_is_no_township(townships: dict[str, Seed]) -> None:
    assert "350527000" not in townships
