"""Names of persons: which text is accepted, and its one stored form.

Chinese names hold characters newer than the interpreter's Unicode tables (生僻字), private-use ones
of older systems, and the middle dot; none of them is refused.
"""

import re
import unicodedata

from shared.people.problems import NameProblem

LONGEST = 50
"""Characters (code points) of a name in its stored form."""

MIDDLE_DOT = "·"

_LONGEST_INPUT = 400
_MIDDLE_DOTS = dict.fromkeys(map(ord, "\u2027\u2022\u30fb\uff65\u2219\u22c5\u1427"), MIDDLE_DOT)
_EDGES = " \t\r\n\u00a0\u3000\ufeff\u200b\u2060"
_FOLDED = re.compile("[\u2f00-\u2fdf\u3000\uff01-\uff5e]")
"""Kangxi radicals (what PDF files give for characters), wide space, full-width ASCII."""
_HAN = "\u3007\u3400-\u9fff\uf900-\ufaff\ue000-\uf8ff\U00020000-\U0003fffd"
_SPACE_IN_HAN = re.compile(f"(?<=[{_HAN}·]) (?=[{_HAN}·])")
_FULL_STOP_IN_HAN = re.compile(f"(?<=[{_HAN}])[.](?=[{_HAN}])")
_REFUSED = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_IDEOGRAPH = re.compile(f"[{_HAN}]")
_PLAIN = re.compile(f"[\u4e00-\u9fff]{{1,{LONGEST}}}")
"""Nearly every name; already in its stored form."""


def check_name(raw: str) -> str:
    """Return a name in its stored form.

    NFC; not NFKC, which would change letters that are part of a name, but for full-width ASCII
    and radicals, which are artefacts of input. Runs of spaces become one, and none stands between
    Chinese characters (rosters pad two-character names); every kind of middle dot, and a full stop
    between Chinese characters, becomes ·.

    Raises:
        NameProblem: empty, too long, control characters or broken Unicode, or no letter at all.
    """
    if _PLAIN.fullmatch(raw):
        return raw
    if len(raw) > _LONGEST_INPUT:
        raise NameProblem("name.length", {"longest": LONGEST})
    text = raw.strip(_EDGES)
    if any(_refused(char) for char in text):
        raise NameProblem("name.characters")
    text = _FOLDED.sub(lambda found: unicodedata.normalize("NFKC", found[0]), text)
    text = unicodedata.normalize("NFC", text.translate(_MIDDLE_DOTS))
    text = _SPACE_IN_HAN.sub("", " ".join(text.split()))
    text = _FULL_STOP_IN_HAN.sub(MIDDLE_DOT, text)
    if not text:
        raise NameProblem("name.required")
    if len(text) > LONGEST:
        raise NameProblem("name.length", {"longest": LONGEST})
    if not any(char.isalpha() or _IDEOGRAPH.match(char) for char in text):
        raise NameProblem("name.no_letter")
    return text


def _refused(char: str) -> bool:
    """Unassigned characters pass (newer ideographs look so); non-characters do not."""
    return unicodedata.category(char) in _REFUSED or ord(char) & 0xFFFE == 0xFFFE
