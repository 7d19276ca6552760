"""What may be placed under what, in which region, and the codes that units get there.

Pure: a type and a parent in, a code or a refusal out (docs/domain.md sections 1.2 and 1.4).
"""

import re
from collections.abc import Mapping, Sequence

from stdnum.iso7064 import mod_37_36

from org_units.units.rules import AREA_TYPES, CHAPTER, GRASSROOTS, TERMINAL, Unit
from shared.base.errors import Conflict, Invalid
from shared.register.scope import Place

TYPE_LETTERS: Mapping[str, str] = {
    CHAPTER: "B",
    "TOWNSHIP": "T",
    "SUBDISTRICT": "D",
    "VILLAGE": "V",
    "COMMUNITY": "C",
    "SCHOOL": "S",
    "HOSPITAL": "H",
    "ENTERPRISE": "E",
    "INSTITUTION": "P",
    "AGENCY": "A",
    "INDUSTRY": "Y",
    "OTHER": "X",
}
"""Letter of a type within a unit's code; I and O are left out, they read like 1 and 0."""
LARGEST_NUMBER = 9999
_CODE = re.compile(r"[0-9]{6}[A-Z](?!0000)[0-9]{4}")
_WRITTEN_CODE = re.compile(rf"{_CODE.pattern}[0-9A-Z]")

CHAPTER_PARENTS: Mapping[str, tuple[str | None, ...]] = {
    "NATIONAL": (None,),
    "PROVINCE": ("NATIONAL",),
    "PREFECTURE": ("PROVINCE",),
    "COUNTY": ("PREFECTURE", "PROVINCE"),
}
"""Under which levels a chapter is placed; a county also under a province (docs/domain.md section
1.2)."""

CLOSED_TO_CHILDREN = TERMINAL | {"CLOSING"}
REGION_LENGTHS = (6, 9, 12)
SYNTHETIC_REGIONS = frozenset({"10", "66", "99"})
"""First digits of headquarters, the corps and the railway: no province of a region code."""


def check_placement(unit_type: str, parent: Unit, *, has_counties: bool = False) -> None:
    """Refuse a grassroots unit whose type may not be placed where it would be.

    Args:
        has_counties: whether a county is placed under the parent (asked of prefectures only).

    Raises:
        Invalid: the type and the parent do not go together; names what would.
        Conflict: the parent takes no more units.
    """
    if unit_type == CHAPTER:
        raise Invalid("unit.chapter_by_list", field="type")
    if parent.status in CLOSED_TO_CHILDREN:
        raise Conflict("unit.parent_closed", field="parent_id", params={"status": parent.status})
    if unit_type in AREA_TYPES:
        _check_area(unit_type, parent, has_counties=has_counties)
    elif parent.level == GRASSROOTS and parent.type not in AREA_TYPES:
        raise _misplaced(unit_type, parent, [*CHAPTER_PARENTS, *sorted(AREA_TYPES, reverse=True)])


def _check_area(unit_type: str, parent: Unit, *, has_counties: bool) -> None:
    if parent.level == "PREFECTURE" and has_counties:
        raise Invalid("unit.area_has_counties", field="parent_id", params={"unit_type": unit_type})
    if parent.level not in ("PREFECTURE", "COUNTY"):
        raise _misplaced(unit_type, parent, ["COUNTY"])


def _misplaced(unit_type: str, parent: Unit, allowed: list[str]) -> Invalid:
    shown = parent.type if parent.level == GRASSROOTS else parent.level
    params = {"unit_type": unit_type, "parent_type": shown, "allowed": allowed}
    return Invalid("unit.parent_type", field="parent_id", params=params)


def check_chapter_placement(level: str, parent_level: str | None) -> None:
    """Refuse a chapter on a wrong level (the list of divisions is checked, too)."""
    if parent_level not in CHAPTER_PARENTS.get(level, ()):
        params = {"level": level, "parent_type": parent_level or "-"}
        raise Invalid("unit.chapter_level", field="parent_id", params=params)


def check_region(region_code: str | None, chapter_region: str | None) -> None:
    """Refuse a region code of a wrong length, or of another province than its chapter's.

    Counties are not compared: units of an economic zone have the zone's code and are placed under
    the prefecture or a neighbouring county.
    """
    if region_code is None:
        return
    if not (region_code.isascii() and region_code.isdigit()) or (
        len(region_code) not in REGION_LENGTHS
    ):
        raise Invalid("unit.region_shape", field="region_code")
    province = (chapter_region or "")[:2]
    if province and province not in SYNTHETIC_REGIONS and region_code[:2] != province:
        raise Invalid("unit.region_elsewhere", field="region_code", params={"province": province})


def check_activation(parent: Unit) -> None:
    """Refuse to activate a unit below one that is not active itself."""
    if parent.status != "ACTIVE":
        raise Conflict("unit.parent_not_active", params={"status": parent.status})


def claims_area(unit_type: str, region_code: str | None) -> bool:
    """Whether a unit is the one of its township or sub-district, of which there is one each."""
    return unit_type in AREA_TYPES and region_code is not None and len(region_code) >= 9


def prefix(chapter_region: str, unit_type: str) -> str:
    """Return what the codes of a chapter's units of a type begin with."""
    return f"{chapter_region[:6]}{TYPE_LETTERS[unit_type]}"


def counter(chapter_region: str, unit_type: str) -> str:
    """Return the name of the counter that numbers a chapter's units of a type."""
    return f"code/{prefix(chapter_region, unit_type)}"


def code(chapter_region: str, unit_type: str, number: int) -> str:
    """Return a unit's human code: county, letter of the type, number, check character.

    The check character (ISO 7064 MOD 37,36) finds every single wrong character and nearly every
    swap of neighbours.

    Args:
        chapter_region: region code of the nearest chapter.
        number: within that chapter and type.

    Raises:
        Conflict: the numbers of the chapter and type are used up.
    """
    if number > LARGEST_NUMBER:
        raise Conflict("unit.code_exhausted", params={"limit": LARGEST_NUMBER})
    text = f"{prefix(chapter_region, unit_type)}{number:04d}"
    if _CODE.fullmatch(text) is None:
        raise ValueError(f"no code of a unit: {text}")
    return text + str(mod_37_36.calc_check_digit(text))


def written_code(text: str) -> str | None:
    """Return a text as a unit's code, if it has the form of one."""
    found = text.strip().upper()
    return found if _WRITTEN_CODE.fullmatch(found) else None


def chapter_region(path: Sequence[Place]) -> str:
    """Return the region code of the nearest chapter on a path."""
    regions = (place.region_code for place in path if place.type == CHAPTER)
    return next(regions, None) or ""
