"""Which characters ordinary Chinese text hardly has: what a wrong coding makes of it has many."""

import unicodedata

_BROKEN = frozenset({"Co", "Cs"})
"""Unicode categories: private use and surrogates. Unassigned ones may be newer ideographs."""
_PUNCTUATION = range(0xA1, 0xA4)
"""First bytes of punctuation and full-width forms in GB 2312 and GBK."""
_IDEOGRAPHS = range(0xB0, 0xF8)
"""First bytes of the ideographs of GB 2312."""
_WESTERN = frozenset(map(chr, range(0x80, 0x100)))
_WESTERN_PUNCTUATION = frozenset("\xa0\xa7\xb0\xb1\xb7\xd7\xf7")
"""What GB 2312 has of them too."""


def is_broken(char: str) -> bool:
    """Return whether a character means nothing in itself: private use, or the mark of a loss."""
    return char == "\ufffd" or unicodedata.category(char) in _BROKEN


def is_odd(char: str) -> bool:
    """Return whether a character is broken, or one of those a wrong coding gives.

    These are the ideographs that GBK has in two bytes and GB 2312 lacks, the kana, Greek, Cyrillic
    and other letters of GB 2312, and those of western European codings. Of ordinary simplified text they are less than 1 in 100.
    Ideographs of four bytes in GB 18030 are not among them: they are rare, and no wrong coding.
    """
    if char.isascii() or is_broken(char):
        return not char.isascii()
    if char in _WESTERN:
        return char not in _WESTERN_PUNCTUATION
    if code := _encoded(char, "gb2312"):
        return code[0] not in _IDEOGRAPHS and code[0] not in _PUNCTUATION
    code = _encoded(char, "gbk")
    return len(code) == 2 and code[0] not in _PUNCTUATION


def _encoded(char: str, encoding: str) -> bytes:
    return char.encode(encoding, errors="ignore")
