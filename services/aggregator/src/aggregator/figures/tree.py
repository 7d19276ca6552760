"""The tree with its headline figures in memory: own counts per unit, rolled up to every ancestor.

Counters exist per own unit; a change adds its difference to the unit and its ancestors, so moving a
unit touches no counter (docs/design.md section 5.7). Pure, single-threaded.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from aggregator.figures.rules import SERIES, counted_in, series_of
from aggregator.intake.documents import Card
from shared.contract.definitions import DEFINITIONS

OUTSIDE_TARGETS = "outside_targets"
MAX_DEPTH = 16
"""Seven levels exist; the bound keeps a cycle in bad data from hanging the process."""

_NAMED_BY_REGION = {"CHAPTER": 2, "TOWNSHIP": 1, "SUBDISTRICT": 1}
_ENDED = frozenset({"VOIDED", "DISSOLVED", "MERGED"})

Vector = list[int]


@dataclass
class Figures:
    """Own and rolled-up headline figures of every unit."""

    cards: dict[str, Card] = field(default_factory=dict)
    root: str | None = None
    changed: set[str] = field(default_factory=set)
    """Units whose rolled-up figures changed since the set was last emptied."""
    _counters: dict[tuple[str, str], dict[str, int]] = field(default_factory=dict)
    _own: dict[str, Vector] = field(default_factory=dict)
    _total: dict[str, Vector] = field(default_factory=dict)
    _children: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    _by_region: dict[str, str] = field(default_factory=dict)
    _everything: Vector = field(default_factory=lambda: [0] * len(SERIES))
    """The sum of all own counts: what hangs on nothing known is found without a walk."""
    _outside: set[str] = field(default_factory=set)

    def set_counters(self, unit: str, topic: str, values: Mapping[str, int]) -> None:
        """Take the present values of some counters of a unit (absolute, not differences)."""
        known = self._counters.setdefault((unit, topic), {})
        known.update({name: count for name, count in values.items() if counted_in(topic, name)})
        own = self._own.setdefault(unit, [0] * len(SERIES))
        difference = [0] * len(SERIES)
        for series in series_of(topic):
            position = SERIES.index(series)
            difference[position] = DEFINITIONS[series].total(known) - own[position]
        if any(difference):
            total = self._total.setdefault(unit, [0] * len(SERIES))
            for vector in (own, total, self._everything):
                _add(vector, difference, 1)
            self.changed.add(unit)
            if unit in self.cards:
                self._lift(self.cards[unit], difference, 1)

    def set_card(self, card: Card) -> None:
        """Take a unit's newest card; a new parent carries the whole subtree's figures along."""
        known = self.cards.get(card.id)
        if known is not None and known.version >= card.version:
            return
        total = self._total.get(card.id, [0] * len(SERIES))
        moved = known is None or (known.parent, known.flags) != (card.parent, card.flags)
        if known is not None and moved:
            self._lift(known, total, -1)
            if known.parent:
                self._children[known.parent].discard(card.id)
        self.cards[card.id] = card
        if moved:
            if card.parent:
                self._children[card.parent].add(card.id)
            self._lift(card, total, 1)
        if card.level == "NATIONAL":
            self.root = card.id
        (self._outside.add if OUTSIDE_TARGETS in card.flags else self._outside.discard)(card.id)
        self._name_by_region(card)
        self.changed.add(card.id)

    def find(self, unit: str) -> str | None:
        """Return the id of a unit named by its id or by its region code.

        A code names the chapter of the area, in a township its township or sub-district unit.
        """
        return unit if unit in self.cards else self._by_region.get(unit)

    def figures(self, unit: str) -> dict[str, int]:
        return dict(zip(SERIES, self._total.get(unit, [0] * len(SERIES)), strict=True))

    def own(self, unit: str) -> dict[str, int]:
        """Return the figures of a unit itself, without what hangs on it."""
        return dict(zip(SERIES, self._own.get(unit, [0] * len(SERIES)), strict=True))

    def children(self, unit: str) -> list[Card]:
        """Return the units that hang on a unit, in order of region code and name."""
        found = self._children.get(unit, set())
        cards = (self.cards[child] for child in found if child in self.cards)
        return sorted(cards, key=lambda card: (card.region_code or "~", card.name))

    def subtree(self, unit: str) -> set[str]:
        """Return the ids of a unit and of all that is counted under it."""
        found, waiting = {unit}, [unit]
        while waiting:
            for child in self._children.get(waiting.pop(), ()):
                card = self.cards.get(child)
                if child not in found and card and OUTSIDE_TARGETS not in card.flags:
                    found.add(child)
                    waiting.append(child)
        return found

    def path(self, unit: str) -> list[Card]:
        """Return the cards from a unit up to the root."""
        found: list[Card] = []
        card = self.cards.get(unit)
        while card is not None and len(found) < MAX_DEPTH:
            found.append(card)
            card = self.cards.get(card.parent) if card.parent else None
        return found

    def unattributed(self) -> dict[str, int]:
        """Return what is counted at units not (yet) known to hang on the root."""
        left = list(self._everything)
        for top in (*((self.root,) if self.root else ()), *self._outside):
            _add(left, self._total.get(top, [0] * len(SERIES)), -1)
        return dict(zip(SERIES, left, strict=True))

    def _name_by_region(self, card: Card) -> None:
        if card.region_code is None or card.type not in _NAMED_BY_REGION:
            return
        holder = self.cards.get(self._by_region.get(card.region_code, ""))
        if holder is None or _claim_to_code(card) >= _claim_to_code(holder):
            self._by_region[card.region_code] = card.id

    def _lift(self, card: Card, difference: Vector, sign: int) -> None:
        """Add to the ancestors of a unit, which do not count what is outside the targets."""
        for _ in range(MAX_DEPTH):
            if card.parent is None or OUTSIDE_TARGETS in card.flags:
                return
            _add(self._total.setdefault(card.parent, [0] * len(SERIES)), difference, sign)
            self.changed.add(card.parent)
            above = self.cards.get(card.parent)
            if above is None:
                return
            card = above


def _claim_to_code(card: Card) -> tuple[bool, int]:
    """A unit that ended leaves its region code to the next; chapters go before townships."""
    return card.status not in _ENDED, _NAMED_BY_REGION[card.type]


def _add(vector: Vector, difference: Iterable[int], sign: int) -> None:
    for position, amount in enumerate(difference):
        vector[position] += sign * amount
