"""The figures in memory equal a plain walk of the tree, in whatever order cards and counts come."""

from dataclasses import replace

from hypothesis import example, given
from hypothesis import strategies as st

from aggregator.figures.rules import SERIES
from aggregator.figures.tree import OUTSIDE_TARGETS, Figures
from aggregator.intake.documents import Card
from shared.contract import events

PARENTS = {
    "hq": None, "p1": "hq", "p2": "hq", "hk": "hq", "c1": "p1", "c2": "p1", "c3": "p2",
    "t1": "c1", "v1": "t1", "v2": "c3", "h1": "hk",
}  # fmt: skip
NAMES = {
    events.UNIT_TOPIC: ["GRASSROOTS|ACTIVE|VILLAGE", "GRASSROOTS|INACTIVE|VILLAGE"],
    events.MEMBER_TOPIC: ["ACTIVE", "ARREARS", "APPLIED", "ACTIVE|kind|INDIVIDUAL_ADULT"],
    events.VOLUNTEER_TOPIC: ["REGISTERED", "ENROLLED", "REG_APPLIED", "SUSPENDED"],
}
COUNTED = {
    "units": {"GRASSROOTS|ACTIVE|VILLAGE"},
    "members": {"ACTIVE", "ARREARS"},
    "volunteers": {"REGISTERED"},
    "enrolled": {"REGISTERED", "ENROLLED", "REG_APPLIED"},
}


def card(unit: str, version: int = 1, parent: str | None = None) -> Card:
    flags = (OUTSIDE_TARGETS,) if unit == "hk" else ()
    level = "NATIONAL" if unit == "hq" else "COUNTY"
    above = PARENTS[unit] if parent is None else parent
    return Card(unit, version, unit.upper(), None, level, "CHAPTER", "ACTIVE", above, flags)


units = st.sampled_from(sorted(PARENTS))
steps = st.lists(
    st.one_of(
        st.tuples(st.just("card"), units),
        st.tuples(st.just("move"), st.sampled_from(["c1", "c2", "t1", "v2"]),
                  st.sampled_from(["p1", "p2", "c3"])),
        st.sampled_from(sorted(NAMES)).flatmap(
            lambda topic: st.tuples(
                st.just("count"), units, st.just(topic),
                st.dictionaries(st.sampled_from(NAMES[topic]), st.integers(0, 50), max_size=3),
            )
        ),
    ),
    max_size=40,
)  # fmt: skip


class Plain:
    """The same, kept and summed without any cleverness."""

    def __init__(self) -> None:
        self.cards: dict[str, Card] = {}
        self.counters: dict[tuple[str, str], dict[str, int]] = {}

    def own(self, unit: str) -> dict[str, int]:
        return {
            series: sum(
                count
                for topic in NAMES
                for name, count in self.counters.get((unit, topic), {}).items()
                if name in COUNTED[series]
                and (topic == events.UNIT_TOPIC) == (series == "units")
                and (topic == events.MEMBER_TOPIC) == (series == "members")
            )
            for series in SERIES
        }

    def below(self, unit: str) -> set[str]:
        found = {unit}
        for child, known in self.cards.items():
            if known.parent == unit and OUTSIDE_TARGETS not in known.flags:
                found |= self.below(child)
        return found

    def total(self, unit: str) -> dict[str, int]:
        members = [self.own(one) for one in self.below(unit)]
        return {series: sum(own[series] for own in members) for series in SERIES}

    def unattributed(self) -> dict[str, int]:
        tops = [top for top in ("hq", "hk") if top in self.cards]
        reached = {one for top in tops for one in self.below(top)}
        counted = {unit for unit, _topic in self.counters} - reached
        return {series: sum(self.own(unit)[series] for unit in counted) for series in SERIES}


WHOLE: list[tuple[object, ...]] = [
    *(("card", unit) for unit in PARENTS),
    ("count", "v1", events.MEMBER_TOPIC, {"ACTIVE": 7}),
    ("count", "h1", events.VOLUNTEER_TOPIC, {"REGISTERED": 4}),
]
"""A tree of five levels, with people at its ends: few are drawn so deep."""


@example(WHOLE)
@example(WHOLE[::-1])
@example([*WHOLE, ("move", "t1", "c3"), ("move", "c1", "p2")])
@given(steps)
def test_the_roll_up_of_figures_equals_a_plain_walk(taken: list[tuple[object, ...]]) -> None:
    figures, plain = Figures(), Plain()
    for step in taken:
        if step[0] == "count":
            _, unit, topic, values = step
            assert isinstance(unit, str)
            assert isinstance(topic, str)
            assert isinstance(values, dict)
            figures.set_counters(unit, topic, values)
            plain.counters.setdefault((unit, topic), {}).update(values)
            continue
        unit = str(step[1])
        known = plain.cards.get(unit)
        if step[0] == "card":
            new = replace(known, version=known.version + 1) if known else card(unit)
        else:
            new = card(unit, known.version + 1 if known else 1, str(step[2]))
        if new.parent and unit in {c.id for c in ancestors(plain, new.parent)} | {new.parent}:
            continue  # the registry refuses a unit below itself
        figures.set_card(new)
        plain.cards[unit] = new
    for unit in PARENTS:
        assert figures.figures(unit) == plain.total(unit)
        assert figures.own(unit) == plain.own(unit)
        if unit in plain.cards:
            assert figures.subtree(unit) == plain.below(unit)
    assert figures.unattributed() == plain.unattributed()


def ancestors(plain: Plain, unit: str) -> list[Card]:
    found: list[Card] = []
    known = plain.cards.get(unit)
    while known is not None and known not in found:
        found.append(known)
        known = plain.cards.get(known.parent) if known.parent else None
    return found


def test_counts_of_an_unknown_unit_are_held_and_shown_as_unattributed() -> None:
    figures = Figures()
    figures.set_card(card("hq"))
    figures.set_counters("c1", events.MEMBER_TOPIC, {"ACTIVE": 3})
    assert figures.figures("hq")["members"] == 0
    assert figures.unattributed()["members"] == 3
    figures.set_card(card("c1"))  # its parent p1 is not known yet
    assert figures.unattributed()["members"] == 3
    figures.set_card(card("p1"))
    assert figures.figures("hq")["members"] == 3
    assert figures.unattributed()["members"] == 0


def test_a_chapter_outside_the_targets_counts_for_itself_alone() -> None:
    figures = Figures()
    for unit in ("hq", "hk", "h1"):
        figures.set_card(card(unit))
    figures.set_counters("h1", events.VOLUNTEER_TOPIC, {"REGISTERED": 4})
    assert figures.figures("hk")["volunteers"] == 4
    assert figures.figures("hq")["volunteers"] == 0
    assert figures.unattributed()["volunteers"] == 0


def test_a_region_code_names_the_chapter_then_the_township_that_has_not_ended() -> None:
    figures = Figures()
    code = "330106109"
    school = replace(card("v1"), type="SCHOOL", region_code=code)
    gone = replace(card("t1"), type="TOWNSHIP", region_code=code)
    successor = replace(card("c2"), type="SUBDISTRICT", region_code=code)
    for known in (school, gone, replace(gone, version=2, status="VOIDED"), successor):
        figures.set_card(known)
        assert figures.find(code) in (None, known.id)
    figures.set_card(replace(gone, version=3, status="VOIDED", name="later"))
    assert figures.find(code) == successor.id
    figures.set_card(replace(card("p1"), region_code="330000"))
    figures.set_card(replace(card("c1"), type="TOWNSHIP", region_code="330000"))
    assert figures.find("330000") == "p1"


def test_an_older_card_of_a_unit_changes_nothing() -> None:
    figures = Figures()
    figures.set_card(card("hq"))
    figures.set_card(card("p1", 5))
    figures.set_card(replace(card("p1", 4), name="older"))
    assert figures.cards["p1"].name == "P1"
