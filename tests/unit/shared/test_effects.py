"""The effect of a command on past figures, counted day by day."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from shared.contract.definitions import DEFINITIONS
from shared.contract.timeline import Entry, Timeline, state_on
from shared.register.effects import emptied_days, series_of
from tests.badges import MOMENT, TODAY

SPAN = 12
FIRST = TODAY - timedelta(days=SPAN)
statuses = st.sampled_from(["APPLIED", "ENROLLED", "REG_APPLIED", "REGISTERED", "SUSPENDED"])
timelines = st.dictionaries(st.integers(0, SPAN), st.none() | statuses, max_size=5).map(
    lambda drawn: tuple(
        Entry(
            FIRST + timedelta(days=number), MOMENT, None if status is None else {"status": status}
        )
        for number, status in sorted(drawn.items())
    )
)


def in_a_figure(timeline: Timeline, day: date) -> tuple[bool, bool]:
    status = (state_on(timeline, day) or {}).get("status")
    return status == "REGISTERED", status in {"ENROLLED", "REG_APPLIED", "REGISTERED"}


@given(timelines, timelines)
def test_the_days_of_past_figures_that_a_command_empties_are_counted_one_by_one(
    before: Timeline, after: Timeline
) -> None:
    days = [FIRST + timedelta(days=number) for number in range(-1, SPAN)]
    pairs = [(in_a_figure(before, day), in_a_figure(after, day)) for day in days]
    emptied = [was for was, now in pairs if any(w and not n for w, n in zip(was, now, strict=True))]
    assert emptied_days(before, after, series_of("volunteer"), TODAY) == len(emptied)
    assert emptied_days(before, before, series_of("volunteer"), TODAY) == 0


def test_the_figures_of_each_noun_are_those_of_the_definitions() -> None:
    found = {noun: [one.id for one in series_of(noun)] for noun in ("unit", "member", "volunteer")}
    assert found == {
        "unit": ["units"],
        "member": ["members"],
        "volunteer": ["volunteers", "enrolled"],
    }
    assert series_of("badge") == ()
    assert {one for noun in found for one in series_of(noun)} <= set(DEFINITIONS.values())
