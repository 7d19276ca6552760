"""The noun of the kernel's own tests: a badge, which is approved, worn, lost and handed in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from shared.contract.timeline import Entry, State, Timeline
from shared.register.actions import Action, ActionTable, acts
from shared.register.entity import E, Entity

TODAY = date(2026, 11, 23)
SPAN = 40
FIRST_DAY = TODAY - timedelta(days=SPAN)
MOMENT = datetime(2026, 11, 22, 16, 30, tzinfo=UTC)
"""Half past midnight of that day in China."""
LATER = MOMENT + timedelta(minutes=1)

OPEN = frozenset({"DRAFT", "READY", "WORN", "LOST"})
TABLE = ActionTable(
    "badge",
    create=Action(name="create", fact="created", role="registrar", drafts=True),
    correct=Action(name="correct", fact="corrected", role="registrar", sources=OPEN, drafts=True),
    acts=acts(
        Action(
            name="approve", fact="approved", role="approver", at_county_or_above=True,
            sources=frozenset({"DRAFT"}), target="READY", four_eyes=True,
        ),
        Action(
            name="wear", fact="worn", role="registrar",
            sources=frozenset({"READY", "LOST"}), target="WORN",
        ),
        Action(
            name="lose", fact="lost", role="registrar",
            sources=frozenset({"WORN"}), target="LOST", needs_reason=True,
        ),
        Action(
            name="look-at", fact="looked-at", role="registrar", sources=frozenset({"WORN"}),
        ),
        Action(
            name="hand-in", fact="handed-in", role="registrar",
            sources=frozenset({"WORN", "LOST"}), target="RETURNED", may_be_late=True,
        ),
        Action(
            name="void", fact="voided", role="registrar",
            sources=OPEN | {"RETURNED"}, target="VOIDED",
        ),
    ),
)  # fmt: skip
STATUSES = [*sorted(OPEN), "RETURNED", "VOIDED"]
COUNTED = frozenset({"WORN", "LOST", "RETURNED"})


@dataclass(frozen=True, kw_only=True)
class Badge(Entity):
    """A badge of a unit."""

    unit: str = "town"
    colour: str = "red"
    size: str = "M"
    engraving: str | None = None

    @property
    def card(self) -> Mapping[str, object]:  # type: ignore[override] # of this version
        return {"colour": self.colour}

    @property
    def state(self) -> State:
        return {
            "unit": self.unit, "status": self.status, "colour": self.colour, "size": self.size
        }  # fmt: skip

    @property
    def was_counted(self) -> bool:
        states = [entry.state for entry in self.timeline if entry.state is not None]
        return any(state["status"] in COUNTED for state in states)


@dataclass(frozen=True)
class Step:
    """A unit as a step of a path."""

    id: str
    level: str
    type: str
    region_code: str | None

    @property
    def name(self) -> str:
        return f"{self.id}红十字会"


TOWN = (
    Step("town", "GRASSROOTS", "TOWNSHIP", "330106109"),
    Step("county", "COUNTY", "CHAPTER", "330106"),
    Step("prov", "PROVINCE", "CHAPTER", "330000"),
    Step("hq", "NATIONAL", "CHAPTER", "100000"),
)


class Tree:
    """The units that the tests know: a town of a county, up to headquarters."""

    async def path(self, unit: str) -> Sequence[Step]:
        """Return the path of one of these units."""
        ids = [step.id for step in TOWN]
        return TOWN[ids.index(unit) :] if unit in ids else ()

    async def paths(self, units: Sequence[str]) -> Sequence[Sequence[Step]]:
        """Return the paths of some of these units."""
        return [await self.path(unit) for unit in units]

    async def refresh_path(self, unit: str) -> Sequence[Step]:
        """Return the path, which never changes here."""
        return await self.path(unit)

    def some_unit(self) -> str | None:
        """Return one of the units."""
        return TOWN[0].id


def states_of(timeline: Timeline) -> list[State]:
    """Return the states of a timeline, each of which counts somewhere."""
    return [entry.state for entry in timeline if entry.state is not None]


def entered(entity: E, day: date, moment: datetime) -> E:
    """Return an entity with its first dated state."""
    return replace(entity, timeline=(Entry(day, moment, entity.state),))


def a_badge(*history: tuple[int, str], **fields: Any) -> Badge:
    """Return a badge with a state of each status, so many days ago."""
    found = Badge(
        id="b1", status=history[-1][1], created_by="creator", edited_by="editor",
        drafted_by="drafter", **fields,
    )  # fmt: skip
    timeline = tuple(
        Entry(TODAY - timedelta(days=ago), MOMENT, replace(found, status=status).state)
        for ago, status in history
    )
    return replace(found, timeline=timeline)


names = st.sampled_from(list(TABLE.acts))
colours, sizes = st.sampled_from(["red", "white", "blue"]), st.sampled_from(["S", "M", "L"])


@st.composite
def badges(draw: st.DrawFn) -> Badge:
    """Draw a badge with any dated states, the last of which is its own.

    The states of an earlier run have values of their own; those of the newest are in record 9.
    """
    ago = sorted(
        draw(st.lists(st.integers(0, SPAN), min_size=1, max_size=6, unique=True)), reverse=True
    )
    returned = draw(st.integers(0, len(ago) - 1))
    values = {run: (draw(colours), draw(sizes)) for run in (1, 2)}
    entries = tuple(
        Entry(
            TODAY - timedelta(days=number),
            MOMENT,
            a_badge(
                (0, draw(st.sampled_from(STATUSES[:-1]))), colour=values[run][0],
                size=values[run][1],
            ).state,
            run,
            9 if run == 2 else 1,
        )
        for position, number in enumerate(ago)
        for run in (1 if position < returned else 2,)
    )  # fmt: skip
    last = states_of(entries)[-1]
    return replace(
        a_badge((0, last["status"]), colour=last["colour"], size=last["size"]), timeline=entries
    )
