"""Marks of several epochs: what has started, what is void, and what waits."""

import math
from datetime import UTC, datetime

import pytest

from shared.pipeline.marks import Cursor, Gap, cursor_of, fields_of
from shared.pipeline.watermark import reached

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)
PLACE = ("registry.member", 0)


def test_numbers_of_an_epoch_wait_as_behind_a_gap_until_it_has_started() -> None:
    cursor = Cursor(offset=7, sequences={"member@1": 20})
    assert not cursor.follows("member@2", 11, 12, NOON)
    assert cursor.gap == Gap(11, 12, NOON, "member@2")
    cursor.passes(9)
    assert cursor.offset == 7
    cursor.advance("member@1", 21)  # of another epoch: it closes no gap of this one
    assert cursor.gap == Gap(11, 12, NOON, "member@2")
    assert cursor.is_due("member@2", 10)
    cursor.begin("member@2", 10)
    assert cursor == Cursor(
        offset=7, sequences={"member@1": 10, "member@2": 10}, starts={"member@2": 10}
    )
    assert cursor.follows("member@2", 11, 12, NOON)


def test_an_epoch_begins_once_all_events_that_count_before_it_have_come() -> None:
    cursor = Cursor()
    assert cursor.is_due("member@2", 0)
    assert not cursor.is_due("member@2", 5)
    cursor.sequences["member@1"] = 4
    assert not cursor.is_due("member@2", 5)
    cursor.sequences["member@1"] = 5
    assert cursor.is_due("member@2", 5)
    cursor.begin("member@2", 5)
    assert not cursor.is_due("member@2", 5)  # it has
    # Restored to before the second epoch: the numbers up to there are the first one's.
    assert cursor.is_due("member@3", 3)
    assert not cursor.is_due("member@3", 6)
    cursor.begin("member@3", 3)
    assert cursor.sequences == {"member@1": 3, "member@2": 5, "member@3": 3}
    assert not cursor.is_due("member@2", 5)


def test_events_of_an_earlier_epoch_beyond_the_start_of_a_later_one_are_void() -> None:
    cursor = Cursor(sequences={"member@1": 30})
    assert cursor.void_after("member@1") == math.inf
    cursor.begin("member@2", 20)
    cursor.begin("member@4", 10)
    assert [cursor.void_after(f"member@{epoch}") for epoch in (1, 2, 3)] == [10, 10, 10]
    assert cursor.void_after("member@4") == math.inf
    assert cursor.void_after("org-units@1") == math.inf


@pytest.mark.parametrize("gap", [None, Gap(11, 12, NOON, "member@2")])
def test_a_gap_and_the_starts_of_epochs_are_stored_with_the_marks(gap: Gap | None) -> None:
    cursor = Cursor(3, 4, {"member@1": 10, "member@2": 10}, gap, {"member@2": 10})
    stored = fields_of(cursor, PLACE, "topic-1")
    read = cursor_of(stored, "topic-1")
    assert (read.offset, read.commits, read.gap, read.starts) == (3, 5, gap, {"member@2": 10})
    assert cursor_of(stored, "topic-2").offset == 0
    older = {key: value for key, value in stored.items() if key != "starts"}
    assert cursor_of(older, "topic-1").starts == {}


def test_no_mark_has_reached_an_epoch_that_has_not_started() -> None:
    assert reached({}, "member@1", 0)
    assert not reached({"member@1": 9}, "member@2", 0)
    assert reached({"member@2": 0}, "member@2", 0)
