"""When two units are likely one entered twice, and when officers have stated that they are two.

Pure. Two units are alike by name (same parent, type and folded name) or by the credit code of
their host.
"""

import re
import unicodedata
from collections.abc import Sequence
from typing import Literal

from org_units.units.rules import Unit

Likeness = Literal["name", "host_uscc"]
"""The field by which two units are alike."""

_ENDING = re.compile(r"(红十字会?(基层组织|分会|(工作)?委员会)|红十字会)$")
_ENDING_BELOW = re.compile(rf"{_ENDING.pattern}|分会$")
"""After the area of its chapter a branch is a branch of the Red Cross."""
_SOCIETY, _BRANCH = "红十字会", "分会"
_LEFT_OUT = frozenset({"Zs", "Zl", "Zp", "Cc", "Cf", "Ps", "Pe", "Pi", "Pf"})
"""Blanks, invisible characters, brackets and quotation marks, of both widths after NFKC."""
_SHORTEST = 2
"""Characters of a name that are always kept."""


def fold(name: str, chapters: Sequence[str]) -> str:
    """Return a name without what officers write in several ways; what is left is compared.

    Left out are the width of characters, case, blanks, brackets and quotation marks (not what
    stands between them), the ending that says Red Cross, and before the name the area of the
    chapter it is placed under, with or without the areas above it. Simplified and traditional
    characters, numerals and abbreviations stay apart: 第一中学 and 第1中学 may be two.

    Args:
        chapters: names of the chapters above, nearest first.
    """
    text = _plain(name)
    areas = [_plain(one).removesuffix(_SOCIETY) for one in chapters]
    below = _below(areas, text)
    if below.startswith(_SOCIETY) and below.endswith(_BRANCH):
        below = _unless_short(below.removeprefix(_SOCIETY), below)
    ending = (_ENDING if below == text else _ENDING_BELOW).search(below)
    return below if ending is None else _unless_short(below[: ending.start()], below)


def _below(areas: Sequence[str], text: str) -> str:
    """Return what follows the area of the nearest chapter, which the areas above it may precede."""
    if not areas:
        return text
    rest = text
    for area in reversed(areas[1:]):
        rest = rest.removeprefix(area)
    return _unless_short(rest.removeprefix(areas[0]), text) if rest.startswith(areas[0]) else text


def _unless_short(rest: str, text: str) -> str:
    return rest if len(rest) >= _SHORTEST else text


def _plain(name: str) -> str:
    text = unicodedata.normalize("NFKC", name).casefold()
    left = "".join(char for char in text if unicodedata.category(char) not in _LEFT_OUT)
    return left or text


def alike(one: Unit, other: Unit) -> list[Likeness]:
    """Return the fields by which two units are alike."""
    found: list[Likeness] = []
    if one.name_key and _placed_name(one) == _placed_name(other):
        found.append("name")
    if one.host_uscc is not None and one.host_uscc == other.host_uscc:
        found.append("host_uscc")
    return found


def _placed_name(unit: Unit) -> tuple[str | None, str, str | None]:
    return unit.parent_id, unit.type, unit.name_key


def known_apart(one: Unit, other: Unit) -> bool:
    """Whether two units are known to be two: an officer stated it, or the list of divisions does.

    Either unit may hold the statement.
    """
    if one.seeded_as and other.seeded_as:
        return True
    return other.id in {it.unit for it in one.distinct or ()} or one.id in {
        it.unit for it in other.distinct or ()
    }
