"""Writing: characters of ordinary text are not odd, those of a wrong coding are."""

import pytest

from shared.tables.writing import is_broken, is_odd


@pytest.mark.parametrize("char", "王婷晗，（）《》·１Ａ𠮷㛃䶮鿏a1 \t")
def test_characters_of_ordinary_writing_are_not_odd(char: str) -> None:
    assert not is_odd(char)
    assert not is_broken(char)


@pytest.mark.parametrize("char", "鐜嬭姵ΧㄌжよカÍõÇ¿")
def test_characters_of_writing_in_a_wrong_coding_are_odd_and_not_broken(char: str) -> None:
    assert is_odd(char)
    assert not is_broken(char)


@pytest.mark.parametrize("char", "\ue5e5\uf8ff\U000f0000\ufffd\ud800")
def test_characters_without_a_meaning_in_writing_are_broken(char: str) -> None:
    assert is_broken(char)
    assert is_odd(char)


def test_most_characters_of_writing_that_was_misread_are_odd() -> None:
    text = "红十字会会员名册姓名性别出生日期证件号码"
    misread = text.encode().decode("gb18030", errors="ignore")
    assert not any(map(is_odd, text))
    assert sum(map(is_odd, misread)) > len(misread) / 2
