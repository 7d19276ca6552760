"""Names of persons and their stored form."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.people.contacts import LONGEST_NAME, check_name
from shared.people.names import FOLDS
from shared.people.problems import NameProblem

HAN_BLOCKS = {
    "A": (0x3400, 0x4DBF),
    "unified": (0x4E00, 0x9FFF),
    "B": (0x20000, 0x2A6DF),
    "C": (0x2A700, 0x2B739),
    "D": (0x2B740, 0x2B81D),
    "E": (0x2B820, 0x2CEA1),
    "F": (0x2CEB0, 0x2EBE0),
    "I": (0x2EBF0, 0x2EE5D),
    "G": (0x30000, 0x3134A),
    "H": (0x31350, 0x323AF),
}
"""First and last unified ideograph of each block."""


def is_unified(char: str) -> bool:
    return any(first <= ord(char) <= last for first, last in HAN_BLOCKS.values())


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
        ("王\ue863", "王䶮"),
        ("葛\U000e0100城", "葛城"),
        ("塚\ufe00本", "塚本"),
        ("⻢云⻰", "马云龙"),
        ("㇐鸣", "一鸣"),
        ("陈\ue5e5\ue831", "陈𡗗"),
        ("\ue816强", "𠂇强"),
        ("王YAN", "王YAN"),
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
        ("张\ufffd", "name.damaged"),
        ("张□", "name.damaged"),
        ("张〓三", "name.damaged"),
        ("张?", "name.damaged"),
        ("？三", "name.damaged"),
        ("???", "name.damaged"),
        ("J?hn Smith", "name.damaged"),
        ("张*", "name.damaged"),
        ("张○○", "name.damaged"),
        ("å¼ ä¸‰", "name.damaged"),
        ("锟斤拷", "name.damaged"),
        ("张锟斤拷", "name.damaged"),
        ("⿰王玉", "name.damaged"),
        ("张&#20013;", "name.escaped"),
        ("张&#x4e2d;", "name.escaped"),
        ("张&nbsp;三", "name.escaped"),
        ("张&nbsp三", "name.escaped"),
        ("Tom &amp; Mary", "name.escaped"),
        ("张＆＃２００１３；", "name.escaped"),
        ("张\\u4e2d", "name.escaped"),
        ("%E5%BC%A0", "name.escaped"),
        ("张_x4E2D_", "name.escaped"),
        ("王\ue000", "name.private_use"),
        ("王\uf8ff", "name.private_use"),
        ("王\U000f0001", "name.private_use"),
    ],
)
def test_each_fault_of_a_name_is_refused_by_its_own_code(raw: str, code: str) -> None:
    with pytest.raises(NameProblem) as caught:
        check_name(raw)
    assert caught.value.code == code


def test_a_refusal_gives_the_place_within_the_name() -> None:
    with pytest.raises(NameProblem) as caught:
        check_name(" 张三□")
    assert caught.value.params == {"place": 3}


@pytest.mark.parametrize("block", HAN_BLOCKS)
def test_rare_characters_of_every_extension_are_kept_in_a_name(block: str) -> None:
    first, last = HAN_BLOCKS[block]
    for code in (first, (first + last) // 2, last):
        assert check_name(f"王{chr(code)}") == f"王{chr(code)}"


def test_radicals_in_a_name_become_characters() -> None:
    without = {0x2E80, 0x2E9A}
    """REPEAT has no character; the other is not assigned."""
    radicals = [code for code in range(0x2E80, 0x2EF4) if code not in without]
    for code in (*radicals, *range(0x2F00, 0x2FD6)):
        kept = check_name(chr(code))
        assert is_unified(kept), f"{code:x}"
    assert check_name("⻢⼤⻓") == "马大长"


@pytest.mark.parametrize(("first", "last"), [(0xF900, 0xFAD9), (0x2F800, 0x2FA1D)])
def test_compatibility_forms_in_a_name_become_characters(first: int, last: int) -> None:
    unified = {0xFA0E, 0xFA0F, 0xFA11, 0xFA13, 0xFA14, 0xFA1F, 0xFA21, 0xFA23, 0xFA24, 0xFA27,
               0xFA28, 0xFA29, 0xFA6E, 0xFA6F}  # fmt: skip
    """Twelve that are characters of their own, two that are not assigned."""
    for code in range(first, last + 1):
        if code not in unified:
            assert is_unified(check_name(chr(code))), f"{code:x}"


def test_private_use_characters_in_a_name_become_what_gb_18030_has_for_their_codes() -> None:
    trails = [trail for trail in range(0x50, 0xA1) if trail != 0x7F]
    known = 0
    for place, trail in enumerate(trails):
        now = bytes((0xFE, trail)).decode("gb18030")
        kept = check_name(f"王{chr(0xE815 + place)}")
        assert is_unified(kept[1])
        if not "\ue000" <= now <= "\uf8ff":  # this codec is of 2000
            known += 1
            assert kept == check_name(f"王{now}")
    assert (len(trails), known) == (80, 66)
    moved = ((0xFE51, "𠂇"), (0xFE59, "龴"), (0xFE7E, "龹"), (0xFE91, "𤇾"), (0xFEA0, "龻"))
    for code, char in moved:  # since 2005 and 2022
        old = code.to_bytes(2, "big").decode("gb18030")
        assert check_name(f"王{old}") == f"王{char}"


def test_no_character_of_a_name_is_folded_to_one_that_is_folded_itself() -> None:
    assert {char for char in FOLDS.values() if ord(char) in FOLDS} == set()


OF_TWO_CODINGS = st.text(st.sampled_from([*map(chr, FOLDS), *"张A·. \ufe00\ufa10"]), max_size=60)


@given(st.text() | OF_TWO_CODINGS)
def test_any_name_that_is_kept_is_storable_and_stable(raw: str) -> None:
    try:
        kept = check_name(raw)
    except NameProblem:
        return
    assert check_name(kept) == kept
    assert 0 < len(kept) <= LONGEST_NAME
    assert "\0" not in kept
    kept.encode()
