"""No published breakdown lets a reader compute a cell of one to four people from public sums."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.disclosure import groups_of, publish

TOP = 12
"""Counts tried for a cell shown as at least five: enough for every sum of the cases drawn."""


@pytest.mark.parametrize(
    ("count", "published"), [(0, 0), (1, "<5"), (4, "<5"), (5, 5), (22_150_000, 22_150_000)]
)
def test_one_to_four_are_hidden_and_nothing_else(count: int, published: int | str) -> None:
    assert publish({"x": count}) == {"x": published}


def test_a_lone_small_cell_takes_another_with_it() -> None:
    # 103 members are public: 103 - 100 would tell the three.
    assert publish({"no": 100, "yes": 3}) == {"no": "≥5", "yes": "<5"}
    assert publish({"1": 40, "2": 9, "9": 1}) == {"1": 40, "2": "≥5", "9": "<5"}


def test_cells_that_already_hide_one_another_leave_the_rest_open() -> None:
    assert publish({"a": 2, "b": 3, "c": 50}) == {"a": "<5", "b": "<5", "c": 50}


def test_small_cells_at_the_edge_of_their_range_are_told_by_their_sum() -> None:
    # Two hidden cells with a sum of 2 are one each; with a sum of 8, four each.
    for count in (1, 4):
        assert publish({"a": count, "b": count, "c": 50})["c"] == "≥5"


def test_margins_do_not_tell_a_cell_of_the_table() -> None:
    cells = {"1-1950": 5, "2-1950": 3, "1-1960": 70, "2-1960": 80}
    shown = publish(cells, groups_of("sexbirth", cells))
    assert shown["2-1950"] == "<5"
    assert shown["1-1950"] == "≥5"  # else 8 born in 1950, less 5 men
    assert shown["2-1960"] == "≥5"  # else all women less those born in 1960


def possible(cells: dict[str, int], shown: dict[str, int | str], value: str) -> set[int]:
    """Every count a reader of the published cells and the total must hold possible, by trial."""
    hidden = [name for name in cells if isinstance(shown[name], str)]
    total = sum(cells[name] for name in hidden)
    ranges = [range(1, 5) if shown[name] == "<5" else range(5, TOP * 2) for name in hidden]
    return {
        guess[hidden.index(value)] for guess in product(*ranges) if sum(guess) == total
    }  # fmt: skip


@given(st.lists(st.integers(0, TOP), min_size=1, max_size=4))
def test_every_small_cell_keeps_two_possible_values(counts: list[int]) -> None:
    cells = {str(position): count for position, count in enumerate(counts)}
    shown = publish(cells)
    hidden = [name for name, count in shown.items() if isinstance(count, str)]
    for name, count in cells.items():
        assert (shown[name] == "<5") == (1 <= count <= 4)
        assert shown[name] in (count, "<5", "≥5")
        everyone_is_hidden = len(hidden) == sum(count > 0 for count in counts)
        if shown[name] == "<5" and not everyone_is_hidden:
            assert len(possible(cells, shown, name)) > 1
