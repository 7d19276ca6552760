"""The two commands every entry of a register of persons knows: an action, and a correction."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from shared.access import Principal
from shared.clock import now, today
from shared.entities import Cause, Decision
from shared.mongo import AsyncClientSession, Document
from shared.people.correction import correct_person
from shared.people.lifecycle import Command, Lifecycle, Outcome
from shared.people.office import Office, Once
from shared.people.requests import PersonCorrection, TransitionInput
from shared.personal.records import Person, countable_fields

Fields = Mapping[str, Any]


@dataclass(frozen=True)
class Seen:
    """Which version of which entry the caller has before him (If-Match)."""

    identity: str
    version: int


def cause_of(
    principal: Principal, given: TransitionInput | PersonCorrection, day: date | None = None
) -> Cause:
    """Return who asks and on what grounds."""
    return Cause(
        principal.subject,
        given.reason,
        None if given.document is None else given.document.model_dump(mode="json"),
        None if day is None else day.isoformat(),
    )


def decision(action: str, outcome: Outcome, fields: Fields) -> Decision:
    """Return what is written of an outcome, with further document fields."""
    return Decision(outcome.fact, action, outcome.timeline, {**outcome.fields, **fields})


async def act(
    office: Office,
    principal: Principal,
    seen: Seen,
    action: str,
    given: TransitionInput,
    *,
    life: Lifecycle,
    once: Once,
    state: Callable[[Document], Fields],
    fields: Callable[[Document], Fields] = lambda _document: {},
    guard: Callable[[AsyncClientSession, Document], Any] | None = None,
) -> Document:
    """Do an action of the table on an entry and return its new version.

    Args:
        life: the register's state machine.
        state: the countable state of a document but for its status; runs in the transaction.
        fields: rules of this action, after the table's; what else of the document changes.
        guard: see ``EntityWriter.change``.
    """
    unit = (await office.stored(seen.identity))["unit"]
    await office.permit_transition(principal, unit, life.transitions[action])
    before = await office.repeated(once)
    if before is not None:
        return before
    day = given.effective_on or today()
    command = Command(day, today(), now(), principal.subject, given.reason)

    def decide(document: Document) -> Decision:
        outcome = life.move(action, document, state(document), command)
        return decision(action, outcome, fields(document))

    return await office.change(
        principal, seen.identity, seen.version, decide,
        action=action, cause=cause_of(principal, given, day), once=once, guard=guard,
    )  # fmt: skip


@dataclass(frozen=True)
class Own:
    """What of a correction is a register's own: document fields, and countable ones."""

    fields: Fields = field(default_factory=dict)
    countable: Fields = field(default_factory=dict)


async def correct(
    office: Office,
    principal: Principal,
    seen: Seen,
    given: PersonCorrection,
    *,
    life: Lifecycle,
    own: Callable[[Document, Person], Own],
) -> Document:
    """Set fields of an entry right in every state it ever had; return its new version.

    Args:
        life: the register's state machine.
        own: the register's rules of a person, and its own fields; may raise; runs in the
            transaction.
    """
    unit = (await office.stored(seen.identity))["unit"]
    await office.permit(principal, unit, "registrar")

    def decide(document: Document) -> Decision:
        person, fields = correct_person(
            document, given, office.writer.collection, office.ring, today()
        )
        mine = own(document, person)
        fields |= {"warnings": list(person.warnings), **mine.fields}
        countable = countable_fields({**document, **fields}) | dict(mine.countable)
        return decision("correct", life.corrected(document, countable, now()), fields)

    return await office.change(
        principal, seen.identity, seen.version, decide,
        action="correct", cause=cause_of(principal, given), fields=sorted(given.corrected),
    )  # fmt: skip
