"""Rules of memberships (domain.md section 2): who may join, and what may happen to a membership.

Pure: present state and command in, new state and fact out, or a ``RegistryError``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from shared import clock, timeline
from shared.errors import Conflict, FieldError, Forbidden, Invalid
from shared.personal.identifiers import IdType
from shared.personal.records import refuse
from shared.timeline import Entry, Timeline

KINDS = ("INDIVIDUAL_ADULT", "INDIVIDUAL_YOUTH")
ORDINARY = "ORDINARY"
STATUSES = (
    "APPLIED", "APPROVED", "REJECTED", "ACTIVE", "ARREARS", "LAPSED", "WITHDRAWN", "EXPELLED",
    "DECEASED", "MERGED", "VOIDED",
)  # fmt: skip
OPEN = frozenset({"APPLIED", "APPROVED", "ACTIVE", "ARREARS"})
"""A person has at most one membership in these; a unit with one cannot be closed."""
ENDED = ("approved_on", "registered_on", "rejected_on", "withdrawn_on", "voided_on")
"""Days of an earlier membership, removed when it is applied for again; the history keeps them."""
REOPENABLE = frozenset({"REJECTED", "LAPSED", "WITHDRAWN", "VOIDED"})
FACT = "org.redcross.member.{}.v1"
IMPORTED = FACT.format("members-imported")


@dataclass(frozen=True)
class Rules:
    """What chapters may set differently; the defaults are of domain.md section 2.2.

    Ages in completed years.
    """

    hmt_admitted: bool = False
    chapters_admit: bool = False
    youngest_age: int = 8
    guardian_consent_below: int = 14
    guardian_below: int = 18


@dataclass(frozen=True)
class Transition:
    """One action of the state machine.

    Args:
        sources: statuses it starts from.
        target: status it leads to.
        fact: past tense of the event's type.
        role: role that may do it.
        at_county_or_above: whether that role must be granted at a county or above.
        four_eyes: whether the actor must be neither creator nor last editor.
        needs_reason: whether a reason must be given.
        may_be_late: whether it may be dated before the newest state, which it then supersedes.
    """

    sources: frozenset[str]
    target: str
    fact: str
    role: str
    at_county_or_above: bool = False
    four_eyes: bool = False
    needs_reason: bool = False
    may_be_late: bool = False


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
        frozenset(STATUSES) - {"VOIDED"}, "VOIDED", "voided", "approver", needs_reason=True
    ),
    "reapply": Transition(REOPENABLE, "APPLIED", "reapplied", "registrar"),
}  # fmt: skip
"""``reject`` from APPROVED is the county's refusal to file."""


@dataclass(frozen=True)
class Outcome:
    """What a command made of a membership: the new timeline, document fields, and the fact."""

    fact: str
    timeline: Timeline
    fields: Mapping[str, Any] = field(default_factory=dict)


def allowed_actions(status: str) -> list[str]:
    """Return the actions a status allows, in the order of the table."""
    return [name for name, known in TRANSITIONS.items() if status in known.sources]


# --- joining ---------------------------------------------------------------------------------


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


def check_unit(level: str, status: str, rules: Rules) -> list[FieldError]:
    """Return what speaks against a unit that is to admit a member."""
    if level != "GRASSROOTS" and not rules.chapters_admit:
        return [FieldError("unit_id", "member.unit_is_chapter")]
    if status != "ACTIVE":
        return [FieldError("unit_id", "unit.not_active", {"status": status})]
    return []


def check_effective(day: date, today: date, name: str = "effective_on") -> list[FieldError]:
    """Return what speaks against a day: nothing is a fact before it happens."""
    if day > today:
        return [FieldError(name, "date.future", {"today": today.isoformat()})]
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


def begun(state: Mapping[str, Any], day: date, recorded_at: datetime) -> Timeline:
    """Return the first timeline of a membership."""
    return (Entry(day, recorded_at, state),)


# --- transitions -----------------------------------------------------------------------------


def check_allowed(action: str, status: str) -> Transition:
    """Return the transition, if the status allows the action.

    Raises:
        Conflict: it does not; names what is allowed.
    """
    transition = TRANSITIONS[action]
    if status not in transition.sources:
        raise Conflict(
            "state.illegal",
            params={"action": action, "status": status, "allowed": allowed_actions(status)},
        )
    return transition


def check_four_eyes(transition: Transition, document: Mapping[str, Any], subject: str) -> None:
    """Refuse the creator and the last editor; who approved last may also file.

    Raises:
        Forbidden: the actor is one of them.
    """
    if not transition.four_eyes:
        return
    own_approval = document.get("last_action") == "approve" and transition.fact == "registered"
    edited = document["edited_by"] == subject and not own_approval
    if document["created_by"] == subject or document.get("applied_by") == subject or edited:
        raise Forbidden("four_eyes")


def earliest_day(transition: Transition, states: Timeline) -> date | None:
    """Return the first day a transition may be dated; None where any day will do.

    An end may be dated back to where the run of states it ends began: what was recorded later
    is superseded. Everything else follows the newest state.
    """
    if not states:
        return None
    if not transition.may_be_late:
        return states[-1].effective_on
    earliest = states[-1].effective_on
    for entry in reversed(states):
        if entry.state is None or entry.state["status"] not in transition.sources:
            break
        earliest = entry.effective_on
    return earliest


def move(
    action: str,
    document: Mapping[str, Any],
    state: Mapping[str, Any],
    *,
    day: date,
    today: date,
    recorded_at: datetime,
    subject: str,
    reason: str | None = None,
) -> Outcome:
    """Return what an action makes of a membership.

    Args:
        action: key of ``TRANSITIONS``.
        document: the membership as stored.
        state: its countable state but for the status, as it is to be from now on.
        day: effective day.
        today: today in China Standard Time.
        recorded_at: this moment.
        subject: who acts.
        reason: why.
    """
    transition = check_allowed(action, document["status"])
    check_four_eyes(transition, document, subject)
    if transition.needs_reason and not reason:
        raise Invalid("reason.required", field="reason")
    known = timeline.from_documents(document["timeline"])
    fields: dict[str, Any] = {"status": transition.target, "last_action": action}
    if transition.target == "VOIDED":
        return Outcome(FACT.format(transition.fact), (), {**fields, "voided_on": day.isoformat()})
    check_day(transition, known, day, today)
    if action == "reapply":
        fields |= {"applied_by": subject, "applied_on": day.isoformat()}
        fields |= dict.fromkeys(ENDED)
    states = timeline.record(known, Entry(day, recorded_at, {**state, "status": transition.target}))
    return Outcome(
        FACT.format(transition.fact), states, {**fields, f"{transition.fact}_on": day.isoformat()}
    )


def check_day(transition: Transition, known: Timeline, day: date, today: date) -> None:
    """Refuse a day after today or before the transition can have happened.

    Raises:
        Invalid: naming the earliest possible day.
    """
    refuse(check_effective(day, today))
    earliest = earliest_day(transition, known)
    if earliest is not None and day < earliest:
        raise Invalid(
            "date.too_early", field="effective_on", params={"earliest": earliest.isoformat()}
        )


def corrected(
    document: Mapping[str, Any], countable: Mapping[str, Any], recorded_at: datetime
) -> Outcome:
    """Return the membership with fields set right in every state it ever had.

    Args:
        document: the membership as stored.
        countable: countable fields with their right values.
        recorded_at: this moment.
    """
    if document["status"] == "VOIDED":
        raise Conflict(
            "state.illegal",
            params={"action": "correct", "status": "VOIDED", "allowed": ["reapply"]},
        )
    known = timeline.from_documents(document["timeline"])
    return Outcome(
        FACT.format("corrected"),
        timeline.correct(known, countable, recorded_at),
        {"last_action": "correct"},
    )
