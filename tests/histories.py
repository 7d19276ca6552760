"""Hypothesis strategies for histories of commands, and the plain oracle that counts them.

The oracle shares nothing with the counting path: it looks at each entity's timeline on a day and
adds one where the entity is.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from shared.contract.timeline import Entry, Timeline, changes, correct, record
from shared.pipeline.outbox import Fact

START = date(2026, 1, 1)
SPAN = 30
UNITS = ("u1", "u2", "u3")
STATUSES = ("APPLIED", "APPROVED", "ACTIVE", "ARREARS", "WITHDRAWN")
MOMENT = datetime(2026, 11, 23, 1, 2, 3, tzinfo=UTC)


@dataclass
class History:
    """Entities with their timelines, and the facts published of them in order."""

    timelines: dict[str, Timeline] = field(default_factory=dict)
    versions: Counter[str] = field(default_factory=Counter)
    facts: list[Fact] = field(default_factory=list)

    def become(self, entity: str, timeline: Timeline, fact: str) -> None:
        """Give an entity its next version."""
        reported = changes(self.timelines.get(entity, ()), timeline)
        self.timelines[entity] = timeline
        self.versions[entity] += 1
        self.facts.append(
            Fact(f"org.redcross.member.{fact}.v1", entity, self.versions[entity], MOMENT, reported)
        )

    def oracle(self, day: date) -> Counter[tuple[str, str]]:
        """Count entities by (unit, status) at the end of a day, one by one."""
        found: Counter[tuple[str, str]] = Counter()
        for timeline in self.timelines.values():
            held: Any = None
            for entry in timeline:
                if entry.effective_on <= day:
                    held = entry.state
            if held is not None:
                found[(held["unit"], held["status"])] += 1
        return found

    def oracle_of(self, attribute: str, day: date) -> Counter[tuple[str, str, Any]]:
        """Count counted persons by (unit, status, attribute's value) at the end of a day."""
        found: Counter[tuple[str, str, Any]] = Counter()
        for timeline in self.timelines.values():
            held: Any = None
            for entry in timeline:
                if entry.effective_on <= day:
                    held = entry.state
            if held is not None and held["status"] in ("ACTIVE", "ARREARS"):
                found[(held["unit"], held["status"], held[attribute])] += 1
        return found


def member_state(unit: str, status: str, **fields: Any) -> dict[str, Any]:
    """Return a whole countable state of a member."""
    return {
        "unit": unit,
        "status": status,
        "kind": "INDIVIDUAL_ADULT",
        "grade": "ORDINARY",
        "sex": "1",
        "birth_year": 1980,
        "education": None,
        "occupation": None,
        "minority": "no",
        "political": None,
        "unverified": False,
        **fields,
    }


entities = st.sampled_from([f"e{number}" for number in range(6)])
days = st.integers(0, SPAN - 1).map(lambda number: START + timedelta(days=number))
commands = st.lists(
    st.one_of(
        st.tuples(
            st.just("move"), entities, days, st.sampled_from(UNITS), st.sampled_from(STATUSES)
        ),
        st.tuples(st.just("correct"), entities, st.sampled_from(["1", "2", "0"])),
        st.tuples(st.just("void"), entities),
    ),
    min_size=1,
    max_size=25,
)


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Draw a history: creations, transitions, transfers, late facts, corrections, voidings."""
    history = History()
    drawn: list[tuple[Any, ...]] = list(draw(commands))
    for command in drawn:
        name, entity = command[0], command[1]
        timeline = history.timelines.get(entity, ())
        if name == "move":
            _, _, day, unit, status = command
            entry = Entry(day, MOMENT, member_state(unit, status))
            history.become(entity, record(timeline, entry), "applied")
        elif name == "correct" and timeline:
            history.become(entity, correct(timeline, {"sex": command[2]}, MOMENT), "corrected")
        elif name == "void" and timeline:
            history.become(entity, (), "voided")
    return history
