"""A member who left and returned: each run is corrected by itself, and by where its values are from."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from member.membership import rules
from member.membership.rules import ACTIONS, Membership
from member.membership.schemas import MemberCorrection
from member.membership.service import memberships_of
from member.settings import MemberSettings
from shared.base.errors import Invalid, RegistryError
from shared.contract.timeline import Entry, Timeline, changes, state_on
from shared.people.entity import numbered, runs_shown
from shared.register.actions import check, check_day, corrected, moved, runs_of
from tests.unit.shared.people.entries import MOMENT, TODAY, a_command, a_stored_person, a_writer

MEMBERSHIPS = memberships_of(a_writer(), MemberSettings())
SPAN = 60
FIRST = TODAY - timedelta(days=SPAN)
PERSONAL = ("kind", "sex", "birth_year", "education", "occupation", "political", "minority")

educations = st.sampled_from(["10", "20", "30", None])
values = st.fixed_dictionaries(
    {"education": educations, "political": st.sampled_from(["13", "03"])}
)


def entered(**fields: Any) -> Membership:
    member = Membership(
        id="m1", status="APPLIED", unit="u1", kind="INDIVIDUAL_ADULT",
        person=a_stored_person(**fields), created_by="li", edited_by="li", drafted_by="li",
    )  # fmt: skip
    return replace(member, timeline=(Entry(FIRST, MOMENT, member.state),))


def done(
    member: Membership, name: str, day: date, anew: dict[str, Any] | None = None
) -> Membership:
    """Return the next version of a membership; ``anew`` are the values of a whole registration."""
    action = ACTIONS.acts[name]
    check(ACTIONS, action, member, "wang", "a reason")
    check_day(action, member.timeline, day, TODAY)
    if anew is not None:
        member = replace(member, person=replace(member.person, **anew))
    after = moved(member, action, day, MOMENT, anew=anew is not None)
    return replace(after, version=member.version + 1)


def right(member: Membership, fields: dict[str, Any], run: int | None = None) -> Membership:
    after = replace(member, person=replace(member.person, **fields))
    after = corrected(member, after, MOMENT, run=run, named=list(fields))
    return replace(after, version=member.version + 1)


@st.composite
def histories(draw: st.DrawFn) -> Membership:
    """Draw a membership with a run or several: ends, also late ones, and returns of both kinds."""
    member = entered(**draw(values))
    days = sorted(draw(st.lists(st.integers(1, SPAN), min_size=6, max_size=14)))
    for ago in days:
        name = draw(st.sampled_from([*ACTIONS.allowed(member.status), "withdraw", "reapply"]))
        anew = draw(st.none() | values) if name == "reapply" else None
        late = draw(st.integers(0, 20)) if name in ("withdraw", "expel", "decease") else 0
        day = max(FIRST, FIRST + timedelta(days=ago - late))
        if name in ("reject", "expel", "decease", "void") and draw(st.integers(0, 3)):
            continue
        try:
            member = done(member, name, day, anew)
        except RegistryError:
            continue
        if member.status == "VOIDED":
            return entered()
    return member


def every_day(timeline: Timeline) -> list[Any]:
    return [state_on(timeline, FIRST + timedelta(days=number)) for number in range(-1, SPAN + 2)]


@given(histories(), values, st.data())
def test_a_member_who_is_corrected_and_corrected_back_is_as_if_never_corrected(
    member: Membership, wrong: dict[str, Any], data: st.DataObject
) -> None:
    """Seen: a value that an earlier run had too went there with the first, and never came back."""
    run = data.draw(st.none() | st.sampled_from(runs_of(member.timeline)))
    there = right(member, wrong, run)
    was = member.timeline if run is None else [e for e in member.timeline if e.run == run]
    state = was[-1].state
    assert state is not None
    back = right(there, {name: state[name] for name in wrong}, run)
    assert every_day(back.timeline) == every_day(member.timeline)
    assert back.person == member.person
    assert back.timeline[-1].state == back.state


@given(histories(), values, st.data())
def test_a_correction_of_a_member_reaches_the_runs_that_share_its_record_and_no_other(
    member: Membership, wrong: dict[str, Any], data: st.DataObject
) -> None:
    run = data.draw(st.none() | st.sampled_from(runs_of(member.timeline)))
    after = right(member, wrong, run)
    newest = member.timeline[-1]
    for was, now in zip(member.timeline, after.timeline, strict=True):
        assert was.state is not None
        meant = was.record == newest.record if run is None else was.run == run
        assert now.state == (was.state | wrong if meant else was.state)  # type: ignore[operator]
        assert (now.effective_on, now.run) == (was.effective_on, was.run)
    reported = changes(member.timeline, after.timeline)
    for number in range(-1, SPAN + 2):
        day = FIRST + timedelta(days=number)
        for state in [*every_day(member.timeline), *every_day(after.timeline)]:
            difference = sum(
                (change.now == state) - (change.was == state)
                for change in reported
                if change.effective_on <= day
            )
            wanted = (state_on(after.timeline, day) == state) - (
                state_on(member.timeline, day) == state
            )
            assert state is None or difference == wanted


@given(histories())
def test_the_runs_of_a_member_are_numbered_in_order_and_each_has_one_record(
    member: Membership,
) -> None:
    numbers = [entry.run for entry in member.timeline]
    assert numbers == sorted(numbers)
    records = {(entry.run, entry.record) for entry in member.timeline}
    assert len(records) == len(runs_of(member.timeline))
    assert member.timeline[-1].state == member.state


def twice(anew: dict[str, Any] | None) -> Membership:
    member = entered(education="20")
    for number, name in enumerate(("approve", "file", "withdraw")):
        member = done(member, name, FIRST + timedelta(days=number + 1))
    member = done(member, "reapply", FIRST + timedelta(days=10), anew)
    return done(member, "approve", FIRST + timedelta(days=11))


def test_a_member_who_returned_with_the_stored_values_is_corrected_in_both_runs() -> None:
    after = right(twice(None), {"education": "30"})
    assert [entry.state and entry.state["education"] for entry in after.timeline] == ["30"] * 6
    first = right(after, {"education": "10"}, 1)
    assert first.person.education == "30"
    shown = [(one["run"], one["education"], one["record"]) for one in runs_shown(first)]
    assert shown == [(1, "10", after.version + 1), (2, "30", 1)]
    later = right(first, {"education": None})  # the first run has a record of its own now
    assert [one["education"] for one in runs_shown(later)] == ["10", None]


def test_a_member_who_returned_by_a_registration_is_shown_by_runs() -> None:
    member = twice({"education": "10"})
    first, second = runs_shown(member)
    assert (first["run"], first["from"], first["to"]) == (1, FIRST, FIRST + timedelta(days=10))
    assert (second["run"], second["from"], second["to"]) == (2, FIRST + timedelta(days=10), None)
    assert (first["status"], second["status"]) == ("WITHDRAWN", "APPROVED")
    assert (first["education"], second["education"]) == ("20", "10")
    assert first["record"] != second["record"]
    assert set(PERSONAL) <= set(first)


def test_a_correction_of_a_run_that_a_member_never_had_is_refused() -> None:
    member, command = twice({"education": "10"}), a_command(ACTIONS.correct)
    for fields, code in (
        ({"education": "20", "run": 3}, "correction.run_unknown"),
        ({"phone": None, "run": 1}, "correction.not_of_a_run"),
    ):
        given_fields = MemberCorrection.model_validate(fields)
        with pytest.raises(Invalid) as refusal:
            MEMBERSHIPS.corrected(command, given_fields, member, member)
        assert refusal.value.code == code
    assert refusal.value.params["fields"] == list(MEMBERSHIPS.by_run)
    given_fields = MemberCorrection.model_validate({"phone": None, "run": 2})
    assert MEMBERSHIPS.corrected(command, given_fields, member, member) == member


@given(histories(), st.integers(0, SPAN))
def test_a_late_end_of_a_member_keeps_the_run_of_the_values_it_shows(
    member: Membership, ago: int
) -> None:
    assume(member.status in ACTIONS.acts["decease"].sources)
    try:
        after = done(member, "decease", TODAY - timedelta(days=ago))
    except Invalid:
        return
    newest = member.timeline[-1]
    assert (after.timeline[-1].run, after.timeline[-1].record) == (newest.run, newest.record)
    assert rules.ACTIONS.allowed(after.status) == ["void"]


@given(histories())
def test_the_runs_of_a_member_are_found_where_they_were_not_numbered(member: Membership) -> None:
    first = {entry.run: entry.state for entry in reversed(member.timeline)}
    later = [state["status"] for run, state in first.items() if run > 1 and state is not None]
    assume(set(later) <= {"APPLIED"})  # a late death leaves nothing else of its run
    older = tuple(replace(entry, run=1, record=1) for entry in member.timeline)
    found = numbered(replace(member, timeline=older)).timeline
    assert [entry.run for entry in found] == [entry.run for entry in member.timeline]
    assert [entry.record for entry in found] == [entry.run for entry in member.timeline]
    assert numbered(member) == member
