"""The state machine of an entry in a register of persons, as a table and the rules of its days.

Pure: the entry as stored and a command in, new timeline, fields and fact out, or a
``RegistryError``. What the statuses are and what they mean is each register's own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from shared.base.errors import Conflict, FieldError, Forbidden, Invalid, refuse
from shared.contract import timeline
from shared.contract.timeline import Entry, State, Timeline

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
        four_eyes: whether the actor must be neither creator nor applicant nor last editor; who
            decided on the entry before is none of these.
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
        counted: statuses that stand in the headline figure, and those that only lead from them.
    """

    noun: str
    transitions: Mapping[str, Transition]
    counted: frozenset[str]

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

    def transition(self, action: str, document: Mapping[str, Any]) -> Transition:
        """Return what an action asks of this entry.

        To withdraw the timeline of one who was ever counted changes published figures of past
        days: it takes what the entry into them took, a county and four eyes.
        """
        known = self.transitions[action]
        if known.target == VOIDED and self._was_counted(document):
            return replace(known, at_county_or_above=True, four_eyes=True)
        return known

    def _was_counted(self, document: Mapping[str, Any]) -> bool:
        if document.get("registered_on") is not None:
            return True
        states = [item["state"] for item in document["timeline"]]
        return any(state is not None and state["status"] in self.counted for state in states)

    def check_allowed(self, action: str, status: str) -> None:
        """Let pass an action that the status allows.

        Raises:
            Conflict: it does not.
        """
        if status not in self.transitions[action].sources:
            raise self.refusal(action, status)

    def move(
        self,
        action: str,
        document: Mapping[str, Any],
        state: Mapping[str, Any],
        command: Command,
    ) -> Outcome:
        """Return what an action makes of an entry.

        Args:
            action: key of ``transitions``.
            document: the entry as stored.
            state: its countable state but for the status, as it is to be from now on.
            command: who, when, why.

        Raises:
            Conflict: the status does not allow it.
            Forbidden: four eyes are needed.
            Invalid: the reason is missing, or the day cannot be.
        """
        self.check_allowed(action, document["status"])
        transition = self.transition(action, document)
        check_four_eyes(transition, document, command.subject)
        if transition.needs_reason and not command.reason:
            raise Invalid("reason.required", field="reason")
        known = timeline.from_documents(document["timeline"])
        fields = {
            "status": transition.target,
            "last_action": action,
            f"{transition.fact.replace('-', '_')}_on": command.day.isoformat(),
        }
        check_day(transition, known, command.day, command.today)
        if transition.target == VOIDED:
            return Outcome(self.fact(transition.fact), (), fields)
        now = {**state, "status": transition.target}
        entry = Entry(command.day, command.recorded_at, now)
        return Outcome(self.fact(transition.fact), timeline.record(known, entry), fields)

    def corrected(
        self,
        document: Mapping[str, Any],
        was: Mapping[str, Any],
        right: Mapping[str, Any],
        recorded_at: datetime,
    ) -> Outcome:
        """Return the entry with values set right wherever they stand in its timeline.

        What the correction leaves alone stays, and so does what an earlier time says otherwise:
        one who came back with another education had the former one before.

        Args:
            document: the entry as stored.
            was: its countable state now.
            right: that state as it should be.
            recorded_at: this moment.

        Raises:
            Conflict: the entry is voided.
        """
        if document["status"] == VOIDED:
            raise self.refusal("correct", VOIDED)
        wrong = {name: was[name] for name in right if was[name] != right[name]}
        states = tuple(
            mended
            for entry in timeline.from_documents(document["timeline"])
            for mended in timeline.correct((entry,), _borne(entry, wrong, right), recorded_at)
        )
        return Outcome(self.fact("corrected"), states, {"last_action": "correct"})


def _borne(entry: Entry, wrong: State, right: State) -> State:
    """Return the right values of what a state has wrong."""
    state = entry.state or {}
    return {name: right[name] for name in wrong if name in state and state[name] == wrong[name]}


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

    Entries of before ``drafted_by`` was kept: whoever acted last may have been the editor.

    Raises:
        Forbidden: the actor is one of them.
    """
    drafted = document.get("drafted_by", document["edited_by"])
    if transition.four_eyes and subject in (
        document["created_by"],
        document.get("applied_by"),
        drafted,
    ):
        raise Forbidden("four_eyes")


def earliest_day(transition: Transition, states: Timeline) -> date | None:
    """Return the first day a transition may be dated; None where any day will do.

    An end may be dated back to where the run of states it ends began: what was recorded later
    is superseded. Voiding takes back all there is. Everything else follows the newest state.
    """
    if not states:
        return None
    if transition.target == VOIDED:
        return states[0].effective_on
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
