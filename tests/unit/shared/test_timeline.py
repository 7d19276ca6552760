"""Whatever becomes of a timeline, its changes add up to it on every day."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from shared.contract.timeline import (
    Entry,
    Timeline,
    changes,
    correct,
    from_documents,
    record,
    state_on,
    to_documents,
)

MOMENT = datetime(2026, 11, 23, tzinfo=UTC)
FIRST_DAY = date(2026, 1, 1)
days = st.integers(0, 40).map(lambda number: FIRST_DAY + timedelta(days=number))
states = st.none() | st.fixed_dictionaries(
    {"unit": st.sampled_from(["a", "b"]), "status": st.sampled_from(["X", "Y", "Z"])}
)
timelines = st.lists(st.tuples(days, states), max_size=6, unique_by=lambda item: item[0]).map(
    lambda items: tuple(
        Entry(day, MOMENT, state) for day, state in sorted(items, key=lambda i: i[0])
    )
)


def naive(timeline: Timeline, day: date) -> object:
    """The state on a day, read off entry by entry."""
    held = None
    for entry in timeline:
        if entry.effective_on <= day:
            held = entry.state
    return held


@given(timelines, timelines)
def test_changes_lead_from_the_old_timeline_to_the_new(old: Timeline, new: Timeline) -> None:
    reported = changes(old, new)
    for offset in range(-1, 42):
        day = FIRST_DAY + timedelta(days=offset)
        for unit in ("a", "b"):
            for status in ("X", "Y", "Z"):
                wanted = {"unit": unit, "status": status}
                difference = sum(
                    (change.now == wanted) - (change.was == wanted)
                    for change in reported
                    if change.effective_on <= day
                )
                assert difference == (naive(new, day) == wanted) - (naive(old, day) == wanted)


@given(timelines)
def test_an_unchanged_timeline_has_no_changes(timeline: Timeline) -> None:
    assert changes(timeline, timeline) == []


@given(timelines, days)
def test_a_timeline_gives_the_state_on_any_day(timeline: Timeline, day: date) -> None:
    assert state_on(timeline, day) == naive(timeline, day)


@given(timelines, days, states)
def test_a_fact_supersedes_what_the_timeline_dates_on_or_after_it(
    timeline: Timeline, day: date, state: dict[str, str] | None
) -> None:
    recorded = record(timeline, Entry(day, MOMENT, state))
    dated = [entry.effective_on for entry in recorded]
    assert dated == sorted(set(dated))
    assert dated[-1] == day
    assert state_on(recorded, date(2030, 1, 1)) == state
    before = day - timedelta(days=1)
    assert state_on(recorded, before) == state_on(timeline, before)


@given(timelines)
def test_a_correction_reaches_every_state_of_the_timeline_and_no_null(timeline: Timeline) -> None:
    mended = correct(timeline, {"unit": "c"}, MOMENT)
    assert [entry.state is None for entry in mended] == [e.state is None for e in timeline]
    assert all(entry.state["unit"] == "c" for entry in mended if entry.state is not None)


@given(timelines, st.integers(1, 3), st.integers(1, 9))
def test_a_timeline_that_was_stored_is_read_back_unchanged(
    timeline: Timeline, run: int, record: int
) -> None:
    known = tuple(replace(entry, run=run, record=record) for entry in timeline)
    documents = to_documents(known)
    assert from_documents(documents) == known
    assert all(("run" in one, "record" in one) == (run > 1, record > 1) for one in documents)
