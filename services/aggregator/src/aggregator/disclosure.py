"""Which cells of a breakdown by personal attribute are published (pure).

1-4 people are published as ``<5`` (design.md section 7). Totals are public and exact, so a lone
hidden cell would be the total less its neighbours: further cells are then hidden too, as ``≥5``,
until subtraction leaves each small cell at least two possible values.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping

SMALL_BELOW = 5
SMALL, LARGE = "<5", "≥5"


def publish(
    cells: Mapping[str, int], sums: Iterable[Collection[str]] | None = None
) -> dict[str, int | str]:
    """Return the cells as published.

    A zero names nobody and is published. A negative count, which exists only while the events of
    one entity lie between two folds, is not.

    Args:
        cells: count by value.
        sums: the groups of values whose sum the reader knows; by default all of them together.
    """
    groups = [tuple(cells)] if sums is None else [tuple(group) for group in sums]
    hidden = {value for value, count in cells.items() if count < SMALL_BELOW and count != 0}
    small = frozenset(hidden)
    waiting = True
    while waiting:
        waiting = any(_hide_another(cells, group, small, hidden) for group in groups)
    return {value: _shown(count, value in hidden) for value, count in cells.items()}


def groups_of(dimension: str, cells: Iterable[str]) -> list[tuple[str, ...]] | None:
    """Return the groups whose sums are public beside the total's: margins of a table of two.

    Args:
        dimension: what the cells are broken down by; ``sexbirth`` has the margins sex and year.
        cells: its values, such as ``1-1980``.
    """
    if dimension != "sexbirth":
        return None
    values = tuple(cells)
    groups: dict[str, list[str]] = defaultdict(list)
    for value in values:
        sex, _, year = value.partition("-")
        groups[f"sex {sex}"].append(value)
        groups[f"year {year}"].append(value)
    return [values, *(tuple(group) for group in groups.values())]


def _shown(count: int, hidden: bool) -> int | str:
    if not hidden:
        return count
    return SMALL if count < SMALL_BELOW else LARGE


def _hide_another(
    cells: Mapping[str, int], group: Collection[str], small: frozenset[str], hidden: set[str]
) -> bool:
    """Hide the smallest open cell of a group whose small cells subtraction would tell."""
    unknown = [value for value in group if value in hidden]
    few = sum(1 for value in unknown if value in small)
    if not few or _is_ambiguous(sum(cells[v] for v in unknown), few, len(unknown) - few):
        return False
    open_cells = [value for value in group if value not in hidden and cells[value] > 0]
    if not open_cells:
        return False  # nobody is left to hide among: only the total itself could be withheld
    hidden.add(min(open_cells, key=lambda value: (cells[value], value)))
    return True


def _is_ambiguous(total: int, small: int, large: int) -> bool:
    """Whether small cells (1-4 each) and large ones (5 and more) may share a known sum in two ways.

    The first small cell is looked at: its least and its greatest possible value must differ.
    """
    others_least = (small - 1) + SMALL_BELOW * large
    greatest = min(SMALL_BELOW - 1, total - others_least)
    least = 1 if large else max(1, total - (SMALL_BELOW - 1) * (small - 1))
    return greatest > least
