"""Codes of units with an ISO 7064 MOD 37,36 check character."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from stdnum.iso7064 import mod_37_36

from org_units.units import placement

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
codes = st.builds(
    placement.code,
    st.integers(0, 999_999).map("{:06d}".format),
    st.sampled_from(sorted(placement.TYPE_LETTERS)),
    st.integers(1, 9999),
)


def test_a_unit_code_is_made_of_county_letter_number_and_check_character() -> None:
    assert placement.code("110105", "TOWNSHIP", 7)[:-1] == "110105T0007"
    assert len(placement.code("110105", "TOWNSHIP", 7)) == 12


@given(codes)
def test_a_unit_code_has_the_check_character_of_the_standard(code: str) -> None:
    assert mod_37_36.is_valid(code)


@given(codes, st.integers(0, 11), st.sampled_from(ALPHABET))
def test_any_single_wrong_character_of_a_unit_code_is_found(
    code: str, place: int, wrong: str
) -> None:
    assume(code[place] != wrong)
    assert not mod_37_36.is_valid(code[:place] + wrong + code[place + 1 :])


@pytest.mark.parametrize(
    ("county", "number"), [("110105", 0), ("110105", -1), ("11010", 1), ("", 1), ("11010５", 1)]
)
def test_parts_that_make_no_unit_code_are_refused(county: str, number: int) -> None:
    with pytest.raises(ValueError, match="code"):
        placement.code(county, "TOWNSHIP", number)
