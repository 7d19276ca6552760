"""Rules of memberships (docs/domain.md section 2): who may join, and what may happen to one.

Pure: present state and command in, new state and fact out, or a ``RegistryError``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from shared.base import clock
from shared.base.errors import FieldError
from shared.contract.definitions import DEFINITIONS
from shared.people.identifiers import IdType
from shared.people.lifecycle import VOIDED, Command, Lifecycle, Outcome, Transition

KINDS = ("INDIVIDUAL_ADULT", "INDIVIDUAL_YOUTH")
ORDINARY = "ORDINARY"
STATUSES = (
    "APPLIED", "APPROVED", "REJECTED", "ACTIVE", "ARREARS", "LAPSED", "WITHDRAWN", "EXPELLED",
    "DECEASED", "MERGED", "VOIDED",
)  # fmt: skip
OPEN = frozenset({"APPLIED", "APPROVED", "ACTIVE", "ARREARS"})
"""A person has at most one membership in these; a unit with one cannot be closed."""
ENDED = (
    "approved_on", "registered_on", "rejected_on", "withdrawn_on", "expelled_on", "deceased_on",
    "voided_on",
)  # fmt: skip
"""Days of an earlier membership, removed when it is applied for again; the history keeps them."""
REOPENABLE = frozenset({"REJECTED", "LAPSED", "WITHDRAWN", "VOIDED"})


@dataclass(frozen=True)
class Rules:
    """What chapters may set differently; the defaults are of docs/domain.md section 2.2.

    Ages in completed years.
    """

    hmt_admitted: bool = False
    chapters_admit: bool = False
    youngest_age: int = 8
    guardian_consent_below: int = 18
    guardian_below: int = 18


_MEMBERS = frozenset({"ACTIVE", "ARREARS"})

TRANSITIONS: Mapping[str, Transition] = {
    "approve": Transition(
        frozenset({"APPLIED"}), "APPROVED", "approved", "approver", four_eyes=True
    ),
    "file": Transition(
        frozenset({"APPROVED"}), "ACTIVE", "registered", "approver",
        at_county_or_above=True, four_eyes=True,
    ),
    "reject": Transition(
        frozenset({"APPLIED", "APPROVED"}), "REJECTED", "rejected", "approver", needs_reason=True
    ),
    "withdraw": Transition(_MEMBERS, "WITHDRAWN", "withdrawn", "registrar", may_be_late=True),
    "expel": Transition(
        _MEMBERS, "EXPELLED", "expelled", "approver",
        at_county_or_above=True, needs_reason=True, may_be_late=True,
    ),
    "decease": Transition(OPEN, "DECEASED", "deceased", "registrar", may_be_late=True),
    "void": Transition(
        frozenset(STATUSES) - {VOIDED}, VOIDED, "voided", "approver", needs_reason=True
    ),
    "reapply": Transition(REOPENABLE, "APPLIED", "reapplied", "registrar"),
}  # fmt: skip
"""``reject`` from APPROVED is the county's refusal to file; ``void`` of one who was ever counted
takes a county and four eyes (``Lifecycle.transition``)."""

LIFE = Lifecycle(
    "member",
    TRANSITIONS,
    counted=DEFINITIONS["members"].statuses | {"LAPSED", "WITHDRAWN", "EXPELLED"},
)
IMPORTED = LIFE.fact("members-imported")


def check_document_type(id_type: IdType, rules: Rules, *, paper_stock: bool) -> list[FieldError]:
    """Return what speaks against joining with this document: only citizens may (2009 rules)."""
    if id_type is IdType.RESIDENT_ID:
        return []
    if id_type is IdType.NONE:
        return [] if paper_stock else [FieldError("id_type", "member.number_required")]
    if id_type is IdType.HMT_RESIDENCE:
        return [] if rules.hmt_admitted else [FieldError("id_type", "member.hmt_not_admitted")]
    return [FieldError("id_type", "member.not_citizen")]


def check_age(
    born: date | None,
    *,
    joins_on: date,
    today: date,
    guardian: bool,
    guardian_consent: bool,
    rules: Rules,
) -> list[FieldError]:
    """Return what speaks against a person's age.

    The youngest age is that of the day of joining; a guardian is needed by who is a minor today,
    since the data are processed from today on.
    """
    if born is None:
        return [FieldError("birth_date", "member.birth_date_required")]
    if joins_on < born:
        return [FieldError("birth_date", "member.born_after_joining")]
    if clock.age_on(born, joins_on) < rules.youngest_age:
        return [FieldError("birth_date", "member.too_young", {"age": rules.youngest_age})]
    age = clock.age_on(born, today)
    if age < rules.guardian_below and not guardian:
        return [FieldError("guardian", "guardian.required", {"age": rules.guardian_below})]
    if age < rules.guardian_consent_below and not guardian_consent:
        limit = {"age": rules.guardian_consent_below}
        return [FieldError("guardian.consent", "guardian.required", limit)]
    return []


def check_stock(joined_on: date | None, document_day: date | None, today: date) -> list[FieldError]:
    """Return what speaks against taking somebody over as a member of long standing.

    Stock needs no second officer, so nothing passes for it that began today, or after the document
    that is to have approved it.
    """
    if joined_on is None:
        return [FieldError("joined_on", "member.joined_on_required")]
    if joined_on >= today:
        present = {"today": today.isoformat()}
        return [FieldError("joined_on", "member.not_of_long_standing", present)]
    if document_day is not None and joined_on > document_day:
        issued = {"issued_on": document_day.isoformat()}
        return [FieldError("joined_on", "member.joined_after_document", issued)]
    return []


def check_unit(level: str, status: str, rules: Rules) -> list[FieldError]:
    """Return what speaks against a unit that is to admit a member."""
    if level != "GRASSROOTS" and not rules.chapters_admit:
        return [FieldError("unit_id", "member.unit_is_chapter")]
    if status != "ACTIVE":
        return [FieldError("unit_id", "unit.not_active", {"status": status})]
    return []


def state_of(document: Mapping[str, Any], countable: Mapping[str, Any]) -> dict[str, Any]:
    """Return the countable state of a membership."""
    return {
        "unit": document["unit"],
        "status": document["status"],
        "kind": document["kind"],
        "grade": document["grade"],
        **countable,
    }


def apply_again(document: Mapping[str, Any], state: Mapping[str, Any], command: Command) -> Outcome:
    """Return what a new application makes of a membership that ended or was voided.

    Args:
        document: the membership as stored.
        state: its countable state but for the status, as it is to be from now on.
        command: who, when, why.
    """
    outcome = LIFE.move("reapply", document, state, command)
    fresh = {"applied_by": command.subject, "applied_on": command.day.isoformat()}
    return replace(outcome, fields={**dict.fromkeys(ENDED), **outcome.fields, **fresh})
