"""Which cells of a breakdown by personal attribute are published (pure).

1-4 people are published as ``<5`` (design.md section 7). Totals are public and exact, so a lone
hidden cell would be the total less its neighbours: further cells are then hidden too, as ``≥5``,
until subtraction leaves each small cell at least two possible values. Where nobody is left to hide
them among, the breakdown is withheld.
"""

from collections.abc import Mapping

SMALL_BELOW = 5
SMALL, LARGE = "<5", "≥5"


def publish(cells: Mapping[str, int], *, adds_up: bool = True) -> dict[str, int | str]:
    """Return the cells as published; none where they cannot be.

    A zero names nobody and is published. A negative count, which exists only while the events of
    one entity lie between two folds, is not.

    Args:
        cells: count by value.
        adds_up: whether their sum is the public total; else one does not tell the other.
    """
    hidden = {value for value, count in cells.items() if count < SMALL_BELOW and count != 0}
    few = len(hidden)
    while few and adds_up:
        if _is_ambiguous(sum(cells[value] for value in hidden), few, len(hidden) - few):
            break
        open_cells = [value for value in cells if value not in hidden and cells[value] > 0]
        if not open_cells:
            return {}
        hidden.add(min(open_cells, key=lambda value: (cells[value], value)))
    return {value: _shown(count, value in hidden) for value, count in cells.items()}


def _shown(count: int, hidden: bool) -> int | str:
    if not hidden:
        return count
    return SMALL if count < SMALL_BELOW else LARGE


def _is_ambiguous(total: int, small: int, large: int) -> bool:
    """Whether small cells (1-4 each) and large ones (5 and more) may share a known sum in two ways.

    The first small cell is looked at: its least and its greatest possible value must differ.
    """
    others_least = (small - 1) + SMALL_BELOW * large
    greatest = min(SMALL_BELOW - 1, total - others_least)
    least = 1 if large else max(1, total - (SMALL_BELOW - 1) * (small - 1))
    return greatest > least
