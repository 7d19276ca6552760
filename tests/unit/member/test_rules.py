"""The state machine of memberships, its days, four eyes, and who may join."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import product
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from member.membership import rules
from member.membership.rules import ACTIONS, OPEN, STATUSES, Membership, Status
from member.membership.service import memberships_of
from member.settings import MemberSettings
from shared.base.errors import Conflict, Forbidden, Invalid
from shared.contract import events
from shared.contract.events.states import MemberState
from shared.contract.timeline import Entry, State
from shared.register import actions
from shared.register.actions import check, required
from shared.register.requests import PaperDocument
from tests.unit.shared.people.entries import (
    MOMENT,
    TODAY,
    a_command,
    a_stored_person,
    a_writer,
)

ACTS = ACTIONS.acts
MEMBERSHIPS = memberships_of(a_writer(), MemberSettings())
LEGAL: dict[tuple[str, str], str] = {
    ("APPLIED", "approve"): "APPROVED",
    ("APPROVED", "file"): "ACTIVE",
    ("APPLIED", "reject"): "REJECTED",
    ("APPROVED", "reject"): "REJECTED",
    ("ACTIVE", "withdraw"): "WITHDRAWN",
    ("ARREARS", "withdraw"): "WITHDRAWN",
    ("ACTIVE", "expel"): "EXPELLED",
    ("ARREARS", "expel"): "EXPELLED",
    **{
        (status, "decease"): "DECEASED"
        for status in STATUSES
        if status not in ("DECEASED", "VOIDED")
    },
    ("REJECTED", "reapply"): "APPLIED",
    ("LAPSED", "reapply"): "APPLIED",
    ("WITHDRAWN", "reapply"): "APPLIED",
    ("VOIDED", "reapply"): "APPLIED",
    **{(status, "void"): "VOIDED" for status in STATUSES if status != "VOIDED"},
}
"""Written out apart from the table it judges (docs/domain.md section 2)."""
FACTS = {
    "approve": "approved", "file": "registered", "reject": "rejected", "withdraw": "withdrawn",
    "expel": "expelled", "decease": "deceased", "void": "voided", "reapply": "reapplied",
}  # fmt: skip


def a_member(*history: tuple[date, str], **fields: Any) -> Membership:
    """Return a membership that was in these statuses from these days on."""
    status = history[-1][1]
    member = Membership(
        id="m1",
        status=status,
        unit="u1",
        kind="INDIVIDUAL_ADULT",
        person=a_stored_person(),
        created_by="creator",
        edited_by="creator",
        drafted_by="creator",
    )
    states = tuple(
        Entry(day, MOMENT, replace(member, status=known).state) for day, known in history
    )
    return replace(member, **{"timeline": () if status == "VOIDED" else states, **fields})


def move(
    name: str,
    member: Membership,
    *,
    day: date = TODAY,
    subject: str = "approver",
    reason: str | None = "a reason",
) -> Membership:
    """Do an action as the service does it."""
    command = a_command(ACTS[name], subject, day=day, reason=reason)
    before = rules.applied_again(member, subject, day) if name == "reapply" else member
    return MEMBERSHIPS.acted(command, before)


@pytest.mark.parametrize(("status", "name"), list(product(STATUSES, ACTS)))
def test_every_action_on_a_member_works_from_its_statuses_and_from_no_other(
    status: str, name: str
) -> None:
    member = a_member((TODAY, status))
    if (status, name) in LEGAL:
        assert move(name, member).status == LEGAL[(status, name)]
        assert ACTS[name].fact == FACTS[name]
        return
    with pytest.raises(Conflict) as refusal:
        move(name, member)
    assert refusal.value.code == "state.illegal"
    assert refusal.value.params == {
        "action": name,
        "status": status,
        "allowed": [other for other in ACTS if (status, other) in LEGAL],
    }


@pytest.mark.parametrize("name", ACTS)
def test_an_action_on_a_member_leaves_its_day_under_the_name_of_its_fact(name: str) -> None:
    status = next(status for status, known in LEGAL if known == name)
    after = move(name, a_member((TODAY, status)))
    assert getattr(after, f"{FACTS[name]}_on") == TODAY


def test_facts_of_a_member_are_those_of_the_event_contract() -> None:
    facts = {action.fact for action in (ACTIONS.create, ACTIONS.correct, *ACTS.values())}
    assert (ACTIONS.noun, facts) == ("member", set(events.MEMBER_FACTS))
    assert "org.redcross.member.members-imported.v1" in events.MODELS


def test_what_is_counted_of_a_member_satisfies_the_event_contract() -> None:
    state = MemberState.model_validate(a_member((TODAY, "ACTIVE")).state)
    assert (state.status, state.birth_year, state.grade) == ("ACTIVE", 1990, "ORDINARY")


def test_statuses_of_a_member_are_the_same_in_requests_and_in_rules() -> None:
    assert get_args(Status) == STATUSES


def test_actions_on_a_member_reach_every_status_that_has_an_action() -> None:
    reached, frontier = {ACTIONS.create.target}, [ACTIONS.create.target]
    while frontier:
        for name in ACTIONS.allowed(frontier.pop()):
            target = ACTS[name].target
            if target and target not in reached:
                reached.add(target)
                frontier.append(target)
    # The clock rules (ARREARS, LAPSED) and merging come with dues and duplicates.
    assert set(STATUSES) - reached == {"ARREARS", "LAPSED", "MERGED"}


@pytest.mark.parametrize("name", ["approve", "file"])
@pytest.mark.parametrize("field", ["created_by", "drafted_by", "applied_by"])
def test_creator_and_last_editor_of_a_member_may_not_approve_or_file(name: str, field: str) -> None:
    status = "APPLIED" if name == "approve" else "APPROVED"
    member = a_member((TODAY, status), **{field: "approver"})
    with pytest.raises(Forbidden) as refusal:
        move(name, member)
    assert refusal.value.code == "four_eyes"


def test_who_approved_a_member_may_also_file() -> None:
    member = a_member((TODAY, "APPROVED"), edited_by="approver")
    assert move("file", member).status == "ACTIVE"


def test_who_approved_a_member_of_his_own_entry_by_another_way_may_not_file() -> None:
    member = a_member((TODAY, "APPROVED"), edited_by="approver", created_by="approver")
    with pytest.raises(Forbidden):
        move("file", member)


def test_whoever_acted_last_may_be_the_editor_of_a_member_whose_entry_does_not_name_it() -> None:
    member = a_member((TODAY, "APPLIED"), edited_by="approver", drafted_by=None)
    with pytest.raises(Forbidden):
        move("approve", member)


JOINED = TODAY - timedelta(days=9)


@pytest.mark.parametrize(
    ("history", "grave"),
    [
        ([(TODAY, "APPLIED")], False),
        ([(JOINED, "APPLIED"), (TODAY, "APPROVED")], False),
        ([(JOINED, "APPLIED"), (TODAY, "REJECTED")], False),
        ([(JOINED, "APPLIED"), (TODAY, "DECEASED")], False),
        ([(TODAY, "ACTIVE")], True),
        ([(JOINED, "ACTIVE"), (TODAY, "ARREARS")], True),
        ([(JOINED, "ACTIVE"), (TODAY, "APPLIED")], True),
        ([(JOINED, "ACTIVE"), (TODAY, "DECEASED")], True),
        ([(TODAY, "WITHDRAWN")], True),  # on the very day of filing
        ([(TODAY, "EXPELLED")], True),
    ],
)
def test_to_void_a_member_who_was_ever_counted_takes_a_county_and_four_eyes(
    history: list[tuple[date, str]], grave: bool
) -> None:
    member = a_member(*history)
    action = required(ACTS["void"], member)
    assert (action.at_county_or_above, action.four_eyes) == (grave, grave)
    assert move("void", member).timeline == ()
    if not grave:
        assert move("void", member, subject="creator").timeline == ()
        return
    for field in ("created_by", "drafted_by", "applied_by"):
        with pytest.raises(Forbidden, match="four_eyes"):
            move("void", a_member(*history, **{field: "approver"}))


def test_a_member_is_not_voided_before_the_entry_began() -> None:
    with pytest.raises(Invalid) as refusal:
        move("void", a_member((JOINED, "APPLIED"), (TODAY, "APPROVED")), day=date(1, 1, 1))
    assert refusal.value.params == {"earliest": JOINED.isoformat()}


@pytest.mark.parametrize("name", ["reject", "expel", "void"])
def test_grave_actions_on_a_member_need_a_reason(name: str) -> None:
    status = "APPLIED" if name == "reject" else "ACTIVE"
    with pytest.raises(Invalid) as refusal:
        move(name, a_member((TODAY, status)), reason=None)
    assert refusal.value.errors[0].field == "reason"


def test_no_action_on_a_member_is_dated_after_today() -> None:
    with pytest.raises(Invalid) as refusal:
        move("approve", a_member((TODAY, "APPLIED")), day=TODAY + timedelta(days=1))
    assert refusal.value.code == "date.future"


def test_the_approval_of_a_member_cannot_precede_the_application() -> None:
    with pytest.raises(Invalid) as refusal:
        move("approve", a_member((TODAY, "APPLIED")), day=TODAY - timedelta(days=1))
    assert refusal.value.code == "date.too_early"
    assert refusal.value.params == {"earliest": TODAY.isoformat()}


def test_the_death_of_a_member_reported_late_supersedes_what_came_after_it() -> None:
    days = [TODAY - timedelta(days=n) for n in (30, 20, 10)]
    member = a_member(*zip(days, ("APPLIED", "APPROVED", "ACTIVE"), strict=True))
    after = move("decease", member, day=TODAY - timedelta(days=15))
    assert [(e.effective_on, e.state and e.state["status"]) for e in after.timeline] == [
        (days[0], "APPLIED"),
        (days[1], "APPROVED"),
        (TODAY - timedelta(days=15), "DECEASED"),
    ]


def test_a_withdrawal_cannot_precede_the_membership() -> None:
    member = a_member((TODAY - timedelta(days=9), "APPROVED"), (TODAY, "ACTIVE"))
    with pytest.raises(Invalid) as refusal:
        move("withdraw", member, day=TODAY - timedelta(days=1))
    assert refusal.value.params == {"earliest": TODAY.isoformat()}


def test_the_withdrawal_of_a_member_may_precede_arrears() -> None:
    joined = TODAY - timedelta(days=400)
    member = a_member((joined, "ACTIVE"), (TODAY - timedelta(days=9), "ARREARS"))
    after = move("withdraw", member, day=TODAY - timedelta(days=200))
    assert [e.effective_on for e in after.timeline] == [joined, TODAY - timedelta(days=200)]


def test_a_voided_member_counts_nowhere_and_may_be_applied_for_again() -> None:
    assert move("void", a_member((TODAY, "ACTIVE"))).timeline == ()
    voided = a_member((TODAY, "VOIDED"), registered_on=JOINED, voided_on=TODAY)
    again = move("reapply", voided, day=date(2020, 1, 1))
    assert [e.effective_on for e in again.timeline] == [date(2020, 1, 1)]
    assert again.applied_by == "approver"
    assert again.applied_on == date(2020, 1, 1)
    assert again.registered_on is None


ENDED = (
    "approved_on", "registered_on", "rejected_on", "withdrawn_on", "expelled_on", "deceased_on",
    "voided_on",
)  # fmt: skip


def test_a_member_who_applies_again_keeps_no_day_of_the_earlier_time() -> None:
    paper = PaperDocument(number="8")
    days = dict.fromkeys((*ENDED, "applied_on", "reapplied_on"), JOINED)
    ended = a_member((JOINED, "ACTIVE"), (TODAY, "WITHDRAWN"), filing=paper, **days)
    again = move("reapply", ended)
    assert [getattr(again, name) for name in ENDED] == [None] * len(ENDED)
    assert (again.applied_on, again.reapplied_on, again.applied_by) == (TODAY, TODAY, "approver")
    assert again.filing == paper  # as before: only a new filing replaces it


def test_a_member_is_filed_by_the_document_that_the_filing_names() -> None:
    paper = PaperDocument(number="8")
    filed = rules.filed(a_member((TODAY, "ACTIVE")), paper)
    assert filed.filing == paper
    assert rules.filed(filed, None).filing is None


def corrected(member: Membership, **right: Any) -> list[State]:
    """Return the states of a membership after a correction of what is known of the person."""
    after = replace(member, person=replace(member.person, **right))
    return [entry.state or {} for entry in actions.corrected(member, after, MOMENT).timeline]


def test_a_correction_of_a_member_reaches_every_state_and_no_voided_entry() -> None:
    member = a_member((JOINED, "APPLIED"), (TODAY, "ACTIVE"))
    assert [state["sex"] for state in corrected(member, sex="2")] == ["2", "2"]
    with pytest.raises(Conflict) as refusal:
        check(ACTIONS, ACTIONS.correct, a_member((TODAY, "VOIDED")), "registrar", None)
    assert refusal.value.code == "state.illegal"
    for status in set(STATUSES) - {"VOIDED"}:
        check(ACTIONS, ACTIONS.correct, a_member((TODAY, status)), "registrar", None)


@given(st.lists(st.tuples(st.sampled_from(sorted(ACTS)), st.integers(0, 40)), max_size=12))
def test_any_history_of_a_member_keeps_the_timeline_in_order_and_ends_in_the_status(
    commands: list[tuple[str, int]],
) -> None:
    member = a_member((TODAY - timedelta(days=40), "APPLIED"))
    for name, ago in commands:
        day = TODAY - timedelta(days=ago)
        try:
            after = move(name, member, day=day, subject=f"{name}{ago}")
        except (Conflict, Invalid, Forbidden):
            continue
        days = [entry.effective_on for entry in after.timeline]
        assert days == sorted(set(days))
        assert all(known <= TODAY for known in days)
        last = after.timeline[-1].state if after.timeline else None
        if after.status == "VOIDED":
            assert last is None
        else:
            assert last is not None
            assert last["status"] == after.status
            assert after.timeline[-1].effective_on == day
        member = replace(after, edited_by="someone")
    states = [entry.state or {} for entry in member.timeline[-1:]]
    assert (member.status in OPEN) == any(state["status"] in OPEN for state in states)
