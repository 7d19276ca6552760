"""Unified social credit codes: docs/domain.md section 4.2, properties, comparison with stdnum."""

import re
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from stdnum.cn import uscc

from org_units.units import uscc as uscc_module
from org_units.units.messages import MESSAGES
from org_units.units.uscc import (
    ALPHABET,
    check_uscc,
    organisation_check,
    uscc_check,
)
from shared.base.errors import ValueProblem

HEADQUARTERS = "13100000500004729P"


def finish(body: str) -> str:
    """Append both check characters to sixteen."""
    inner = body + organisation_check(body[8:])
    return inner + uscc_check(inner)


@st.composite
def codes(draw: st.DrawFn) -> str:
    start = draw(
        st.sampled_from(["11", "12", "13", "51", "52", "53", "91", "92", "A1", "N2", "Y1"])
    )
    region = draw(st.integers(0, 999_999).map("{:06d}".format))
    return finish(start + region + draw(st.text(ALPHABET, min_size=8, max_size=8)))


@pytest.mark.parametrize(
    "code",
    [HEADQUARTERS, "N2110108MF0123451T", "5111000050001234XG", "Y1110000MA01ABCD5C"],
)
def test_a_right_organisation_code_is_accepted(code: str) -> None:
    assert check_uscc(code) == code


def test_an_organisation_code_is_kept_in_one_form() -> None:
    assert check_uscc(" １３100000500004729p ") == HEADQUARTERS


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("N2110108MF0123456A", "uscc.organisation_check"),
        ("511100005000123456", "uscc.organisation_check"),
        ("13100000500004729Q", "uscc.check"),
        ("1310000050000472", "uscc.length"),
        ("", "uscc.length"),
        ("9" * 5000, "uscc.length"),
        ("13100000500004729I", "uscc.characters"),
        ("1310000050000472\x009", "uscc.characters"),
        ("13100000５00004729é", "uscc.characters"),
        (finish("B110000050000472"), "uscc.shape"),
        (finish("0110000050000472"), "uscc.shape"),
        (finish("1310000A50000472"), "uscc.shape"),
        (finish("1710000050000472"), "uscc.class"),
        (finish("9410000050000472"), "uscc.class"),
        (finish("Y210000050000472"), "uscc.class"),
    ],
)
def test_each_fault_of_an_organisation_code_is_refused_by_its_own_code(
    code: str, problem: str
) -> None:
    with pytest.raises(ValueProblem) as caught:
        check_uscc(code)
    assert caught.value.code == problem


@pytest.mark.parametrize("code", ["N2110108MF0123456A", "511100005000123456"])
def test_the_outer_check_character_of_an_organisation_code_misses_a_wrong_inner_one(
    code: str,
) -> None:
    assert uscc_check(code[:17]) == code[17]


@given(codes())
def test_any_sound_organisation_code_passes(code: str) -> None:
    assert check_uscc(code) == code


@given(codes(), st.integers(0, 17), st.sampled_from(ALPHABET))
def test_any_single_wrong_character_of_an_organisation_code_is_found(
    code: str, place: int, wrong: str
) -> None:
    assume(code[place] != wrong)
    with pytest.raises(ValueProblem):
        check_uscc(code[:place] + wrong + code[place + 1 :])


@given(codes())
def test_stdnum_agrees_on_organisation_codes_whose_department_is_a_digit(code: str) -> None:
    assert uscc.is_valid(code) == code[0].isdigit()


@given(st.text(max_size=30))
def test_any_text_gives_an_organisation_code_or_a_problem(text: str) -> None:
    try:
        code = check_uscc(text)
    except ValueProblem:
        return
    assert check_uscc(code) == code


def test_every_refusal_of_an_organisation_code_has_a_message() -> None:
    source = Path(uscc_module.__file__).read_text(encoding="utf-8")
    raised = set(re.findall(r'"(uscc\.[a-z_]+)"', source))
    assert raised == {code for code in MESSAGES if code.startswith("uscc.")}
