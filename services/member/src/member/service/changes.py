"""Changes of a membership: the actions of its life, and corrections."""

from datetime import date

from member import domain
from member.domain import LIFE
from member.schemas import MemberCorrection
from member.service.registry import Done, Registry
from shared.access import Principal
from shared.clock import today
from shared.mongo import Document
from shared.people import TransitionInput, cases
from shared.people.cases import Own, Seen
from shared.people.office import Once
from shared.personal.records import Person, countable_fields, refuse


async def act(
    registry: Registry,
    caller: Principal,
    seen: Seen,
    action: str,
    given: TransitionInput,
    once: Once,
) -> Done:
    """Take a membership from one status to another.

    Args:
        action: key of ``domain.TRANSITIONS`` other than ``reapply``.
    """
    paper = cases.cause_of(caller, given).document

    changed = await cases.act(
        registry.office, caller, seen, action, given, life=LIFE, once=once,
        state=lambda document: domain.state_of(document, countable_fields(document)),
        fields=lambda _document: {"filing": paper} if action == "file" else {},
    )  # fmt: skip
    return Done(changed)


async def correct(
    registry: Registry, caller: Principal, seen: Seen, given: MemberCorrection
) -> Done:
    """Set fields right that were wrong from the start, in every state the membership ever had."""

    def own(document: Document, person: Person) -> Own:
        if {"birth_date", "guardian"} & given.corrected:
            _check_age(registry, document, person)
        kind = given.kind if "kind" in given.corrected else document["kind"]
        return Own({"kind": kind}, {"kind": kind})

    changed = await cases.correct(registry.office, caller, seen, given, life=LIFE, own=own)
    return Done(changed, tuple(changed["warnings"]))


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
