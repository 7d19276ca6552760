"""The dated states of one entity, and what a new version of them adds and takes back.

A timeline is a tuple of entries in order of ``effective_on``, one entry a day at the most: the
state that holds from the end of that day on. Pure values; the algebra that keeps counters exact.
"""

from bisect import bisect_right
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

State = Mapping[str, Any]
"""The countable state: a closed list of JSON values, none personal (docs/design.md section 4)."""


@dataclass(frozen=True)
class Entry:
    """From the day ``effective_on`` (China Standard Time) on, ``state`` holds.

    ``state`` is None where the entity counts nowhere from that day on.

    Args:
        run: which run of the entity it belongs to: a return after an end opens the next one.
        record: version of the entity that recorded the values in ``state``. Runs that share one
            share these values; a return by a whole registration makes a new record.
    """

    effective_on: date
    recorded_at: datetime
    state: State | None
    run: int = 1
    record: int = 1


@dataclass(frozen=True)
class Change:
    """On ``effective_on`` the entity's countable state turned from ``was`` to ``now``."""

    effective_on: date
    was: State | None
    now: State | None


Timeline = tuple[Entry, ...]


def state_on(timeline: Timeline, day: date) -> State | None:
    """Return the state at the end of a day; None before the first entry."""
    position = bisect_right(timeline, day, key=lambda entry: entry.effective_on)
    return timeline[position - 1].state if position else None


def record(timeline: Timeline, entry: Entry) -> Timeline:
    """Return the timeline with a fact recorded, which supersedes what was dated on or after it.

    A late fact (dated before the newest entry) takes the later entries with it: they were derived
    from a state that no longer held.
    """
    kept = tuple(known for known in timeline if known.effective_on < entry.effective_on)
    return (*kept, entry)


def correct(
    timeline: Timeline,
    fields: Mapping[str, Any],
    recorded_at: datetime,
    *,
    runs: Collection[int] | None = None,
    record: int | None = None,
) -> Timeline:
    """Return the timeline with fields that were wrong from the start set right.

    Args:
        runs: whose states are corrected; all by default.
        record: what the states of these runs then belong to, where that changes.
    """
    return tuple(
        _corrected(entry, fields, recorded_at, record)
        if runs is None or entry.run in runs
        else entry
        for entry in timeline
    )


def _corrected(
    entry: Entry, fields: Mapping[str, Any], recorded_at: datetime, record: int | None
) -> Entry:
    if record is not None:
        entry = replace(entry, record=record)
    state = entry.state
    if state is None or all(state.get(name) == value for name, value in fields.items()):
        return entry
    return replace(entry, recorded_at=recorded_at, state={**state, **fields})


def _steps(timeline: Timeline) -> dict[date, tuple[State | None, State | None]]:
    steps: dict[date, tuple[State | None, State | None]] = {}
    before: State | None = None
    for entry in timeline:
        if entry.state != before:
            steps[entry.effective_on] = (before, entry.state)
        before = entry.state
    return steps


def changes(old: Timeline, new: Timeline) -> list[Change]:
    """Return the steps ``new`` adds to ``old`` and, with was and now exchanged, those it drops.

    For every countable f and day D, the sum of f(now) - f(was) over the returned changes dated
    up to D equals f(new at D) - f(old at D). Steps common to both do not appear; a step taken
    back and one added on the same day from the same state are reported as one.
    """
    before, after = _steps(old), _steps(new)
    result: list[Change] = []
    for day in sorted(before.keys() | after.keys()):
        dropped, added = before.get(day), after.get(day)
        if dropped == added:
            continue
        if dropped and added and dropped[0] == added[0]:
            result.append(Change(day, dropped[1], added[1]))
            continue
        if dropped:
            result.append(Change(day, dropped[1], dropped[0]))
        if added:
            result.append(Change(day, added[0], added[1]))
    return result


def to_documents(timeline: Timeline) -> list[dict[str, Any]]:
    """Return the timeline as it is stored: days as ISO text, never midnight instants.

    The numbers of a first registration are left out.
    """
    return [
        {
            "effective_on": entry.effective_on.isoformat(),
            "recorded_at": entry.recorded_at,
            "state": None if entry.state is None else dict(entry.state),
            **({} if entry.run == 1 else {"run": entry.run}),
            **({} if entry.record == 1 else {"record": entry.record}),
        }
        for entry in timeline
    ]


def from_documents(documents: list[dict[str, Any]]) -> Timeline:
    """Return the timeline that ``to_documents`` stored."""
    return tuple(
        Entry(
            date.fromisoformat(item["effective_on"]),
            item["recorded_at"],
            item["state"],
            item.get("run", 1),
            item.get("record", 1),
        )
        for item in documents
    )
