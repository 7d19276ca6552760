"""What the entities of both registers of persons have in common."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Any, ClassVar, TypeVar

from shared.people.sealed import SealedPerson, StoredConsent
from shared.register.actions import Action
from shared.register.entity import Entity, StoredDay


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

    @property
    def was_counted(self) -> bool:
        return self.registered_on is not None or any(
            entry.state is not None and entry.state["status"] in self.counted
            for entry in self.timeline
        )


P = TypeVar("P", bound=PersonEntity)


def dated(entity: P, action: Action, day: date) -> P:
    """Return an entry with the day of an action (``registered``: ``registered_on``)."""
    days: dict[str, Any] = {f"{action.fact.replace('-', '_')}_on": day}
    return replace(entity, **days)
