"""When two units are alike: names as officers write them, and credit codes."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from org_units.units.likeness import alike, fold, known_apart
from org_units.units.rules import Distinction, Unit

CHAPTERS = ["西湖区红十字会", "杭州市红十字会", "浙江省红十字会", "中国红十字会总会"]
ONE = Unit(
    id="a", name="文新街道红十字会", name_key="文新街道", status="DRAFT", type="SUBDISTRICT",
    level="GRASSROOTS", parent_id="p", lineage=("p", "a"), host_uscc="13100000500004729P",
)  # fmt: skip
OTHER = replace(ONE, id="b", lineage=("p", "b"))


@pytest.mark.parametrize(
    "name",
    [
        "文新街道",
        "文新街道红十字会",
        " 文新 街道红十字会 ",
        "文新街道\u3000红十字会",
        "文新\u200b街道红十字会",
        "（文新街道）红十字会",
        "文新街道(红十字会)",
        "“文新街道”红十字会",
        "文新街道红十字分会",
        "文新街道红十字会分会",
        "文新街道红十字委员会",
        "文新街道红十字工作委员会",
        "文新街道红十字会基层组织",
        "西湖区文新街道红十字会",
        "杭州市西湖区文新街道红十字会",
        "浙江省杭州市西湖区文新街道",
        "浙江省西湖区文新街道红十字会",
        "西湖区红十字会文新街道分会",
        "杭州市西湖区红十字会文新街道分会",
    ],
)
def test_a_unit_written_in_several_ways_has_one_folded_name(name: str) -> None:
    assert fold(name, CHAPTERS) == "文新街道"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("杭州市人民医院红十字会", "浙江省人民医院红十字会"),
        ("杭州市红十字会医院", "杭州市医院"),
        ("第一中学红十字会", "第二中学红十字会"),
        ("第一中学红十字会", "第1中学红十字会"),
        ("中学（东校区）红十字会", "中学（西校区）红十字会"),
        ("西湖小学", "西湖中学"),
    ],
)
def test_units_that_may_be_two_have_two_folded_names(one: str, other: str) -> None:
    for chapters in (CHAPTERS, CHAPTERS[1:], CHAPTERS[3:], []):
        assert fold(one, chapters) != fold(other, chapters)


def test_the_folded_name_of_a_unit_is_never_empty() -> None:
    for name in ("红十字会", "（）", "西湖区", "西湖区红十字会", "分会", "西湖区红十字会分会"):
        assert fold(name, CHAPTERS)
    assert fold("西湖区红十字会", CHAPTERS) != fold("西湖区红十字会机关", CHAPTERS)


@given(
    st.text("西湖区红十字会分1a校", min_size=1, max_size=30),
    st.lists(st.sampled_from(CHAPTERS), max_size=3),
)
def test_the_width_of_a_units_name_does_not_change_its_folded_name(
    name: str, chapters: list[str]
) -> None:
    folded = fold(name, chapters)
    assert folded
    assert fold(f" {name}（）\u3000", chapters) == folded


def test_units_are_alike_by_name_below_one_parent_and_by_credit_code_anywhere() -> None:
    assert alike(ONE, OTHER) == ["name", "host_uscc"]
    assert alike(ONE, replace(OTHER, parent_id="q")) == ["host_uscc"]
    assert alike(ONE, replace(OTHER, type="TOWNSHIP")) == ["host_uscc"]
    assert alike(ONE, replace(OTHER, host_uscc="12330106470116048A")) == ["name"]
    assert alike(replace(ONE, host_uscc=None), replace(OTHER, host_uscc=None)) == ["name"]
    nameless = replace(ONE, name_key=None, host_uscc=None)
    assert alike(nameless, replace(nameless, id="b")) == []


def test_units_are_known_apart_by_a_statement_on_either_or_by_the_list_of_divisions() -> None:
    at = datetime(2026, 12, 1, tzinfo=UTC)
    stated = replace(ONE, distinct=(Distinction("b", "两个校区", "li", at),))
    assert known_apart(stated, OTHER)
    assert known_apart(OTHER, stated)
    assert not known_apart(stated, replace(OTHER, id="c"))
    assert not known_apart(ONE, OTHER)
    seeded = replace(ONE, seeded_as="330106012")
    assert known_apart(seeded, replace(OTHER, seeded_as="330106013"))
    assert not known_apart(seeded, OTHER)
