"""Human codes with an ISO 7064 MOD 37,36 check character."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from org_units.units.codes import (
    has_check_character,
    unit_code,
    verify_unit_code,
    with_check_character,
)

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
codes = st.builds(
    unit_code,
    st.integers(0, 999_999).map("{:06d}".format),
    st.sampled_from(ALPHABET[10:]),
    st.integers(1, 9999),
)


def test_the_example_of_the_standard_has_its_check_character() -> None:
    assert with_check_character("A12425GABC1234002") == "A12425GABC1234002M"
    assert has_check_character("A12425GABC1234002M")


def test_a_unit_code_is_made_of_county_letter_number_and_check_character() -> None:
    assert unit_code("110105", "T", 7)[:-1] == "110105T0007"
    assert len(unit_code("110105", "T", 7)) == 12


@given(codes)
def test_a_unit_code_is_verified_in_upper_and_lower_case(code: str) -> None:
    assert verify_unit_code(code)
    assert verify_unit_code(f" {code.lower()} ")


@given(codes, st.integers(0, 11), st.sampled_from(ALPHABET))
def test_any_single_wrong_character_of_a_unit_code_is_found(
    code: str, place: int, wrong: str
) -> None:
    assume(code[place] != wrong)
    assert not verify_unit_code(code[:place] + wrong + code[place + 1 :])


@pytest.mark.parametrize(
    ("county", "letter", "sequence"),
    [
        ("110105", "T", 0),
        ("110105", "T", 10_000),
        ("11010", "T", 1),
        ("110105", "t", 1),
        ("110105", "TT", 1),
        ("11010５", "T", 1),
    ],
)
def test_parts_that_make_no_unit_code_are_refused(county: str, letter: str, sequence: int) -> None:
    with pytest.raises(ValueError, match="code"):
        unit_code(county, letter, sequence)


@given(st.text(max_size=20))
def test_any_text_is_judged_by_its_check_character(text: str) -> None:
    assert verify_unit_code(text) in (True, False)
    assert has_check_character(text) in (True, False)
