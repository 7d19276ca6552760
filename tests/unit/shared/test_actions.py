"""What the action table makes of an entity: days, four eyes, corrections, and what is allowed."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.base.errors import Conflict, Forbidden, Invalid, RegistryError
from shared.contract.timeline import Entry, state_on
from shared.register.actions import (
    check,
    check_day,
    corrected,
    earliest_day,
    moved,
    required,
)
from tests.badges import (
    FIRST_DAY,
    LATER,
    MOMENT,
    SPAN,
    STATUSES,
    TABLE,
    TODAY,
    Badge,
    a_badge,
    badges,
    colours,
    entered,
    names,
    sizes,
    states_of,
)

ahead = st.integers(-9, -1)
"""As so many days ago: the examples hold days after today, however few there are."""


def done(
    before: Badge,
    name: str,
    day: date = TODAY,
    subject: str = "another",
    reason: str | None = "a reason",
) -> Badge:
    action = required(TABLE.acts[name], before)
    check(TABLE, action, before, subject, reason)
    check_day(action, before.timeline, day, TODAY)
    return moved(before, action, day, LATER)


@pytest.mark.parametrize("name", TABLE.acts)
@pytest.mark.parametrize("status", STATUSES)
def test_an_action_works_from_its_statuses_and_a_refusal_names_the_others(
    name: str, status: str
) -> None:
    action, before = TABLE.acts[name], a_badge((0, status))
    if status in action.sources:
        assert done(before, name).status == (action.target or status)
        return
    with pytest.raises(Conflict) as refusal:
        done(before, name, subject="creator", reason=None)  # refused for the status only
    assert refusal.value.code == "state.illegal"
    assert refusal.value.params == {
        "action": name,
        "status": status,
        "allowed": [other for other in TABLE.acts if status in TABLE.acts[other].sources],
    }


def test_an_action_table_names_events_and_actions_by_the_noun() -> None:
    assert TABLE.allowed("WORN") == ["lose", "look-at", "hand-in", "void"]
    assert TABLE.allowed("VOIDED") == []
    with pytest.raises(Conflict) as refusal:
        check(TABLE, TABLE.correct, a_badge((0, "VOIDED")), "another", None)
    assert refusal.value.params == {"action": "correct", "status": "VOIDED", "allowed": []}


def test_an_entity_of_an_action_has_one_dated_state_at_first() -> None:
    draft = replace(a_badge((0, "DRAFT")), timeline=())
    assert entered(draft, TODAY, MOMENT).timeline == (Entry(TODAY, MOMENT, draft.state),)


@pytest.mark.parametrize("subject", ["creator", "drafter"])
def test_an_action_of_four_eyes_is_not_for_who_made_the_entity_what_it_is(subject: str) -> None:
    with pytest.raises(Forbidden) as refusal:
        done(a_badge((0, "DRAFT")), "approve", subject=subject)
    assert refusal.value.code == "four_eyes"
    for other in ("editor", "another"):
        assert done(a_badge((0, "DRAFT")), "approve", subject=other).status == "READY"
    for name, status in (("wear", "READY"), ("lose", "WORN"), ("void", "DRAFT")):
        done(a_badge((0, status)), name, subject=subject)


def test_who_acted_last_may_be_the_author_where_no_action_names_who_drafted() -> None:
    older = replace(a_badge((0, "DRAFT")), drafted_by=None)
    assert older.authors == {"creator", "editor"}
    with pytest.raises(Forbidden):
        done(older, "approve", subject="editor")


@pytest.mark.parametrize("reason", [None, ""])
def test_an_action_that_needs_a_reason_is_refused_without_one(reason: str | None) -> None:
    with pytest.raises(Invalid) as refusal:
        done(a_badge((0, "WORN")), "lose", reason=reason)
    assert (refusal.value.code, refusal.value.errors[0].field) == ("reason.required", "reason")
    assert done(a_badge((0, "READY")), "wear", reason=reason).status == "WORN"


@pytest.mark.parametrize(
    ("history", "grave"),
    [
        ([(0, "DRAFT")], False),
        ([(9, "DRAFT"), (0, "READY")], False),
        ([(0, "WORN")], True),
        ([(9, "WORN"), (0, "LOST")], True),
        ([(9, "WORN"), (0, "DRAFT")], True),  # in whatever status it is now
    ],
)
def test_the_action_that_voids_what_was_ever_counted_takes_a_county_and_four_eyes(
    history: list[tuple[int, str]], grave: bool
) -> None:
    badge = a_badge(*history)
    asked = required(TABLE.acts["void"], badge)
    assert (asked.at_county_or_above, asked.four_eyes) == (grave, grave)
    assert replace(asked, at_county_or_above=False, four_eyes=False) == TABLE.acts["void"]
    assert done(badge, "void").timeline == ()
    if not grave:
        assert done(badge, "void", subject="creator").timeline == ()
        return
    for subject in ("creator", "drafter"):
        with pytest.raises(Forbidden, match="four_eyes"):
            done(badge, "void", subject=subject)


@given(badges(), names)
def test_no_other_action_asks_for_more_than_its_row_says(badge: Badge, name: str) -> None:
    action = TABLE.acts[name]
    assert required(action, badge) == action or (action.target == "VOIDED" and badge.was_counted)


@given(badges(), names, ahead | st.integers(0, SPAN + 5))
def test_an_action_may_be_dated_from_its_earliest_day_to_today(
    badge: Badge, name: str, ago: int
) -> None:
    action, day = TABLE.acts[name], TODAY - timedelta(days=ago)
    earliest = earliest_day(action, badge.timeline)
    assert earliest is not None
    if earliest <= day <= TODAY:
        check_day(action, badge.timeline, day, TODAY)
        return
    with pytest.raises(Invalid) as refusal:
        check_day(action, badge.timeline, day, TODAY)
    assert refusal.value.errors[0].field == "effective_on"
    if day > TODAY:
        assert refusal.value.code == "date.future"
        assert refusal.value.params == {"today": TODAY.isoformat()}
    else:
        assert refusal.value.code == "date.too_early"
        assert refusal.value.params == {"earliest": earliest.isoformat()}


@given(names, ahead | st.integers(0, SPAN))
def test_an_action_on_what_has_no_timeline_may_be_of_any_day_gone_by(name: str, ago: int) -> None:
    action, day = TABLE.acts[name], TODAY - timedelta(days=ago)
    assert earliest_day(action, ()) is None
    if day <= TODAY:
        check_day(action, (), day, TODAY)
        return
    with pytest.raises(Invalid, match=r"date\.future"):
        check_day(action, (), day, TODAY)


@given(badges(), names)
def test_an_action_supersedes_no_state_that_it_cannot_have_followed(
    badge: Badge, name: str
) -> None:
    """All that is dated after the earliest day is of the run of states which a late end ends."""
    action, known = TABLE.acts[name], badge.timeline
    earliest = earliest_day(action, known)
    assert earliest in [entry.effective_on for entry in known]
    if action.target == "VOIDED":
        assert earliest == known[0].effective_on
        return
    run = [entry for entry in known if entry.effective_on >= earliest]
    statuses = [state["status"] for state in states_of(tuple(run))]
    if not action.may_be_late or badge.status not in action.sources:
        assert run == [known[-1]]
        return
    assert action.sources.issuperset(statuses)
    before = states_of(known[: -len(run)])
    assert not before or before[-1]["status"] not in action.sources


@given(badges(), names, st.integers(0, SPAN))
def test_an_action_changes_the_states_from_its_day_on_and_none_before(
    badge: Badge, name: str, ago: int
) -> None:
    action, day = TABLE.acts[name], TODAY - timedelta(days=ago)
    after = moved(badge, action, day, LATER)
    if not action.target:
        assert after == badge
        return
    assert after == replace(badge, status=action.target, timeline=after.timeline)
    if action.target == "VOIDED":
        assert after.timeline == ()
        return
    newest = badge.timeline[-1]
    assert after.timeline[-1] == Entry(day, LATER, after.state, newest.run, newest.record)
    for number in range(SPAN + 1):
        one = FIRST_DAY + timedelta(days=number)
        held = state_on(after.timeline, one)
        assert held == (state_on(badge.timeline, one) if one < day else after.state)


@given(st.lists(st.tuples(names, st.integers(0, SPAN)), max_size=12))
def test_any_history_of_actions_keeps_the_timeline_in_order_and_ends_in_the_status(
    commands: list[tuple[str, int]],
) -> None:
    badge = entered(replace(a_badge((0, "DRAFT")), timeline=()), FIRST_DAY, MOMENT)
    for name, ago in commands:
        try:
            badge = done(badge, name, TODAY - timedelta(days=ago), subject=f"{name}{ago}")
        except RegistryError:
            continue
        days = [entry.effective_on for entry in badge.timeline]
        assert days == sorted(set(days))
        assert all(FIRST_DAY <= day <= TODAY for day in days)
        assert (badge.status == "VOIDED") == (badge.timeline == ())
        if badge.timeline:
            assert badge.timeline[-1].state == badge.state


@given(badges(), colours, sizes)
def test_an_action_that_corrects_is_undone_by_the_one_that_corrects_back(
    badge: Badge, colour: str, size: str
) -> None:
    right = replace(badge, colour=colour, size=size)
    there = corrected(badge, right, LATER)
    back = corrected(there, replace(there, colour=badge.colour, size=badge.size), LATER)
    assert states_of(back.timeline) == states_of(badge.timeline)
    assert corrected(there, there, LATER) == there
    assert corrected(badge, badge, LATER) == badge


@given(badges(), colours, sizes)
def test_an_action_that_corrects_sets_right_every_state_of_the_record_and_no_other(
    badge: Badge, colour: str, size: str
) -> None:
    right = replace(badge, colour=colour, size=size, engraving="new")
    after = corrected(badge, right, LATER)
    assert after == replace(right, timeline=after.timeline)
    for was, now in zip(badge.timeline, after.timeline, strict=True):
        assert was.state is not None
        given_now = {"colour": colour, "size": size} if was.record == 9 else {}
        expected = {**was.state, **given_now}
        assert now == (
            was if expected == was.state else replace(was, recorded_at=LATER, state=expected)
        )


def test_an_action_that_corrects_leaves_a_state_that_counts_nowhere() -> None:
    badge = a_badge((9, "READY"), (0, "LOST"), colour="blue")
    nowhere = Entry(badge.timeline[0].effective_on, MOMENT, None)
    mixed = replace(badge, timeline=(nowhere, badge.timeline[1]))
    after = corrected(mixed, replace(mixed, colour="red"), LATER)
    assert [entry.state and entry.state["colour"] for entry in after.timeline] == [None, "red"]


def test_an_action_is_kept_by_its_name() -> None:
    assert [action.name for action in TABLE.acts.values()] == list(TABLE.acts)
