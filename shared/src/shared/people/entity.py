"""What the entities of both registers of persons have in common."""

from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby
from operator import attrgetter
from typing import Any, ClassVar, TypeVar

from shared.people.sealed import SealedPerson, StoredConsent
from shared.register.actions import Action
from shared.register.entity import Entity, StoredDay
from shared.register.requests import PaperDocument


@dataclass(frozen=True, kw_only=True)
class PersonEntity(Entity):
    """A person's one entry in a register, for ever.

    Args:
        unit: id of the unit it belongs to.
        person: the person's fields; stored side by side with the entry's own.
        consent: to the processing of the data.
        warnings: message codes of what was declared against the number and kept.
        applied_by: who applied for what is to be decided on.
    """

    counted: ClassVar[frozenset[str]]
    """Statuses that stand in the headline figure, and those that only lead from them."""

    unit: str
    person: SealedPerson
    consent: StoredConsent | None = None
    warnings: tuple[str, ...] = ()
    applied_by: str | None = None
    applied_on: StoredDay | None = None
    registered_on: StoredDay | None = None
    voided_on: StoredDay | None = None

    @property
    def authors(self) -> frozenset[str]:
        """Return who entered it, who applied, and who last edited it."""
        applicant = {self.applied_by} if self.applied_by is not None else set()
        return super().authors | applicant

    @staticmethod
    def opens_run(was: str, now: str) -> bool:
        """Whether a status that follows another opens a new run; for ``numbered``."""
        raise NotImplementedError

    @property
    def kept(self) -> PaperDocument | None:
        """Return the document that it keeps: of its filing, or of the service it evidences."""
        raise NotImplementedError

    @property
    def was_counted(self) -> bool:
        return self.registered_on is not None or any(
            entry.state is not None and entry.state["status"] in self.counted
            for entry in self.timeline
        )


P = TypeVar("P", bound=PersonEntity)


def numbered(entity: P) -> P:
    """Return an entry whose runs are numbered, if it was stored before they were.

    Each of its runs then has a record of its own: whether a return carried the values over is not
    known any more, so that a correction of the newest leaves the others alone.
    """
    states = entity.timeline
    if len(states) < 2 or states[-1].run > 1:
        return entity
    run, known = 1, [states[0]]
    for entry in states[1:]:
        was, now = (one.state and one.state["status"] for one in (known[-1], entry))
        run += bool(was and now) and entity.opens_run(str(was), str(now))
        known.append(replace(entry, run=run, record=run) if run > 1 else entry)
    return replace(entity, timeline=tuple(known)) if run > 1 else entity


_NOT_OF_A_PERSON = frozenset({"unit", "status", "grade", "stars", "years_served"})


def runs_shown(entity: PersonEntity) -> list[dict[str, Any]]:
    """Return the runs of an entry as answers show them, so that a correction can name one."""
    shown: list[dict[str, Any]] = []
    for run, entries in groupby(entity.timeline, key=attrgetter("run")):
        known = list(entries)
        first, last = known[0], known[-1]
        state = last.state or {}
        if shown:
            shown[-1]["to"] = first.effective_on
        values = {name: state[name] for name in state if name not in _NOT_OF_A_PERSON}
        shown.append(
            {"run": run, "from": first.effective_on, "to": None, "record": last.record}
            | {"unit_id": state.get("unit"), "status": state.get("status"), **values}
        )
    return shown


def dated(entity: P, action: Action, day: date) -> P:
    """Return an entry with the day of an action (``registered``: ``registered_on``)."""
    days: dict[str, Any] = {f"{action.fact.replace('-', '_')}_on": day}
    return replace(entity, **days)
