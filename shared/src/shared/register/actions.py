"""The action table of a noun: what may happen to an entity, from where to where, and by whom.

One table drives routes, roles, four eyes, days, event types and what an answer says is allowed.
Pure: an entity and a command in, the entity's next state or a ``RegistryError`` out.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property
from typing import Literal

from shared.base.errors import Conflict, FieldError, Forbidden, Invalid
from shared.contract import timeline
from shared.contract.timeline import Entry, Timeline
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
        restarts: statuses from which it opens the entity's next run: a return after an end.
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
    restarts: frozenset[str] = frozenset()
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
        """Return the names of the actions that a status allows, by one of their rows at least."""
        return self._by_status.get(status, [])

    @cached_property
    def _by_status(self) -> Mapping[str, list[str]]:
        """The names by status, once for all answers, each of which lists them."""
        found: dict[str, list[str]] = {}
        for name, action in self.acts.items():
            rows = (action, *action.variants)
            for status in frozenset[str]().union(*(row.sources for row in rows)):
                found.setdefault(status, []).append(name)
        return found

    def check_status(self, action: Action, status: str) -> None:
        """Refuse an action that the status does not allow.

        Raises:
            Conflict: names the status and what it allows.
        """
        if status not in action.sources:
            others = [name for name in self.allowed(status) if name != action.name]
            params = {"action": action.name, "status": status, "allowed": others}
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
    check_by(action, entity, subject, reason)


def check_by(action: Action, entity: Entity, subject: str, reason: str | None) -> None:
    """Refuse an author where four eyes are needed, and a missing reason.

    Raises:
        Forbidden: four eyes are needed.
        Invalid: the reason is missing.
    """
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


def moved(entity: E, action: Action, day: date, moment: datetime, *, anew: bool = False) -> E:
    """Return an entity in the target status of an action from a day on.

    The new state belongs to the entity's newest run, or opens the next one.

    Args:
        anew: whether the entity's values come from a whole new registration, so that earlier runs
            do not share them.
    """
    if not action.target:
        return entity
    after = replace(entity, status=action.target)
    if action.target == VOIDED:
        return replace(after, timeline=())
    run = record = 1
    if entity.timeline:
        newest = entity.timeline[-1]
        run = newest.run + (entity.status in action.restarts)
        record = newest.record
    if anew:
        record = entity.version + 1
    entry = Entry(day, moment, after.state, run, record)
    return replace(after, timeline=timeline.record(entity.timeline, entry))


def runs_of(states: Timeline) -> list[int]:
    """Return the numbers of an entity's runs, the newest last."""
    return list(dict.fromkeys(entry.run for entry in states))


def corrected(
    before: E,
    after: E,
    moment: datetime,
    *,
    run: int | None = None,
    named: Collection[str] = (),
) -> E:
    """Return an entity with values that were wrong from the start set right on every day of a run.

    Which states are meant is decided by where they come from, never by the values in them: those of
    the newest run, and of the runs before it that share its record. So two corrections that cancel
    leave every past day as it was.

    Args:
        before: the entity with what was wrong.
        after: the entity as it should be.
        moment: this instant.
        run: the one run that is corrected, which from then on has a record of its own. Of an
            earlier one only the states are known: the entity itself stays as it is.
        named: fields of the state to take from ``after`` where an earlier run is corrected.
    """
    was, right, states = before.state, after.state, before.timeline
    changed = {name: right[name] for name in right if was[name] != right[name]}
    if not states:
        return after
    newest = states[-1]
    if run is None:
        runs = _sharing(states, newest.run)
        return replace(after, timeline=timeline.correct(states, changed, moment, runs=runs))
    record = before.version + 1 if len(_sharing(states, run)) > 1 else None
    if run == newest.run:
        states = timeline.correct(states, changed, moment, runs=(run,), record=record)
        return replace(after, timeline=states)
    given = {name: right[name] for name in named}
    return replace(
        before, timeline=timeline.correct(states, given, moment, runs=(run,), record=record)
    )


def _sharing(states: Timeline, run: int) -> frozenset[int]:
    """Return the runs that share the record of one, itself included."""
    record = next(entry.record for entry in states if entry.run == run)
    return frozenset(entry.run for entry in states if entry.record == record)
