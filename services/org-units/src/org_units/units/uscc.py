"""Organisations: the unified social credit code (GB 32100-2015; docs/domain.md section 4.2)."""

import re
import unicodedata

from shared.base.errors import ValueProblem

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""Digits and letters without I, O, Z, S and V, which look like other characters."""

_LENGTH = 18
_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_VALUES = {char: value for value, char in enumerate(ALPHABET)}
_INNER_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_SHAPE = re.compile(r"[1-9ANY][0-9A-Z][0-9]{6}[0-9A-Z]{10}")
_CLASSES = {"1": "1239", "5": "123459", "9": "123", "N": "1239", "Y": "1"}
"""Organisation classes of the departments with a known list; the others take any class."""


def check_uscc(code: str) -> str:
    """Return a unified social credit code in its plain form (trimmed, NFKC, upper case).

    Raises:
        ValueProblem: length, characters, department, class, inner or outer check.
    """
    text = unicodedata.normalize("NFKC", code[:100]).strip()
    text = text.upper() if text.isascii() else text
    if len(text) != _LENGTH:
        raise ValueProblem("uscc.length", {"length": len(text)})
    if any(char not in _VALUES for char in text):
        raise ValueProblem("uscc.characters")
    if _SHAPE.fullmatch(text) is None:
        raise ValueProblem("uscc.shape")
    if text[1] not in _CLASSES.get(text[0], text[1]):
        raise ValueProblem("uscc.class")
    if organisation_check(text[8:16]) != text[16]:
        raise ValueProblem("uscc.organisation_check")
    if uscc_check(text[:17]) != text[17]:
        raise ValueProblem("uscc.check")
    return text


def organisation_check(body: str) -> str:
    """Return the check character of an eight-character organisation code (GB 11714).

    Letters count 10 to 35 here, unlike in the outer check.
    """
    total = sum(int(char, 36) * weight for char, weight in zip(body, _INNER_WEIGHTS, strict=True))
    return "0123456789X0"[11 - total % 11]


def uscc_check(body: str) -> str:
    """Return the last character for the first seventeen (GB 32100, modulo 31)."""
    total = sum(_VALUES[char] * weight for char, weight in zip(body, _WEIGHTS, strict=True))
    return ALPHABET[(31 - total % 31) % 31]
