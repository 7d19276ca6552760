"""The rules of units: types and levels, who may hang on whom, and the life of a unit.

Pure: a unit or its parent as values, and a command, give a new timeline or a refusal. The rules
are those of docs/domain.md sections 1.2 and 1.4.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from org_units.units.codes import LARGEST_SEQUENCE, unit_code
from shared.base.errors import Conflict, Forbidden, Invalid
from shared.contract import timeline
from shared.contract.timeline import Entry, State, Timeline

Level = Literal["NATIONAL", "PROVINCE", "PREFECTURE", "COUNTY", "GRASSROOTS"]
UnitType = Literal[
    "TOWNSHIP", "SUBDISTRICT", "VILLAGE", "COMMUNITY", "SCHOOL", "HOSPITAL", "ENTERPRISE",
    "INSTITUTION", "AGENCY", "INDUSTRY", "OTHER",
]  # fmt: skip
Status = Literal["DRAFT", "SUBMITTED", "RETURNED", "APPROVED", "ACTIVE", "INACTIVE", "VOIDED"]
Action = Literal["submit", "return", "approve", "activate", "deactivate", "void"]
Role = Literal["registrar", "approver"]

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

CHAPTER_PARENTS: Mapping[str, tuple[str | None, ...]] = {
    "NATIONAL": (None,),
    "PROVINCE": ("NATIONAL",),
    "PREFECTURE": ("PROVINCE",),
    "COUNTY": ("PREFECTURE", "PROVINCE"),
}
"""On which levels a chapter hangs; a county may hang on a province (docs/domain.md section 1.2)."""

TERMINAL = frozenset({"VOIDED", "DISSOLVED", "MERGED"})
"""Nothing hangs on such a unit, and nothing changes it. The last two come with mergers."""
CLOSED_TO_CHILDREN = TERMINAL | {"CLOSING"}
REGION_LENGTHS = (6, 9, 12)
SYNTHETIC_REGIONS = frozenset({"10", "66", "99"})
"""First digits of headquarters, the corps and the railway: no province of a region code."""


@dataclass(frozen=True)
class Parent:
    """What the rules ask of the unit another one hangs on.

    Args:
        has_counties: whether a county hangs on it (asked of prefectures only).
    """

    level: str
    type: str
    status: str
    has_counties: bool = False


@dataclass(frozen=True)
class Transition:
    """One row of the state machine.

    Args:
        sources: statuses it leaves.
        target: status it reaches.
        fact: past participle in the event's type.
        role: who may do it; an approver's grant must be at county or above.
        four_eyes: whether who entered, edited or submitted the unit is barred.
    """

    sources: frozenset[str]
    target: Status
    fact: str
    role: Role
    four_eyes: bool = False


TRANSITIONS: Mapping[Action, Transition] = {
    "submit": Transition(frozenset({"DRAFT", "RETURNED"}), "SUBMITTED", "submitted", "registrar"),
    "return": Transition(frozenset({"SUBMITTED"}), "RETURNED", "returned", "approver"),
    "approve": Transition(
        frozenset({"SUBMITTED"}), "APPROVED", "approved", "approver", four_eyes=True
    ),
    "activate": Transition(frozenset({"APPROVED", "INACTIVE"}), "ACTIVE", "activated", "approver"),
    "deactivate": Transition(frozenset({"ACTIVE"}), "INACTIVE", "deactivated", "approver"),
    "void": Transition(
        frozenset({"DRAFT", "SUBMITTED", "RETURNED", "APPROVED", "ACTIVE", "INACTIVE"}),
        "VOIDED",
        "voided",
        "approver",
    ),
}


def fact_type(fact: str) -> str:
    """Return the event type of a fact (``created`` becomes ``org.redcross.unit.created.v1``)."""
    return f"org.redcross.unit.{fact}.v1"


def check_placement(unit_type: str, parent: Parent) -> None:
    """Refuse a grassroots unit whose type may not hang where it would.

    Raises:
        Invalid: the type and the parent do not go together; names what would.
        Conflict: the parent takes no more units.
    """
    if unit_type == CHAPTER:
        raise Invalid("unit.chapter_by_list", field="type")
    if parent.status in CLOSED_TO_CHILDREN:
        raise Conflict("unit.parent_closed", field="parent_id", params={"status": parent.status})
    if unit_type in AREA_TYPES:
        _check_area(unit_type, parent)
    elif parent.level == GRASSROOTS and parent.type not in AREA_TYPES:
        raise _misplaced(unit_type, parent, [*CHAPTER_PARENTS, *sorted(AREA_TYPES, reverse=True)])


def _check_area(unit_type: str, parent: Parent) -> None:
    if parent.level == "PREFECTURE" and parent.has_counties:
        raise Invalid("unit.area_has_counties", field="parent_id", params={"unit_type": unit_type})
    if parent.level not in ("PREFECTURE", "COUNTY"):
        raise _misplaced(unit_type, parent, ["COUNTY"])


def _misplaced(unit_type: str, parent: Parent, allowed: list[str]) -> Invalid:
    shown = parent.type if parent.level == GRASSROOTS else parent.level
    params = {"unit_type": unit_type, "parent_type": shown, "allowed": allowed}
    return Invalid("unit.parent_type", field="parent_id", params=params)


def check_chapter_placement(level: str, parent_level: str | None) -> None:
    """Refuse a chapter on a wrong level (the list of divisions is checked, too)."""
    if parent_level not in CHAPTER_PARENTS.get(level, ()):
        params = {"level": level, "parent_type": parent_level or "-"}
        raise Invalid("unit.chapter_level", field="parent_id", params=params)


def check_region(region_code: str, chapter_region: str | None) -> None:
    """Refuse a region code of a wrong length, or of another province than its chapter's.

    Counties are not compared: units of an economic zone bear the zone's code and hang on the
    prefecture or on a neighbouring county.
    """
    if not (region_code.isascii() and region_code.isdigit()) or (
        len(region_code) not in REGION_LENGTHS
    ):
        raise Invalid("unit.region_shape", field="region_code")
    province = (chapter_region or "")[:2]
    if province and province not in SYNTHETIC_REGIONS and region_code[:2] != province:
        raise Invalid("unit.region_elsewhere", field="region_code", params={"province": province})


def check_activation(parent: Parent) -> None:
    """Refuse to activate a unit below one that is not active itself."""
    if parent.status != "ACTIVE":
        raise Conflict("unit.parent_not_active", params={"status": parent.status})


def check_not_chapter(unit_type: str) -> None:
    """Refuse to change a chapter by hand: chapters follow the list of divisions."""
    if unit_type == CHAPTER:
        raise Conflict("unit.chapter_by_list")


def check_four_eyes(action: Action, subject: str, unit: Mapping[str, Any]) -> None:
    """Refuse what takes another person than those who made the unit what it is.

    An approval: whoever entered, last edited or submitted it. The voiding of a unit that has ever
    been active, which withdraws it from the figures of past days: whoever entered or last edited it.

    Raises:
        Forbidden: the actor is one of them.
    """
    barred = {unit["created_by"], unit["drafted_by"]}
    if TRANSITIONS[action].four_eyes:
        barred.add(unit["edited_by"])
    elif not (action == "void" and unit.get("ever_active")):
        return
    if subject in barred:
        raise Forbidden("four_eyes")


def allowed_actions(status: str) -> list[Action]:
    """Return what may be done to a unit in a status."""
    return [action for action, row in TRANSITIONS.items() if status in row.sources]


def transition(action: Action, status: str) -> Transition:
    """Return the row of the state machine for an action.

    Raises:
        Conflict: the status does not allow it; names the status and what it allows.
    """
    row = TRANSITIONS[action]
    if status not in row.sources:
        params = {"action": action, "status": status, "allowed": allowed_actions(status)}
        raise Conflict("state.illegal", params=params)
    return row


def check_open(status: str) -> None:
    """Refuse to correct a unit that nothing changes any more."""
    if status in TERMINAL:
        raise Conflict(
            "state.illegal", params={"action": "correct", "status": status, "allowed": []}
        )


def state_of(document: Mapping[str, Any]) -> State:
    """Return the countable state of a unit as it stands (``shared.contract.events.states.UnitState``)."""
    return {
        "unit": document["_id"],
        "level": document["level"],
        "type": document["type"],
        "status": document["status"],
        "parent": document.get("parent_id"),
        "flags": document.get("flags", []),
    }


def card(document: Mapping[str, Any], version: int) -> dict[str, Any]:
    """Return what directories keep of a unit (``shared.contract.events.payloads.UnitCard``)."""
    state = {k: v for k, v in state_of(document).items() if k != "unit"}
    described = {k: document.get(k) for k in ("name", "code", "region_code")}
    return {"id": document["_id"], "version": version, **described, **state}


def counter(chapter_region: str, unit_type: str) -> str:
    """Return the name of the counter that numbers a chapter's units of a type."""
    return f"code/{chapter_region[:6]}{TYPE_LETTERS[unit_type]}"


def code(chapter_region: str, unit_type: str, number: int) -> str:
    """Return a unit's human code: county, letter of the type, number, check character.

    Args:
        chapter_region: region code of the nearest chapter.
        number: within that chapter and type.

    Raises:
        Conflict: the numbers of the chapter and type are used up.
    """
    if number > LARGEST_SEQUENCE:
        raise Conflict("unit.code_exhausted", params={"limit": LARGEST_SEQUENCE})
    return unit_code(chapter_region[:6], TYPE_LETTERS[unit_type], number)


def first_timeline(
    unit_state: State, effective_on: date | None, today: date, moment: datetime, *, earliest: date
) -> Timeline:
    """Return the timeline of a new unit, which starts today or on an earlier day.

    Args:
        earliest: first day any unit can have been there.

    Raises:
        Invalid: the day lies ahead, or before the earliest.
    """
    day = effective_on or today
    check_day("effective_on", day, today, earliest)
    return (Entry(day, moment, unit_state),)


def next_timeline(
    before: Timeline, status: str, effective_on: date | None, today: date, moment: datetime
) -> Timeline:
    """Return the timeline after a transition; a voided unit has none.

    Raises:
        Invalid: the day lies ahead, or before the state the unit leaves began (for a voiding,
            before the unit did).
    """
    day = effective_on or today
    last = before[-1]
    voids = status == "VOIDED"
    check_day("effective_on", day, today, (before[0] if voids else last).effective_on)
    if voids:
        return ()
    changed: dict[str, Any] = {**(last.state or {}), "status": status}
    return timeline.record(before, Entry(day, moment, changed))


def check_day(field: str, day: date, today: date, earliest: date) -> None:
    """Refuse a day that lies ahead, or before the earliest that can be.

    Raises:
        Invalid: naming the field and the limit.
    """
    if day > today:
        raise Invalid("date.future", field=field, params={"today": today.isoformat()})
    if day < earliest:
        raise Invalid("date.too_early", field=field, params={"earliest": earliest.isoformat()})
