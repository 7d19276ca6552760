"""Which cells of a breakdown by personal attribute are published (pure).

1-4 people are published as ``<5`` (docs/design.md section 7). Totals are public and exact, so a
lone hidden cell would be the total less its neighbours: the smallest of the larger cells is then
hidden too, as ``≥5``. This program is public, so nothing it decides may depend on what it hides: a
reader would conclude from the decision to the cause. Exactly one larger cell is hidden, whatever
the small ones hold; where that leaves a small cell one possible value, the breakdown is withheld.
"""

from collections.abc import Mapping
from math import inf

SMALL_BELOW = 5
SMALL, LARGE = "<5", "≥5"


def publish(cells: Mapping[str, int], *, adds_up: bool = True) -> dict[str, int | str]:
    """Return the cells as published; none where they cannot be.

    A zero names nobody and is published. A negative count, which exists only while the events of
    one entity lie between two folds, is not.

    Args:
        cells: count by value.
        adds_up: whether their sum is the public total; else neither follows from the other.
    """
    hidden = {value for value, count in cells.items() if count < SMALL_BELOW and count != 0}
    if hidden and adds_up:
        few = len(hidden)
        opened = sorted((count, value) for value, count in cells.items() if count >= SMALL_BELOW)
        if not opened:
            return {}
        (_, extra), *others = opened
        # As the smallest it is no larger than the next, which everybody sees; of two equal ones the
        # first by name is hidden.
        most = others[0][0] - (extra > others[0][1]) if others else inf
        hidden.add(extra)
        if not _is_ambiguous(sum(cells[value] for value in hidden), few, most):
            return {}
    return {value: _shown(count, value in hidden) for value, count in cells.items()}


def _shown(count: int, hidden: bool) -> int | str:
    if not hidden:
        return count
    return SMALL if count < SMALL_BELOW else LARGE


def _is_ambiguous(total: int, few: int, most: float) -> bool:
    """Whether the small cells (1-4 each) and the larger one may share a known sum in two ways.

    Checking one small cell is enough: its least and its greatest possible value must differ.
    ``most`` is what the larger cell can be at most.
    """
    greatest = min(SMALL_BELOW - 1, total - (few - 1) - SMALL_BELOW)
    least = max(1, total - (SMALL_BELOW - 1) * (few - 1) - most)
    return greatest > least
