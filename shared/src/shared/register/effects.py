"""The effect of a command on figures of days gone by, and what it then asks for.

Control goes by effect, not by name: whatever empties days that were counted asks for what voiding a
counted entity asks for. Pure.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from functools import cache
from itertools import pairwise

from shared.contract import timeline
from shared.contract.definitions import DEFINITIONS, Definition
from shared.contract.timeline import Timeline
from shared.register.actions import Action, once_counted


def emptying(action: Action) -> Action:
    """Return the row by which an action empties days of past figures, whatever its own name is.

    It asks for what voiding a counted entity asks for, and a reason.
    """
    return once_counted(replace(action, role="approver", needs_reason=True))


@cache
def series_of(noun: str) -> tuple[Definition, ...]:
    """Return the published figures that a noun's entities are counted in.

    Volunteers are counted as registered and as enrolled; who leaves either has left a figure.
    """
    return tuple(one for one in DEFINITIONS.values() if one.entity == noun)


def may_empty(noun: str, action: Action) -> bool:
    """Whether an action leads from a status that is counted to one that is not."""
    return bool(action.target) and any(
        action.sources & one.statuses and action.target not in one.statuses
        for one in series_of(noun)
    )


def emptied_days(
    before: Timeline, after: Timeline, counted: Iterable[Definition], today: date
) -> int:
    """Return how many days before today were counted in a published figure and are so no longer.

    Args:
        before: the dated states of an entity before a command.
        after: its dated states after it.
        counted: the figures.
    """
    known = {entry.effective_on for entry in (*before, *after)}
    days = sorted(day for day in known if day < today)
    return sum(
        (end - start).days
        for start, end in pairwise([*days, today])
        if any(
            one.counts(timeline.state_on(before, start))
            and not one.counts(timeline.state_on(after, start))
            for one in counted
        )
    )
