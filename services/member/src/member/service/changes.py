"""Changes of a membership: the actions of its life, and corrections."""

from datetime import date
from typing import Any

from member import domain
from member.domain import LIFE
from member.schemas import MemberCorrection
from member.service.registry import Registry
from shared.base.clock import today
from shared.base.errors import FieldError, refuse
from shared.base.mongo import Document
from shared.people import cases
from shared.people.cases import Seen
from shared.people.intake import Person
from shared.people.once import Once
from shared.people.requests import TransitionInput
from shared.people.sealed import countable_fields
from shared.web.access import Principal


def state_of(document: Document) -> dict[str, Any]:
    """Return the countable state of a stored membership."""
    return domain.state_of(document, countable_fields(document))


async def act(
    registry: Registry,
    caller: Principal,
    seen: Seen,
    action: str,
    given: TransitionInput,
    once: Once,
) -> Document:
    """Take a membership from one status to another.

    Args:
        action: key of ``domain.TRANSITIONS`` other than ``reapply``.
    """
    paper = cases.cause_of(caller, given).document

    return await cases.act(
        registry.office, caller, seen, action, given, life=LIFE, once=once, state=state_of,
        fields=lambda _document: {"filing": paper} if action == "file" else {},
    )  # fmt: skip


async def correct(
    registry: Registry, caller: Principal, seen: Seen, given: MemberCorrection
) -> Document:
    """Set fields right that were wrong from the start."""

    def own(document: Document, person: Person) -> dict[str, Any]:
        if person.unverified and "sex" in given.corrected and given.sex is None:
            refuse([FieldError("sex", "member.sex_required")])
        if {"birth_date", "guardian"} & given.corrected:
            _check_age(registry, document, person)
        return {"kind": given.kind} if "kind" in given.corrected else {}

    return await cases.correct(
        registry.office, caller, seen, given, life=LIFE, state=state_of, own=own
    )


def _check_age(registry: Registry, document: Document, person: Person) -> None:
    guardian = person.guardian
    refuse(
        domain.check_age(
            person.birth_date,
            joins_on=date.fromisoformat(document["applied_on"]),
            today=today(),
            guardian=guardian is not None,
            guardian_consent=guardian is not None and guardian.consent is not None,
            rules=registry.rules,
        )
    )
