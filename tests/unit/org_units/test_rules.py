"""The life of a unit: every action in every status, every day, and who may do it."""

import inspect
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from types import ModuleType
from typing import Any, get_args

import pytest

from org_units.settings import OrgUnitsSettings
from org_units.units import api, doubles, guards, placement, rules, service, uscc
from org_units.units import days as unit_days
from org_units.units.days import FOUNDING, violations_of_founding
from org_units.units.rules import ACTIONS, Unit
from shared.base.errors import Conflict, Forbidden, Invalid, refuse
from shared.contract import events
from shared.contract.timeline import Entry, Timeline, state_on
from shared.register import actions
from shared.register.actions import check, check_day, moved, required
from shared.web.messages import MESSAGES
from tests.badges import entered

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
TODAY = date(2026, 11, 23)
EARLIEST = date(1904, 3, 10)
STATUSES = [*get_args(rules.Status), "CLOSING", "DISSOLVED", "MERGED"]
NAMES = ["submit", "return", "approve", "activate", "deactivate", "void"]

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

ASKED = {
    "create": ("registrar", False, False),
    "correct": ("registrar", False, False),
    "submit": ("registrar", False, False),
    "return": ("approver", True, False),
    "approve": ("approver", True, True),
    "activate": ("approver", True, False),
    "deactivate": ("approver", True, False),
    "void": ("approver", True, False),
}
"""Whom each action takes, by hand: role, whether it is granted at a county or above, four eyes."""

MADE_BY: Mapping[str, Any] = {
    "created_by": "creator",
    "edited_by": "editor",
    "drafted_by": "drafter",
}
OF_A_UNIT: Mapping[str, Any] = {
    "id": "u-1",
    "name": "三墩镇红十字会",
    "code": "330106T0001X",
    "level": "GRASSROOTS",
    "type": "TOWNSHIP",
    "parent_id": "c-1",
    "lineage": ("c-1", "u-1"),
}


def unit(status: str = "ACTIVE", **fields: Any) -> Unit:
    return Unit(**{**OF_A_UNIT, **MADE_BY, "status": status, **fields})


def initial(day: date, status: str = "DRAFT") -> Unit:
    """Return a unit as it is entered on a day that its service takes."""
    refuse(actions.violations_of_day(day, TODAY, EARLIEST))
    return entered(unit(status), day, NOW)


def done(before: Unit, name: str, day: date = TODAY, subject: str = "another") -> Unit:
    """Return a unit after an action, by all the rules of the action table."""
    action = required(ACTIONS.acts[name], before)
    check(ACTIONS, action, before, subject, None)
    check_day(action, before.timeline, day, TODAY)
    return moved(before, action, day, NOW)


def days(timeline: Timeline) -> list[date]:
    return [entry.effective_on for entry in timeline]


def test_the_actions_on_a_unit_are_these_in_this_order() -> None:
    assert list(ACTIONS.acts) == NAMES
    assert {name: action.name for name, action in ACTIONS.acts.items()} == dict(
        zip(NAMES, NAMES, strict=True)
    )
    assert (ACTIONS.create.sources, ACTIONS.create.target) == (frozenset(), "DRAFT")
    assert ACTIONS.correct.target == ""


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("status", STATUSES)
def test_every_action_on_a_unit_works_from_its_statuses_and_from_no_other(
    name: str, status: str
) -> None:
    target = LEGAL.get((name, status))
    before = entered(unit(status), TODAY, NOW)
    if target is not None:
        assert ACTIONS.acts[name].target == target
        assert done(before, name).status == target
        return
    with pytest.raises(Conflict) as refusal:
        done(before, name)
    assert refusal.value.code == "state.illegal"
    assert refusal.value.params == {
        "action": name,
        "status": status,
        "allowed": [other for other in NAMES if (other, status) in LEGAL],
    }


@pytest.mark.parametrize("status", STATUSES)
def test_only_a_unit_at_its_end_takes_no_correction(status: str) -> None:
    if status not in ("VOIDED", "DISSOLVED", "MERGED"):
        check(ACTIONS, ACTIONS.correct, unit(status), "another", None)
        return
    with pytest.raises(Conflict) as refusal:
        check(ACTIONS, ACTIONS.correct, unit(status), "another", None)
    assert refusal.value.code == "state.illegal"
    assert refusal.value.params == {"action": "correct", "status": status, "allowed": []}


def test_every_fact_of_a_unit_is_an_event() -> None:
    every = [ACTIONS.create, ACTIONS.correct, *ACTIONS.acts.values()]
    facts = {action.fact for action in every}
    assert {f"org.redcross.unit.{fact}.v1" for fact in facts} <= events.MODELS.keys()
    assert facts == set(events.UNIT_FACTS)
    assert "org.redcross.unit.units-imported.v1" in events.MODELS


def test_every_action_on_a_unit_takes_its_role_and_no_reason() -> None:
    every = [ACTIONS.create, ACTIONS.correct, *ACTIONS.acts.values()]
    asked = {one.name: (one.role, one.at_county_or_above, one.four_eyes) for one in every}
    assert asked == ASKED
    assert not [one.name for one in every if one.needs_reason or one.may_be_late]


def test_who_enters_or_corrects_a_unit_has_drafted_what_is_approved() -> None:
    every = [ACTIONS.create, ACTIONS.correct, *ACTIONS.acts.values()]
    assert [one.name for one in every if one.drafts] == ["create", "correct"]


@pytest.mark.parametrize("subject", ["creator", "editor", "drafter"])
def test_the_approval_of_a_unit_takes_four_eyes(subject: str) -> None:
    submitted = entered(unit("SUBMITTED"), TODAY, NOW)
    with pytest.raises(Forbidden, match="four_eyes"):
        done(submitted, "approve", subject=subject)
    assert done(submitted, "approve", subject="another").status == "APPROVED"


@pytest.mark.parametrize("subject", ["creator", "drafter"])
@pytest.mark.parametrize("status", ["ACTIVE", "INACTIVE"])
def test_to_void_a_unit_that_was_ever_active_takes_four_eyes(subject: str, status: str) -> None:
    active = entered(unit(status, ever_active=True), TODAY, NOW)
    with pytest.raises(Forbidden, match="four_eyes"):
        done(active, "void", subject=subject)
    assert done(active, "void", subject="editor").status == "VOIDED"
    never = entered(unit("APPROVED"), TODAY, NOW)
    assert done(never, "void", subject=subject).status == "VOIDED"


def test_to_void_a_unit_takes_a_county_whether_it_was_ever_active_or_not() -> None:
    for ever_active in (False, True):
        asked = required(ACTIONS.acts["void"], unit("ACTIVE", ever_active=ever_active))
        assert (asked.role, asked.at_county_or_above) == ("approver", True)
        assert asked.four_eyes is ever_active


@pytest.mark.parametrize("name", ["submit", "return", "activate", "deactivate"])
@pytest.mark.parametrize("subject", ["creator", "editor", "drafter"])
def test_other_actions_on_a_unit_take_no_four_eyes(name: str, subject: str) -> None:
    for status in (status for action, status in LEGAL if action == name):
        before = entered(unit(status, ever_active=True), TODAY, NOW)
        assert done(before, name, subject=subject).status == LEGAL[(name, status)]


def test_a_unit_is_entered_for_today_or_a_day_before() -> None:
    assert initial(TODAY).timeline == (Entry(TODAY, NOW, unit("DRAFT").state),)
    assert days(initial(EARLIEST).timeline) == [EARLIEST]
    with pytest.raises(Invalid, match=r"date\.too_early"):
        initial(EARLIEST - timedelta(days=1))
    assert days(initial(date(2025, 1, 1)).timeline) == [date(2025, 1, 1)]
    with pytest.raises(Invalid, match=r"date\.future") as refusal:
        initial(date(2026, 11, 24))
    assert refusal.value.errors[0].field == "effective_on"


def test_an_action_on_a_unit_is_dated_between_the_present_state_and_today() -> None:
    before = initial(date(2026, 5, 1))
    after = done(before, "submit", date(2026, 6, 1))
    assert days(after.timeline) == [date(2026, 5, 1), date(2026, 6, 1)]
    state = state_on(after.timeline, TODAY)
    assert state is not None
    assert state["status"] == "SUBMITTED"
    with pytest.raises(Invalid, match=r"date\.too_early") as refusal:
        done(after, "approve", date(2026, 5, 31))
    assert refusal.value.params == {"earliest": "2026-06-01"}
    with pytest.raises(Invalid, match=r"date\.future"):
        done(after, "approve", date(2026, 11, 24))


def test_states_of_a_unit_on_one_day_are_one_entry() -> None:
    found = initial(TODAY)
    for name in ("submit", "approve", "activate"):
        found = done(found, name)
    assert len(found.timeline) == 1
    assert found.timeline[0].state is not None
    assert found.timeline[0].state["status"] == "ACTIVE"


def test_a_voided_unit_has_no_timeline() -> None:
    assert done(initial(date(2025, 1, 1)), "void").timeline == ()
    submitted = done(initial(date(2025, 1, 1)), "submit", date(2026, 1, 1))
    assert done(submitted, "void", date(2025, 1, 1)).timeline == ()
    with pytest.raises(Invalid, match=r"date\.future"):
        done(initial(TODAY), "void", date(2027, 1, 1))
    with pytest.raises(Invalid, match=r"date\.too_early"):
        done(initial(TODAY), "void", date(2025, 1, 1))


@pytest.mark.parametrize(
    ("day", "code"),
    [
        (None, None),
        (TODAY, None),
        (EARLIEST, None),
        (TODAY + timedelta(days=1), "date.future"),
        (EARLIEST - timedelta(days=1), "date.too_early"),
        (date(1, 1, 1), "date.too_early"),
    ],
)
def test_the_founding_day_of_a_unit_is_neither_ahead_nor_too_early(
    day: date | None, code: str | None
) -> None:
    for founding in ((day, None), (None, day)):
        found = violations_of_founding(founding[0], founding[1], TODAY, EARLIEST)
        assert [error.code for error in found] == ([code] if code else [])
        names = [name for name, one in zip(FOUNDING, founding, strict=True) if one and code]
        assert [error.field for error in found] == names


def test_the_earliest_day_of_a_unit_is_the_founding_of_the_society_and_a_setting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert OrgUnitsSettings().earliest_day == EARLIEST == date(1904, 3, 10)
    monkeypatch.setenv("REGISTRY_EARLIEST_DAY", "1911-10-10")
    assert OrgUnitsSettings().earliest_day == date(1911, 10, 10)


def test_state_and_card_of_a_unit_satisfy_their_contracts() -> None:
    entry = {"effective_on": "2026-01-01", "was": None, "now": unit().state}
    payload = events.MODELS["org.redcross.unit.created.v1"].model_validate(
        {
            "entity": "u-1",
            "version": 1,
            "recorded_at": NOW,
            "changes": [entry],
            **unit().card,
        }
    )
    card = payload.model_dump()["unit"]
    assert card["parent"] == "c-1"
    assert card == unit().card["unit"]


REFUSAL = re.compile(r'"((?:unit|date|state|reason|uscc)\.[a-z_]+|four_eyes)"')


@pytest.mark.parametrize(
    "module", [rules, service, api, uscc, actions, unit_days, doubles, guards, placement]
)
def test_every_refusal_of_a_unit_has_words(module: ModuleType) -> None:
    codes = set(REFUSAL.findall(inspect.getsource(module)))
    assert codes
    assert codes <= MESSAGES.keys()
