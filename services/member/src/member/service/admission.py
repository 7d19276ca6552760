"""Joining: checks of the person, and the create that shares its transaction with its neighbours."""

from datetime import date
from typing import Any

from member import domain, store
from member.schemas import BulkRow, MemberCreate
from member.service.registry import Registry
from shared.base.clock import now, today
from shared.base.errors import FieldError, Invalid, refuse
from shared.base.ids import new_id
from shared.base.mongo import Document
from shared.people.intake import ConsentInput, Person, PersonInput, check_consent, check_person
from shared.people.lifecycle import begun, check_effective
from shared.people.once import Once
from shared.people.sealed import consent_document, countable, seal
from shared.web.access import Principal


def examine(
    given: PersonInput,
    consent: ConsentInput | None,
    rules: domain.Rules,
    *,
    day: date,
    present: date,
    day_name: str = "effective_on",
    paper_stock: bool = False,
) -> tuple[Person | None, list[FieldError]]:
    """Return the person in stored form, and everything that speaks against admission.

    Args:
        given: the fields as sent.
        consent: to the processing of the data.
        rules: what the chapter's body has set.
        day: day of the application, or of joining.
        present: today.
        day_name: what the request calls the day.
        paper_stock: whether members of long standing are entered from paper.
    """
    errors = domain.check_document_type(given.id_type, rules, paper_stock=paper_stock)
    if not paper_stock:  # whose days have a rule of their own (domain.check_stock)
        errors += check_effective(day, present, day_name)
    if consent is None:
        errors.append(FieldError("consent", "consent.missing"))
    check_consent(errors, "consent", consent, present)
    if any(error.field == "id_type" for error in errors):
        return None, errors  # what the number then lacks is beside the point
    try:
        person = check_person(given, present)
    except Invalid as refusal:
        return None, [*errors, *refusal.errors]
    if person.unverified and given.sex is None:
        errors.append(FieldError("sex", "member.sex_required"))
    guardian = person.guardian
    errors += domain.check_age(
        person.birth_date,
        joins_on=day,
        today=present,
        guardian=guardian is not None,
        guardian_consent=guardian is not None and guardian.consent is not None,
        rules=rules,
    )
    return person, errors


def admitted(
    given: MemberCreate | BulkRow, person: Person, identity: str, registry: Registry
) -> dict[str, Any]:
    """Return the document fields of a person who joins, but for status, days and consent."""
    return {
        "_id": identity,
        "unit": given.unit_id,
        "kind": given.kind,
        "grade": domain.ORDINARY,
        **seal(person, identity, store.MEMBERS, registry.office.ring),
        "warnings": list(person.warnings) or None,
    }


def application(
    given: MemberCreate, person: Person, identity: str, registry: Registry, day: date
) -> dict[str, Any]:
    """Return the document of an application."""
    return {
        **admitted(given, person, identity, registry),
        "status": "APPLIED",
        "consent": consent_document(given.consent),
        "applied_on": day.isoformat(),
        "last_action": "apply",
    }


async def register(
    registry: Registry, caller: Principal, given: MemberCreate, once: Once
) -> Document:
    """Enter an application to join.

    Raises:
        Invalid: a field, the unit or the age breaks a rule.
        Forbidden: the caller registers nobody there.
        Conflict: the number is held already.
    """

    async def act() -> Document:
        return await _register(registry, caller, given, once)

    return await registry.office.answered(caller, once, act, ask_first=False)


async def _register(
    registry: Registry, caller: Principal, given: MemberCreate, once: Once
) -> Document:
    problems = await registry.office.home(caller, given.unit_id, registry.unit_check)
    present = today()
    day = given.effective_on or present
    person, errors = examine(given, given.consent, registry.rules, day=day, present=present)
    refuse([*problems, *errors])
    if person is None:
        raise AssertionError("a person was examined")
    document = application(given, person, new_id(), registry, day)
    states = begun(domain.state_of(document, countable(person)), day, now())
    inserts = registry.office.writer.creation(
        document, states, fact=domain.LIFE.fact("applied"), subject=caller.subject
    )
    return await registry.office.create(caller, inserts, entity=document, once=once)
