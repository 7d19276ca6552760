"""The rules of units: types and levels, what may be placed under what, and the life of a unit.

Pure: a unit or its parent and a command in, a unit or a refusal out. The rules are those of
docs/domain.md sections 1.2 and 1.4.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import PlainSerializer
from stdnum.iso7064 import mod_37_36

from shared.base.errors import Conflict, Invalid, refuse
from shared.contract.timeline import State
from shared.register.actions import Action, ActionTable, acts, violations_of_day
from shared.register.entity import Entity, StoredDay

Level = Literal["NATIONAL", "PROVINCE", "PREFECTURE", "COUNTY", "GRASSROOTS"]
UnitType = Literal[
    "TOWNSHIP", "SUBDISTRICT", "VILLAGE", "COMMUNITY", "SCHOOL", "HOSPITAL", "ENTERPRISE",
    "INSTITUTION", "AGENCY", "INDUSTRY", "OTHER",
]  # fmt: skip
Status = Literal["DRAFT", "SUBMITTED", "RETURNED", "APPROVED", "ACTIVE", "INACTIVE", "VOIDED"]

CHAPTER = "CHAPTER"
"""The type of every unit above the grassroots; such units come from the list of divisions."""
GRASSROOTS: Level = "GRASSROOTS"
AREA_TYPES = frozenset({"TOWNSHIP", "SUBDISTRICT"})
"""Units of an area below the county: the only grassroots units that have others below them."""

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

CHAPTER_PARENTS: Mapping[str, tuple[str | None, ...]] = {
    "NATIONAL": (None,),
    "PROVINCE": ("NATIONAL",),
    "PREFECTURE": ("PROVINCE",),
    "COUNTY": ("PREFECTURE", "PROVINCE"),
}
"""Under which levels a chapter is placed; a county also under a province (docs/domain.md section
1.2)."""

TERMINAL = frozenset({"VOIDED", "DISSOLVED", "MERGED"})
"""Nothing is placed under such a unit, and nothing changes it. The last two come with mergers."""
CLOSED_TO_CHILDREN = TERMINAL | {"CLOSING"}
REGION_LENGTHS = (6, 9, 12)
SYNTHETIC_REGIONS = frozenset({"10", "66", "99"})
"""First digits of headquarters, the corps and the railway: no province of a region code."""

_OPEN = frozenset({"DRAFT", "SUBMITTED", "RETURNED", "APPROVED", "ACTIVE", "INACTIVE"})

ACTIONS = ActionTable(
    "unit",
    create=Action(
        name="create", fact="created", role="registrar", target="DRAFT", drafts=True
    ),
    correct=Action(
        name="correct", fact="corrected", role="registrar", sources=_OPEN | {"CLOSING"},
        drafts=True,
    ),
    acts=acts(
        Action(
            name="submit", fact="submitted", role="registrar",
            sources=frozenset({"DRAFT", "RETURNED"}), target="SUBMITTED",
        ),
        Action(
            name="return", fact="returned", role="approver", at_county_or_above=True,
            sources=frozenset({"SUBMITTED"}), target="RETURNED",
        ),
        Action(
            name="approve", fact="approved", role="approver", at_county_or_above=True,
            sources=frozenset({"SUBMITTED"}), target="APPROVED", four_eyes=True,
        ),
        Action(
            name="activate", fact="activated", role="approver", at_county_or_above=True,
            sources=frozenset({"APPROVED", "INACTIVE"}), target="ACTIVE",
        ),
        Action(
            name="deactivate", fact="deactivated", role="approver", at_county_or_above=True,
            sources=frozenset({"ACTIVE"}), target="INACTIVE",
        ),
        Action(
            name="void", fact="voided", role="approver", at_county_or_above=True,
            sources=_OPEN, target="VOIDED",
        ),
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Distinction:
    """An officer's statement that a unit is not the other one that it is like."""

    unit: str
    reason: str
    stated_by: str
    stated_at: datetime


def _plain(distinctions: Sequence[Distinction]) -> list[dict[str, str | datetime]]:
    return [asdict(one) for one in distinctions]


StoredDistinctions = Annotated[tuple[Distinction, ...], PlainSerializer(_plain)]


@dataclass(frozen=True, kw_only=True)
class Unit(Entity):
    """A chapter or a grassroots unit.

    Args:
        parent_id: the unit it is placed under; None for headquarters.
        lineage: ids from headquarters down to the unit itself.
        ever_active: whether it was active at any time, so that voiding it changes past figures.
        submitted_by: who last submitted it.
        seeded_as: the division of a seeded unit; kept for ever, so that it is seeded once.
        name_key: the folded name by which doubles are found (``likeness.fold``); chapters have
            none, they follow the list of divisions.
        distinct: statements that it is not a unit it is like; they are only ever added to.
    """

    name: str
    type: str
    level: Level
    parent_id: str | None = None
    lineage: tuple[str, ...]
    code: str = ""
    region_code: str | None = None
    flags: tuple[str, ...] = ()
    host_uscc: str | None = None
    founded_on: StoredDay | None = None
    ever_active: bool = False
    submitted_by: str | None = None
    seeded_as: str | None = None
    name_key: str | None = None
    distinct: StoredDistinctions | None = None

    @property
    def unit(self) -> str:
        return self.id

    @property
    def state(self) -> State:
        """Return the countable state (``shared.contract.events.states.UnitState``)."""
        return {
            "unit": self.id,
            "level": self.level,
            "type": self.type,
            "status": self.status,
            "parent": self.parent_id,
            "flags": list(self.flags),
        }

    @property
    def card(self) -> Mapping[str, object]:  # type: ignore[override] # of this version
        """Return the field of its events that directories keep (``UnitCard``)."""
        state = {name: value for name, value in self.state.items() if name != "unit"}
        described = {"name": self.name, "code": self.code, "region_code": self.region_code}
        return {"unit": {"id": self.id, "version": self.version, **described, **state}}

    @property
    def authors(self) -> frozenset[str]:
        """Return who entered it, who last edited it, and who submitted what is to be approved."""
        if self.status != "SUBMITTED":
            return super().authors
        return super().authors | {self.submitted_by or self.edited_by}

    @property
    def was_counted(self) -> bool:
        return self.ever_active


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


def check_founded(founded_on: date | None, today: date, earliest: date) -> None:
    """Refuse a founding day that lies ahead, or before any unit can have been founded."""
    if founded_on is not None:
        refuse(violations_of_day(founded_on, today, earliest, field="founded_on"))


def check_activation(parent: Unit) -> None:
    """Refuse to activate a unit below one that is not active itself."""
    if parent.status != "ACTIVE":
        raise Conflict("unit.parent_not_active", params={"status": parent.status})


def check_not_chapter(unit_type: str) -> None:
    """Refuse to change a chapter by hand: chapters follow the list of divisions."""
    if unit_type == CHAPTER:
        raise Conflict("unit.chapter_by_list")


def claims_area(unit_type: str, region_code: str | None) -> bool:
    """Whether a unit is the one of its township or sub-district, of which there is one each."""
    return unit_type in AREA_TYPES and region_code is not None and len(region_code) >= 9


def counter(chapter_region: str, unit_type: str) -> str:
    """Return the name of the counter that numbers a chapter's units of a type."""
    return f"code/{chapter_region[:6]}{TYPE_LETTERS[unit_type]}"


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
    text = f"{chapter_region[:6]}{TYPE_LETTERS[unit_type]}{number:04d}"
    if _CODE.fullmatch(text) is None:
        raise ValueError(f"no code of a unit: {text}")
    return text + str(mod_37_36.calc_check_digit(text))
