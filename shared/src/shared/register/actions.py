"""The action table of a noun: what may happen to an entity, from where to where, and by whom.

One table drives routes, roles, four eyes, days, event types and what an answer says is allowed.
Pure: an entity and a command in, the entity's next state or a ``RegistryError`` out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Literal

from shared.base.errors import Conflict, FieldError, Forbidden, Invalid
from shared.contract import timeline
from shared.contract.timeline import Entry, State, Timeline
from shared.register.entity import VOIDED, E, Entity

Role = Literal["registrar", "approver"]


@dataclass(frozen=True, kw_only=True)
class Action:
    """One row of the table.

    Args:
        name: last part of its route, and its name in the history and the access log.
        fact: past participle in the event's type.
        role: who may do it.
        sources: statuses it starts from; empty for a creation.
        target: status it leads to; empty where the status stays.
        at_county_or_above: whether the role must be granted at a county or above.
        four_eyes: whether the entity's authors may not do it.
        needs_reason: whether a reason must be given.
        may_be_late: whether it may be dated before the newest state, which it then supersedes.
        drafts: whether it writes content that another person is then to decide on.
        admits: whether it enters a person in a unit, or brings one nearer to being counted there,
            so that the unit must take people.
        variants: rows that hold in its place where the request's body says so.
        when: the case in which such a row holds, in words.
    """

    name: str
    fact: str
    role: Role
    sources: frozenset[str] = frozenset()
    target: str = ""
    at_county_or_above: bool = False
    four_eyes: bool = False
    needs_reason: bool = False
    may_be_late: bool = False
    drafts: bool = False
    admits: bool = False
    variants: tuple["Action", ...] = ()
    when: str = ""


@dataclass(frozen=True)
class ActionTable:
    """Every action of a noun.

    Args:
        noun: the noun in event types (``member``).
        create: how an entity is entered.
        correct: how what was wrong from the start is set right.
        acts: the others by name, in the order in which answers list them.
    """

    noun: str
    create: Action
    correct: Action
    acts: Mapping[str, Action]

    def allowed(self, status: str) -> list[str]:
        """Return the names of the actions that a status allows."""
        return [name for name, action in self.acts.items() if status in action.sources]

    def check_status(self, action: Action, status: str) -> None:
        """Refuse an action that the status does not allow.

        Raises:
            Conflict: names the status and what it allows.
        """
        if status not in action.sources:
            params = {"action": action.name, "status": status, "allowed": self.allowed(status)}
            raise Conflict("state.illegal", params=params)


def acts(*actions: Action) -> dict[str, Action]:
    """Return actions by their names."""
    return {action.name: action for action in actions}


def required(action: Action, entity: Entity) -> Action:
    """Return what an action asks of its caller for this entity."""
    return once_counted(action) if action.target == VOIDED and entity.was_counted else action


def once_counted(void: Action) -> Action:
    """Return the row by which a counted entity is voided.

    Voiding it changes published figures of past days, so it needs a grant at a county or above and
    four eyes.
    """
    return replace(void, at_county_or_above=True, four_eyes=True)


def check(
    table: ActionTable, action: Action, entity: Entity, subject: str, reason: str | None
) -> None:
    """Refuse what the table does not allow on an entity.

    Raises:
        Conflict: the status does not allow it.
        Forbidden: four eyes are needed.
        Invalid: the reason is missing.
    """
    table.check_status(action, entity.status)
    if action.four_eyes and subject in entity.authors:
        raise Forbidden("four_eyes")
    if action.needs_reason and not reason:
        raise Invalid("reason.required", field="reason")


def violations_of_day(
    day: date, today: date, earliest: date | None = None, *, field: str = "effective_on"
) -> list[FieldError]:
    """Return the rules that a day breaks: it is after today, or before ``earliest``."""
    if day > today:
        return [FieldError(field, "date.future", {"today": today.isoformat()})]
    if earliest is not None and day < earliest:
        return [FieldError(field, "date.too_early", {"earliest": earliest.isoformat()})]
    return []


def earliest_day(action: Action, states: Timeline) -> date | None:
    """Return the first day an action may be dated; None if any day is allowed.

    An end may be dated back to the start of the current run of states; the states after its day are
    superseded. Voiding withdraws the whole timeline. Any other action follows the newest state.
    """
    if not states:
        return None
    if action.target == VOIDED:
        return states[0].effective_on
    earliest = states[-1].effective_on
    if not action.may_be_late:
        return earliest
    for entry in reversed(states):
        if entry.state is None or entry.state["status"] not in action.sources:
            break
        earliest = entry.effective_on
    return earliest


def check_day(action: Action, states: Timeline, day: date, today: date) -> None:
    """Refuse a day after today or before the earliest day of the action.

    Raises:
        Invalid: naming the limit.
    """
    for error in violations_of_day(day, today, earliest_day(action, states)):
        raise Invalid(error.code, field=error.field, params=error.params)


def moved(entity: E, action: Action, day: date, moment: datetime) -> E:
    """Return an entity in the target status of an action from a day on."""
    if not action.target:
        return entity
    after = replace(entity, status=action.target)
    if action.target == VOIDED:
        return replace(after, timeline=())
    states = timeline.record(entity.timeline, Entry(day, moment, after.state))
    return replace(after, timeline=states)


def corrected(before: Entity, after: E, moment: datetime) -> E:
    """Return an entity with wrong values corrected in every state of its timeline.

    Fields that are not named stay; so do earlier states with other values, such as the education
    before a return.

    Args:
        before: the entity with what was wrong.
        after: the entity as it should be.
        moment: this instant.
    """
    was, right = before.state, after.state
    wrong = {name: was[name] for name in right if was[name] != right[name]}
    states = tuple(
        mended
        for entry in before.timeline
        for mended in timeline.correct((entry,), _right_values(entry, wrong, right), moment)
    )
    return replace(after, timeline=states)


def _right_values(entry: Entry, wrong: State, right: State) -> State:
    """Return the right values of the fields that are wrong in a dated state."""
    state = entry.state or {}
    return {name: right[name] for name in wrong if name in state and state[name] == wrong[name]}
