"""The state machine of an entry in a register of persons, as a table and the rules of its days.

Pure: the entry as stored and a command in, new timeline, fields and fact out, or a
``RegistryError``. What the statuses are and what they mean is each register's own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from shared import timeline
from shared.errors import Conflict, FieldError, Forbidden, Invalid
from shared.personal.records import refuse
from shared.timeline import Entry, Timeline

VOIDED = "VOIDED"
"""Entered in error: the whole timeline is withdrawn."""


@dataclass(frozen=True)
class Transition:
    """One action of the state machine.

    Args:
        sources: statuses it starts from.
        target: status it leads to.
        fact: past tense of the event's type.
        role: role that may do it.
        at_county_or_above: whether that role must be granted at a county or above.
        four_eyes: whether the actor must be neither creator nor applicant nor last editor.
        own_before: actions of his own after which he may go on all the same.
        needs_reason: whether a reason must be given.
        may_be_late: whether it may be dated before the newest state, which it then supersedes.
    """

    sources: frozenset[str]
    target: str
    fact: str
    role: str
    at_county_or_above: bool = False
    four_eyes: bool = False
    own_before: frozenset[str] = frozenset()
    needs_reason: bool = False
    may_be_late: bool = False


@dataclass(frozen=True)
class Command:
    """What is asked for, by whom and when.

    Args:
        day: effective day.
        today: today in China Standard Time.
        recorded_at: this moment.
        subject: who acts.
        reason: why.
    """

    day: date
    today: date
    recorded_at: datetime
    subject: str
    reason: str | None = None


@dataclass(frozen=True)
class Outcome:
    """What a command made of an entry: the new timeline, document fields, and the fact."""

    fact: str
    timeline: Timeline
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Lifecycle:
    """The actions of one register.

    Args:
        noun: its noun in event types (``member``).
        transitions: every action, in the order users are told of them.
    """

    noun: str
    transitions: Mapping[str, Transition]

    def fact(self, name: str) -> str:
        """Return the event type of a fact."""
        return f"org.redcross.{self.noun}.{name}.v1"

    def allowed(self, status: str) -> list[str]:
        """Return the actions a status allows."""
        return [name for name, known in self.transitions.items() if status in known.sources]

    def refusal(self, action: str, status: str) -> Conflict:
        """Return the refusal of an action, naming the status and what it allows."""
        params = {"action": action, "status": status, "allowed": self.allowed(status)}
        return Conflict("state.illegal", params=params)

    def check_allowed(self, action: str, status: str) -> Transition:
        """Return the transition, if the status allows the action.

        Raises:
            Conflict: it does not.
        """
        transition = self.transitions[action]
        if status not in transition.sources:
            raise self.refusal(action, status)
        return transition

    def move(
        self,
        action: str,
        document: Mapping[str, Any],
        state: Mapping[str, Any],
        command: Command,
        *,
        target: str | None = None,
    ) -> Outcome:
        """Return what an action makes of an entry.

        Args:
            action: key of ``transitions``.
            document: the entry as stored.
            state: its countable state but for the status, as it is to be from now on.
            command: who, when, why.
            target: status it leads to where that is not the table's.

        Raises:
            Conflict: the status does not allow it.
            Forbidden: four eyes are needed.
            Invalid: the reason is missing, or the day cannot be.
        """
        transition = self.check_allowed(action, document["status"])
        check_four_eyes(transition, document, command.subject)
        if transition.needs_reason and not command.reason:
            raise Invalid("reason.required", field="reason")
        known = timeline.from_documents(document["timeline"])
        status = target or transition.target
        fields = {
            "status": status,
            "last_action": action,
            f"{transition.fact.replace('-', '_')}_on": command.day.isoformat(),
        }
        if status == VOIDED:
            refuse(check_effective(command.day, command.today))
            return Outcome(self.fact(transition.fact), (), fields)
        check_day(transition, known, command.day, command.today)
        entry = Entry(command.day, command.recorded_at, {**state, "status": status})
        return Outcome(self.fact(transition.fact), timeline.record(known, entry), fields)

    def corrected(
        self, document: Mapping[str, Any], countable: Mapping[str, Any], recorded_at: datetime
    ) -> Outcome:
        """Return the entry with fields set right in every state it ever had.

        Args:
            document: the entry as stored.
            countable: countable fields with their right values.
            recorded_at: this moment.

        Raises:
            Conflict: the entry is voided.
        """
        if document["status"] == VOIDED:
            raise self.refusal("correct", VOIDED)
        known = timeline.from_documents(document["timeline"])
        states = timeline.correct(known, countable, recorded_at)
        return Outcome(self.fact("corrected"), states, {"last_action": "correct"})


def check_effective(day: date, today: date, name: str = "effective_on") -> list[FieldError]:
    """Return what speaks against a day: nothing is a fact before it happens."""
    if day > today:
        return [FieldError(name, "date.future", {"today": today.isoformat()})]
    return []


def begun(state: Mapping[str, Any], day: date, recorded_at: datetime) -> Timeline:
    """Return the first timeline of an entry."""
    return (Entry(day, recorded_at, state),)


def check_four_eyes(transition: Transition, document: Mapping[str, Any], subject: str) -> None:
    """Refuse the creator, the applicant and the last editor where four eyes are needed.

    Raises:
        Forbidden: the actor is one of them.
    """
    if not transition.four_eyes:
        return
    edited = document["edited_by"] == subject
    if edited and document.get("last_action") in transition.own_before:
        edited = False
    if edited or subject in (document["created_by"], document.get("applied_by")):
        raise Forbidden("four_eyes")


def earliest_day(transition: Transition, states: Timeline) -> date | None:
    """Return the first day a transition may be dated; None where any day will do.

    An end may be dated back to where the run of states it ends began: what was recorded later
    is superseded. Everything else follows the newest state.
    """
    if not states:
        return None
    earliest = states[-1].effective_on
    if not transition.may_be_late:
        return earliest
    for entry in reversed(states):
        if entry.state is None or entry.state["status"] not in transition.sources:
            break
        earliest = entry.effective_on
    return earliest


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
