"""The rules of units: types and levels, and the life of a unit.

Pure: a unit and a command in, a unit or a refusal out. The rules are those of docs/domain.md
sections 1.2 and 1.4; where a unit may be placed is in ``placement``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import PlainSerializer

from shared.base.errors import Conflict
from shared.contract.timeline import Entry, State, record
from shared.register.actions import Action, ActionTable, acts
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

TERMINAL = frozenset({"VOIDED", "DISSOLVED", "MERGED"})
"""Nothing is placed under such a unit, and nothing changes it. The last two come with mergers."""
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
        predecessor_founded_on: day of founding of the unit that it continues.
        older_than_parent: why it is older than its parent, where it is.
        ever_active: whether it was active at any time, so that voiding it changes past figures.
        submitted_by: who last submitted it.
        seeded_as: the division of a seeded unit; kept for ever, so that it is seeded once.
        name_key: the folded name by which doubles are found (``likeness.fold``); chapters have
            none, they follow the list of divisions.
        former_codes: codes it had before its type or place was corrected; nobody else gets them.
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
    predecessor_founded_on: StoredDay | None = None
    older_than_parent: str | None = None
    ever_active: bool = False
    submitted_by: str | None = None
    seeded_as: str | None = None
    name_key: str | None = None
    former_codes: tuple[str, ...] = ()
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
        described = {
            name: getattr(self, name)
            for name in ("name", "code", "region_code", "founded_on", "predecessor_founded_on")
        }
        return {"unit": {"id": self.id, "version": self.version, **described, **state}}

    @property
    def authors(self) -> frozenset[str]:
        """Return who entered it, who last edited it, and who submitted what is to be approved."""
        if self.status != "SUBMITTED":
            return super().authors
        return super().authors | {self.submitted_by or self.edited_by}

    @property
    def since(self) -> date | None:
        """Return the earlier one of its own founding and its predecessor's, if one is known."""
        days = (self.founded_on, self.predecessor_founded_on)
        return min((day for day in days if day is not None), default=None)

    @property
    def active_from(self) -> date | None:
        """Return the first day on which it was active."""
        states = (entry for entry in self.timeline if entry.state)
        active = (one.effective_on for one in states if (one.state or {})["status"] == "ACTIVE")
        return next(active, None)

    @property
    def was_counted(self) -> bool:
        return self.ever_active


def check_not_chapter(unit_type: str) -> None:
    """Refuse to change a chapter by hand: chapters follow the list of divisions."""
    if unit_type == CHAPTER:
        raise Conflict("unit.chapter_by_list")


def replaced(unit: Unit, before: Unit, subject: str, moment: datetime) -> Unit:
    """Return a unit of a corrected type or parent, to be approved again if it was approved.

    The approval was given to a unit of another type or place, so it is withdrawn from its own day,
    and whoever approves anew may date that as before.

    Args:
        unit: with the right type and parent in every state.
        subject: who corrects it, and so submits it again.

    Raises:
        Conflict: it has been active, so that figures of past days and people rest on it.
    """
    if before.ever_active:
        field = "type" if unit.type != before.type else "parent_id"
        raise Conflict("unit.was_active", field=field, params={"status": before.status})
    if unit.status != "APPROVED":
        return unit
    after = replace(unit, status="SUBMITTED", submitted_by=subject)
    entry = Entry(unit.timeline[-1].effective_on, moment, after.state)
    return replace(after, timeline=record(unit.timeline, entry))
