"""The rules of units: every pair of type and parent, every action in every status, every day."""

import inspect
import re
from datetime import UTC, date, datetime, timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from org_units import divisions, domain, messages
from org_units.domain import Action, Parent
from org_units.settings import OrgUnitsSettings
from org_units.units.codes import verify_unit_code
from shared.base.errors import Conflict, Forbidden, Invalid
from shared.contract import events
from shared.contract.timeline import Entry, Timeline, state_on
from shared.web.messages import MESSAGES, register

register(messages.MESSAGES)

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
TODAY = date(2026, 11, 23)
EARLIEST = date(1904, 3, 10)
AREAS = ["TOWNSHIP", "SUBDISTRICT"]
OTHERS = [name for name in get_args(domain.UnitType) if name not in AREAS]
STATUSES = [*get_args(domain.Status), "CLOSING", "DISSOLVED", "MERGED"]
ACTIONS: tuple[Action, ...] = get_args(domain.Action)

LEGAL = {
    ("submit", "DRAFT"): "SUBMITTED",
    ("submit", "RETURNED"): "SUBMITTED",
    ("return", "SUBMITTED"): "RETURNED",
    ("approve", "SUBMITTED"): "APPROVED",
    ("activate", "APPROVED"): "ACTIVE",
    ("activate", "INACTIVE"): "ACTIVE",
    ("deactivate", "ACTIVE"): "INACTIVE",
    ("void", "DRAFT"): "VOIDED",
    ("void", "SUBMITTED"): "VOIDED",
    ("void", "RETURNED"): "VOIDED",
    ("void", "APPROVED"): "VOIDED",
    ("void", "ACTIVE"): "VOIDED",
    ("void", "INACTIVE"): "VOIDED",
}
"""The state machine once more, written by hand from docs/domain.md section 1.4."""


def chapter(level: str, *, has_counties: bool = False, status: str = "ACTIVE") -> Parent:
    return Parent(level, "CHAPTER", status, has_counties)


def grassroots(unit_type: str, status: str = "ACTIVE") -> Parent:
    return Parent("GRASSROOTS", unit_type, status)


def unit(status: str = "ACTIVE") -> dict[str, object]:
    return {
        "_id": "u-1",
        "name": "三墩镇红十字会",
        "code": "330106T0001X",
        "level": "GRASSROOTS",
        "type": "TOWNSHIP",
        "status": status,
        "parent_id": "c-1",
        "flags": [],
    }


def begun(day: date, status: str = "DRAFT") -> Timeline:
    return domain.first_timeline(domain.state_of(unit(status)), day, TODAY, NOW, earliest=EARLIEST)


@pytest.mark.parametrize("unit_type", OTHERS)
@pytest.mark.parametrize("level", ["NATIONAL", "PROVINCE", "PREFECTURE", "COUNTY"])
def test_a_unit_hangs_on_a_chapter_of_any_level(unit_type: str, level: str) -> None:
    domain.check_placement(unit_type, chapter(level, has_counties=level == "PREFECTURE"))


@pytest.mark.parametrize("unit_type", OTHERS)
@pytest.mark.parametrize("area", AREAS)
def test_a_unit_hangs_on_the_unit_of_an_area(unit_type: str, area: str) -> None:
    domain.check_placement(unit_type, grassroots(area))


@pytest.mark.parametrize("unit_type", [*OTHERS, *AREAS])
@pytest.mark.parametrize("parent_type", OTHERS)
def test_no_unit_hangs_on_another_grassroots_unit(unit_type: str, parent_type: str) -> None:
    with pytest.raises(Invalid) as refusal:
        domain.check_placement(unit_type, grassroots(parent_type))
    assert refusal.value.code == "unit.parent_type"
    assert refusal.value.errors[0].field == "parent_id"
    assert refusal.value.params["parent_type"] == parent_type


@pytest.mark.parametrize("unit_type", AREAS)
def test_the_unit_of_an_area_hangs_on_a_county_or_a_prefecture_without_counties(
    unit_type: str,
) -> None:
    domain.check_placement(unit_type, chapter("COUNTY"))
    domain.check_placement(unit_type, chapter("PREFECTURE"))


@pytest.mark.parametrize("unit_type", AREAS)
@pytest.mark.parametrize(
    ("parent", "code"),
    [
        (chapter("NATIONAL"), "unit.parent_type"),
        (chapter("PROVINCE"), "unit.parent_type"),
        (chapter("PREFECTURE", has_counties=True), "unit.area_has_counties"),
        (grassroots("TOWNSHIP"), "unit.parent_type"),
        (grassroots("SUBDISTRICT"), "unit.parent_type"),
    ],
)
def test_the_unit_of_an_area_hangs_nowhere_else(unit_type: str, parent: Parent, code: str) -> None:
    with pytest.raises(Invalid) as refusal:
        domain.check_placement(unit_type, parent)
    assert refusal.value.code == code


@pytest.mark.parametrize("status", ["VOIDED", "DISSOLVED", "MERGED", "CLOSING"])
@pytest.mark.parametrize("parent", [chapter("COUNTY"), grassroots("TOWNSHIP")])
def test_no_unit_hangs_on_a_closed_unit(parent: Parent, status: str) -> None:
    closed = Parent(parent.level, parent.type, status)
    with pytest.raises(Conflict, match=r"unit\.parent_closed"):
        domain.check_placement("VILLAGE", closed)


def test_chapters_are_not_entered_by_hand() -> None:
    with pytest.raises(Invalid, match=r"unit\.chapter_by_list"):
        domain.check_placement("CHAPTER", chapter("PROVINCE"))
    with pytest.raises(Conflict, match=r"unit\.chapter_by_list"):
        domain.check_not_chapter("CHAPTER")
    domain.check_not_chapter("SCHOOL")


CHAPTER_PARENTS = {
    ("NATIONAL", None),
    ("PROVINCE", "NATIONAL"),
    ("PREFECTURE", "PROVINCE"),
    ("COUNTY", "PREFECTURE"),
    ("COUNTY", "PROVINCE"),
}


@pytest.mark.parametrize("level", [*get_args(domain.Level)])
@pytest.mark.parametrize("parent", [None, *get_args(domain.Level)])
def test_a_chapter_hangs_on_a_chapter_of_a_level_that_takes_it(
    level: str, parent: str | None
) -> None:
    if (level, parent) in CHAPTER_PARENTS:
        domain.check_chapter_placement(level, parent)
        return
    with pytest.raises(Invalid, match=r"unit\.chapter_level"):
        domain.check_chapter_placement(level, parent)


def test_every_chapter_and_township_of_the_divisions_keeps_the_rules_of_units() -> None:
    levels: dict[str | None, str | None] = {None: None}
    counties = set()
    for seed in divisions.chapters():
        domain.check_chapter_placement(seed.level, levels[seed.parent_region_code])
        levels[seed.region_code] = seed.level
        if seed.level == "COUNTY":
            counties.add(seed.parent_region_code)
    for code in ("33", "44", "46", "62", "66"):
        for township in divisions.township_units(code):
            above = township.parent_region_code
            parent = chapter(str(levels[above]), has_counties=above in counties)
            domain.check_placement(township.type, parent)
            domain.check_region(township.region_code, above)


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("status", STATUSES)
def test_every_action_on_a_unit_works_from_its_statuses_and_from_no_other(
    action: Action, status: str
) -> None:
    target = LEGAL.get((action, status))
    if target is not None:
        assert domain.transition(action, status).target == target
        return
    with pytest.raises(Conflict) as refusal:
        domain.transition(action, status)
    assert refusal.value.code == "state.illegal"
    assert refusal.value.params == {
        "action": action,
        "status": status,
        "allowed": [name for name in ACTIONS if (name, status) in LEGAL],
    }


@pytest.mark.parametrize("status", STATUSES)
def test_only_a_unit_at_its_end_takes_no_correction(status: str) -> None:
    if status in ("VOIDED", "DISSOLVED", "MERGED"):
        with pytest.raises(Conflict, match=r"state\.illegal"):
            domain.check_open(status)
    else:
        domain.check_open(status)


def test_every_fact_of_a_unit_is_an_event() -> None:
    facts = {row.fact for row in domain.TRANSITIONS.values()} | {"created", "corrected"}
    assert {domain.fact_type(fact) for fact in facts} <= events.MODELS.keys()
    assert facts == set(events.UNIT_FACTS)


MADE_BY = {"created_by": "creator", "edited_by": "editor", "drafted_by": "drafter"}


@pytest.mark.parametrize("subject", ["creator", "editor", "drafter"])
def test_the_approval_of_a_unit_takes_four_eyes(subject: str) -> None:
    with pytest.raises(Forbidden, match="four_eyes"):
        domain.check_four_eyes("approve", subject, MADE_BY)
    domain.check_four_eyes("approve", "another", MADE_BY)


@pytest.mark.parametrize("subject", ["creator", "drafter"])
def test_to_void_a_unit_that_was_ever_active_takes_four_eyes(subject: str) -> None:
    active = {**MADE_BY, "ever_active": True}
    with pytest.raises(Forbidden, match="four_eyes"):
        domain.check_four_eyes("void", subject, active)
    domain.check_four_eyes("void", subject, MADE_BY)
    domain.check_four_eyes("void", "editor", active)


@pytest.mark.parametrize("action", ["submit", "return", "activate", "deactivate"])
def test_other_transitions_of_a_unit_take_no_four_eyes(action: domain.Action) -> None:
    domain.check_four_eyes(action, "creator", {**MADE_BY, "ever_active": True})


@pytest.mark.parametrize("status", [s for s in STATUSES if s != "ACTIVE"])
def test_the_activation_of_a_unit_needs_an_active_parent(status: str) -> None:
    domain.check_activation(chapter("COUNTY"))
    with pytest.raises(Conflict, match=r"unit\.parent_not_active"):
        domain.check_activation(grassroots("TOWNSHIP", status))


@pytest.mark.parametrize(
    ("region", "chapter_region"),
    [
        ("330106", "330106"),
        ("330106109", "330106"),
        ("330106109201", "330100"),
        ("370571400", "370500"),
        ("659001001", "660000"),
        ("110101", "100000"),
        ("110101", "990000"),
        ("110101", None),
    ],
)
def test_a_region_code_of_a_unit_lies_within_that_of_its_chapter(
    region: str, chapter_region: str | None
) -> None:
    domain.check_region(region, chapter_region)


@pytest.mark.parametrize(
    ("region", "code"),
    [
        ("", "unit.region_shape"),
        ("33010", "unit.region_shape"),
        ("3301061", "unit.region_shape"),
        ("33010610920", "unit.region_shape"),
        ("３３０１０６", "unit.region_shape"),
        ("33010A", "unit.region_shape"),
        ("320106", "unit.region_elsewhere"),
    ],
)
def test_a_wrong_region_code_of_a_unit_is_refused_by_its_own_code(region: str, code: str) -> None:
    with pytest.raises(Invalid) as refusal:
        domain.check_region(region, "330106")
    assert refusal.value.code == code
    assert refusal.value.errors[0].field == "region_code"


def test_a_unit_begins_today_or_before() -> None:
    first = domain.first_timeline({}, None, TODAY, NOW, earliest=EARLIEST)
    assert first == (Entry(TODAY, NOW, {}),)
    assert begun(EARLIEST)[0].effective_on == EARLIEST
    with pytest.raises(Invalid, match=r"date\.too_early"):
        begun(EARLIEST - timedelta(days=1))
    assert begun(date(2025, 1, 1))[0].effective_on == date(2025, 1, 1)
    with pytest.raises(Invalid, match=r"date\.future") as refusal:
        begun(date(2026, 11, 24))
    assert refusal.value.errors[0].field == "effective_on"


def test_a_transition_of_a_unit_is_dated_between_the_present_state_and_today() -> None:
    before = begun(date(2026, 5, 1))
    after = domain.next_timeline(before, "SUBMITTED", date(2026, 6, 1), TODAY, NOW)
    assert [entry.effective_on for entry in after] == [date(2026, 5, 1), date(2026, 6, 1)]
    state = state_on(after, TODAY)
    assert state is not None
    assert state["status"] == "SUBMITTED"
    with pytest.raises(Invalid, match=r"date\.too_early") as refusal:
        domain.next_timeline(after, "APPROVED", date(2026, 5, 31), TODAY, NOW)
    assert refusal.value.params == {"earliest": "2026-06-01"}
    with pytest.raises(Invalid, match=r"date\.future"):
        domain.next_timeline(after, "APPROVED", date(2026, 11, 24), TODAY, NOW)


def test_states_of_a_unit_on_one_day_are_one_entry() -> None:
    timeline = begun(TODAY)
    for status in ("SUBMITTED", "APPROVED", "ACTIVE"):
        timeline = domain.next_timeline(timeline, status, None, TODAY, NOW)
    assert len(timeline) == 1
    assert timeline[0].state is not None
    assert timeline[0].state["status"] == "ACTIVE"


def test_a_voided_unit_has_no_timeline() -> None:
    assert domain.next_timeline(begun(date(2025, 1, 1)), "VOIDED", None, TODAY, NOW) == ()
    with pytest.raises(Invalid, match=r"date\.future"):
        domain.next_timeline(begun(TODAY), "VOIDED", date(2027, 1, 1), TODAY, NOW)
    with pytest.raises(Invalid, match=r"date\.too_early"):
        domain.next_timeline(begun(TODAY), "VOIDED", date(2025, 1, 1), TODAY, NOW)


@pytest.mark.parametrize(
    ("day", "code"),
    [
        (TODAY, None),
        (EARLIEST, None),
        (TODAY + timedelta(days=1), "date.future"),
        (EARLIEST - timedelta(days=1), "date.too_early"),
        (date(1, 1, 1), "date.too_early"),
    ],
)
def test_the_founding_day_of_a_unit_is_neither_ahead_nor_too_early(
    day: date, code: str | None
) -> None:
    if code is None:
        domain.check_day("founded_on", day, TODAY, EARLIEST)
        return
    with pytest.raises(Invalid, match=code) as refusal:
        domain.check_day("founded_on", day, TODAY, EARLIEST)
    assert refusal.value.errors[0].field == "founded_on"


def test_the_earliest_day_of_a_unit_is_the_founding_of_the_society_and_a_setting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert OrgUnitsSettings().earliest_day == EARLIEST == date(1904, 3, 10)
    monkeypatch.setenv("REGISTRY_EARLIEST_DAY", "1911-10-10")
    assert OrgUnitsSettings().earliest_day == date(1911, 10, 10)


@pytest.mark.parametrize("unit_type", domain.TYPE_LETTERS)
@given(number=st.integers(1, 9999))
def test_the_code_of_a_unit_bears_a_check_character(unit_type: str, number: int) -> None:
    code = domain.code("330106", unit_type, number)
    assert code.startswith(f"330106{domain.TYPE_LETTERS[unit_type]}{number:04d}")
    assert verify_unit_code(code)


def test_a_unit_is_refused_where_the_codes_of_its_type_run_out() -> None:
    with pytest.raises(Conflict, match=r"unit\.code_exhausted"):
        domain.code("330106", "SCHOOL", 10_000)


def test_every_type_of_unit_has_a_letter_of_its_own() -> None:
    assert domain.TYPE_LETTERS.keys() == {*get_args(domain.UnitType), "CHAPTER"}
    assert len(set(domain.TYPE_LETTERS.values())) == len(domain.TYPE_LETTERS)


def test_state_and_card_of_a_unit_satisfy_their_contracts() -> None:
    state = domain.state_of(unit())
    entry = {"effective_on": "2026-01-01", "was": None, "now": state}
    payload = events.MODELS[domain.fact_type("created")].model_validate(
        {
            "entity": "u-1",
            "version": 1,
            "recorded_at": NOW,
            "changes": [entry],
            "unit": domain.card(unit(), 1),
        }
    )
    assert payload.model_dump()["unit"]["parent"] == "c-1"


def test_every_refusal_of_a_unit_has_words() -> None:
    codes = set(
        re.findall(r'"((?:unit|date|state)\.[a-z_]+|four_eyes)"', inspect.getsource(domain))
    )
    assert codes
    assert codes <= MESSAGES.keys()
