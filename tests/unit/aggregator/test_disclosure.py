"""No published breakdown lets a reader compute a cell of one to four people from public sums."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.disclosure import publish

TOP = 12
"""Counts tried for a cell shown as at least five: enough for every sum of the cases drawn."""


@pytest.mark.parametrize(
    ("count", "published"), [(0, 0), (1, "<5"), (4, "<5"), (5, 5), (22_150_000, 22_150_000)]
)
def test_one_to_four_are_hidden_and_nothing_else(count: int, published: int | str) -> None:
    assert publish({"x": count}, adds_up=False) == {"x": published}


@pytest.mark.parametrize("cells", [{"x": 3}, {"x": 1, "y": 1}, {"x": 4, "y": 4, "z": 0}])
def test_what_the_total_would_tell_is_withheld_where_nobody_hides_it(cells: dict[str, int]) -> None:
    assert publish(cells) == {}


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
    for name, count in cells.items() if shown else ():
        assert (shown[name] == "<5") == (1 <= count <= 4)
        assert shown[name] in (count, "<5", "≥5")
        if shown[name] == "<5":
            assert len(possible(cells, shown, name)) > 1
    if not shown:  # only where hiding everybody would still tell a small cell
        labels: dict[str, int | str] = {n: "<5" if c < 5 else "≥5" for n, c in cells.items() if c}
        everybody = {**dict.fromkeys(cells, 0), **labels}
        few = [name for name, label in labels.items() if label == "<5"]
        assert any(len(possible(cells, everybody, name)) == 1 for name in few)
