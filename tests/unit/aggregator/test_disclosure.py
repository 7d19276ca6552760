"""No reader of a published breakdown, of its total and of this program learns a cell of 1-4."""

from collections import defaultdict
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.figures.disclosure import publish

Table = tuple[int, ...]


def published(table: Table) -> dict[str, int | str]:
    return publish({str(position): count for position, count in enumerate(table)})


@pytest.mark.parametrize(
    ("count", "shown"), [(0, 0), (1, "<5"), (4, "<5"), (5, 5), (22_150_000, 22_150_000)]
)
def test_disclosure_hides_one_to_four_and_nothing_else(count: int, shown: int | str) -> None:
    assert publish({"x": count}, adds_up=False) == {"x": shown}


@pytest.mark.parametrize("cells", [{"x": 3}, {"x": 1, "y": 1}, {"x": 4, "y": 4, "z": 0}])
def test_disclosure_withholds_what_the_total_would_reveal_where_nobody_hides_it(
    cells: dict[str, int],
) -> None:
    assert publish(cells) == {}


def test_small_cells_of_a_breakdown_take_the_smallest_other_one_with_them() -> None:
    # 103 members are public: 103 - 100 would reveal the three.
    assert publish({"no": 100, "yes": 3}) == {"no": "≥5", "yes": "<5"}
    assert publish({"1": 40, "2": 9, "9": 1}) == {"1": 40, "2": "≥5", "9": "<5"}
    # However many there are: that they hide one another would itself reveal them.
    assert publish({"a": 2, "b": 3, "c": 50, "d": 60}) == {"a": "<5", "b": "<5", "c": "≥5", "d": 60}


def test_where_no_cell_of_a_breakdown_is_small_all_are_published() -> None:
    assert publish({"a": 5, "b": 9, "c": 0}) == {"a": 5, "b": 9, "c": 0}


@pytest.mark.parametrize(
    "table",
    [
        (1, 5, 40),  # "<5, ≥5, 40" of 46: only one and five make six
        (4, 8, 8),  # "<5, ≥5, 8" of 20: the hidden five and more are at most the open eight
        (1, 1, 5),  # "<5, <5, ≥5" of 7
    ],
)
def test_a_breakdown_that_one_table_alone_explains_is_withheld(table: Table) -> None:
    assert published(table) == {}


def test_a_larger_cell_of_a_breakdown_hides_the_small_ones_in_all_tables_there_are() -> None:
    # Of 11: 1+1+9, 1+2+8 and so on; a rule that looked at the hidden cells distinguished these from others.
    assert published((1, 1, 9)) == published((2, 3, 6)) == {"0": "<5", "1": "<5", "2": "≥5"}


def tables(cells: int, total: int) -> Iterator[Table]:
    """Yield every table of so many cells, zeros included, with a sum."""
    if cells == 1:
        yield (total,)
        return
    for first in range(total + 1):
        for others in tables(cells - 1, total - first):
            yield (first, *others)


@pytest.mark.parametrize(("cells", "largest"), [(1, 40), (2, 60), (3, 40), (4, 25), (5, 18)])
def test_of_every_published_breakdown_each_small_cell_may_be_two_numbers(
    cells: int, largest: int
) -> None:
    """Exhaustive: all tables of one total are compared with all that are published alike."""
    for total in range(largest + 1):
        alike: dict[tuple[int | str, ...], list[Table]] = defaultdict(list)
        for table in tables(cells, total):
            alike[tuple(published(table).values())].append(table)
        for answer, explanations in alike.items():
            for position, shown in enumerate(answer):
                if shown == "<5":
                    assert len({table[position] for table in explanations}) > 1, (answer, total)


@given(st.lists(st.integers(0, 12) | st.integers(0, 10_000), min_size=1, max_size=12))
def test_each_small_cell_of_a_breakdown_has_another_table_that_is_published_alike(
    counts: list[int],
) -> None:
    table, answer = tuple(counts), published(tuple(counts))
    for position, count in enumerate(table) if answer else ():
        shown = answer[str(position)]
        assert (shown == "<5") == (1 <= count <= 4)
        assert shown in (count, "<5", "≥5")
        if shown == "<5":
            assert any(published(other) == answer for other in neighbours(table, position))


def neighbours(table: Table, position: int) -> Iterator[Table]:
    """Yield the tables that one person more or less in a cell, taken from another, makes."""
    for step in (-1, 1):
        for other in range(len(table)):
            if other != position:
                changed = list(table)
                changed[position] += step
                changed[other] -= step
                yield tuple(changed)


@given(st.integers(1, 4), st.integers(8, 10_000), st.integers(0, 10_000))
def test_the_breakdown_of_a_chapter_of_ordinary_size_is_not_withheld(
    few: int, many: int, more: int
) -> None:
    assert published((few, many, many + more + 4))
