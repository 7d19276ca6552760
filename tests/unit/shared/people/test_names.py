"""Names of persons and their stored form."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.people.contacts import LONGEST_NAME, check_name
from shared.people.problems import NameProblem


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        ("张三", "张三"),
        ("张\u3000三", "张三"),
        (" 张  三 ", "张三"),
        ("阿不都·热合曼", "阿不都·热合曼"),
        ("阿不都•热合曼", "阿不都·热合曼"),
        ("阿不都 ‧ 热合曼", "阿不都·热合曼"),
        ("买买提.吐尔逊", "买买提·吐尔逊"),
        ("John  Smith", "John Smith"),
        ("Ｊｏｈｎ　Ｓｍｉｔｈ", "John Smith"),
        ("Rene\u0301 O'Brien-Jr.", "René O'Brien-Jr."),
        ("⽂明", "文明"),
        ("李〇", "李〇"),
        ("𠮷野", "𠮷野"),
        ("王\U00031350", "王\U00031350"),
        ("王\ue863", "王\ue863"),
        ("葛\U000e0100城", "葛\U000e0100城"),
        ("\ufeff张三\u200b", "张三"),
        ("\ufa10", "塚"),
        ("字" * LONGEST_NAME, "字" * LONGEST_NAME),
        ("张 San", "张 San"),
    ],
)
def test_a_name_is_kept_in_one_form(raw: str, kept: str) -> None:
    assert check_name(raw) == kept
    assert check_name(kept) == kept


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("", "name.required"),
        ("\u3000 \ufeff", "name.required"),
        ("张\x00三", "name.characters"),
        ("张三\x00", "name.characters"),
        ("张\n三", "name.characters"),
        ("张三\x1f", "name.characters"),
        ("张\ud800", "name.characters"),
        ("张\u202e三", "name.characters"),
        ("张\u200b三", "name.characters"),
        ("张\uffff", "name.characters"),
        ("张\u2028三", "name.characters"),
        ("字" * (LONGEST_NAME + 1), "name.length"),
        ("张" + "\u3000" * 500, "name.length"),
        ("12345", "name.no_letter"),
        ("···", "name.no_letter"),
    ],
)
def test_each_fault_of_a_name_is_refused_by_its_own_code(raw: str, code: str) -> None:
    with pytest.raises(NameProblem) as caught:
        check_name(raw)
    assert caught.value.code == code


@given(st.text())
def test_any_name_that_is_kept_is_storable_and_stable(raw: str) -> None:
    try:
        kept = check_name(raw)
    except NameProblem:
        return
    assert check_name(kept) == kept
    assert 0 < len(kept) <= LONGEST_NAME
    assert "\0" not in kept
    kept.encode()
