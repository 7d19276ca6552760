"""The two commands every entry of a register of persons knows: an action, and a correction."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from shared.base.clock import now, today
from shared.base.errors import StaleVersion
from shared.base.mongo import Document
from shared.people.correction import correct_person
from shared.people.intake import Person
from shared.people.lifecycle import Command, Lifecycle, Outcome
from shared.people.office import Office
from shared.people.once import Once
from shared.people.requests import PersonCorrection, TransitionInput
from shared.register.entities import Cause, Decision
from shared.web.access import Principal

Fields = Mapping[str, Any]
State = Callable[[Document], Fields]
"""The countable state of a stored document."""


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


def decision(action: str, outcome: Outcome, fields: Fields, *, drafts: bool = False) -> Decision:
    """Return what is written of an outcome, with further document fields; its own win."""
    written = {**fields, **outcome.fields}
    return Decision(outcome.fact, action, outcome.timeline, written, drafts=drafts)


async def act(
    office: Office,
    principal: Principal,
    seen: Seen,
    action: str,
    given: TransitionInput,
    *,
    life: Lifecycle,
    once: Once,
    state: State,
    fields: Callable[[Document], Fields] = lambda _document: {},
) -> Document:
    """Do an action of the table on an entry and return its new version.

    Args:
        life: the register's state machine.
        state: the countable state of a document but for its status; runs in the transaction.
        fields: rules of this action, after the table's; what else of the document changes.
    """
    found = await office.stored(seen.identity)
    transition = life.transition(action, found)
    await office.permit_transition(principal, found["unit"], transition)
    day = given.effective_on or today()
    command = Command(day, today(), now(), principal.subject, given.reason)

    def decide(document: Document) -> Decision:
        if life.transition(action, document) != transition:
            raise StaleVersion(document["version"])  # what was permitted is no longer what it is
        outcome = life.move(action, document, state(document), command)
        return decision(action, outcome, fields(document))

    async def change() -> Document:
        return await office.change(
            principal, seen.identity, seen.version, decide,
            action=action, cause=cause_of(principal, given, day), once=once,
        )  # fmt: skip

    return await office.answered(principal, once, change)


async def correct(
    office: Office,
    principal: Principal,
    seen: Seen,
    given: PersonCorrection,
    *,
    life: Lifecycle,
    state: State,
    own: Callable[[Document, Person], Fields],
) -> Document:
    """Set right fields of an entry that were wrong from the start; return its new version.

    Args:
        life: the register's state machine.
        state: see ``act``.
        own: the register's rules of a person, and its own document fields; may raise; runs in
            the transaction.
    """
    unit = (await office.stored(seen.identity))["unit"]
    await office.permit(principal, unit, "registrar")

    def decide(document: Document) -> Decision:
        person, fields = correct_person(
            document, given, office.writer.collection, office.ring, today()
        )
        fields |= {"warnings": list(person.warnings), **own(document, person)}
        right = state({**document, **fields})
        outcome = life.corrected(document, state(document), right, now())
        return decision("correct", outcome, fields, drafts=True)

    return await office.change(
        principal, seen.identity, seen.version, decide,
        action="correct", cause=cause_of(principal, given), fields=sorted(given.corrected),
    )  # fmt: skip
