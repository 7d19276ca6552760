"""Masks show what they may and nothing else."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.people.identifiers import IdType
from shared.people.masking import COMPOUND_SURNAMES, mask_identifier, mask_name, mask_phone
from tests.unit.shared.people.strategies import eighteen


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("11010519491231002X", "1****************X"),
        ("E12345678", "E*******8"),
        ("E1234", "E****"),
        ("", ""),
    ],
)
def test_a_masked_id_number_shows_its_ends_at_the_most(number: str, shown: str) -> None:
    assert mask_identifier(number) == shown


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("+8613812345678", "138****5678"),
        ("13812345678", "138****5678"),
        ("+85261234567", "+852 61****67"),
        ("+85366123456", "+853 66****56"),
        ("+886912345678", "+886 912****78"),
        ("6123", "****"),
        ("not a number", "****"),
        ("", ""),
    ],
)
def test_a_masked_phone_number_shows_its_ends_at_the_most(number: str, shown: str) -> None:
    assert mask_phone(number) == shown


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("张三", "张*"),
        ("张三丰", "张*"),
        ("欧阳修", "欧阳*"),
        ("欧阳", "欧*"),
        ("諸葛孔明", "諸葛*"),
        ("阿不都·热合曼", "阿*"),
        ("John Smith", "J*"),
        ("E\u0301lodie", "E\u0301*"),
        ("葛\U000e0100城", "葛\U000e0100*"),
        ("𠮷野家", "𠮷*"),
        ("张", "*"),
        (" ", ""),
    ],
)
def test_a_masked_name_shows_the_surname_at_the_most(name: str, shown: str) -> None:
    assert mask_name(name) == shown


def test_every_compound_surname_in_masked_names_has_two_characters() -> None:
    assert {len(surname) for surname in COMPOUND_SURNAMES} == {2}


@given(eighteen(), eighteen())
def test_masked_id_numbers_with_equal_ends_look_equal(
    one: tuple[IdType, str, date], other: tuple[IdType, str, date]
) -> None:
    mixed = one[1][0] + other[1][1:-1] + one[1][-1]
    assert mask_identifier(mixed) == mask_identifier(one[1])


@given(st.from_regex(r"\+(86|852|853|886)[0-9]{8,11}", fullmatch=True), st.text("0123456789"))
def test_four_digits_of_a_masked_phone_number_are_never_shown(number: str, noise: str) -> None:
    shown = mask_phone(number)
    assert shown.count("*") >= 4
    assert number.removeprefix("+86") not in shown


@given(st.text(st.characters(categories=["Lo"]), min_size=2, max_size=20))
def test_a_masked_name_shows_two_characters_at_the_most(name: str) -> None:
    shown = mask_name(name)
    assert shown.endswith("*")
    assert len(shown) <= 3
    assert len(shown) - 1 < len(name)
