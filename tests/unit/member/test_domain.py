"""The state machine of memberships, its days, four eyes, and who may join."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from member import domain
from member.domain import LIFE, OPEN, STATUSES, TRANSITIONS, Rules
from member.settings import MemberSettings
from shared.base.errors import Conflict, FieldError, Forbidden, Invalid
from shared.contract import events, timeline
from shared.contract.timeline import Entry
from shared.people.identifiers import IdType
from shared.people.lifecycle import Command, Outcome

TODAY = date(2026, 11, 23)
MOMENT = datetime(2026, 11, 23, 4, tzinfo=UTC)
COUNTABLE = {
    "sex": "1", "birth_year": 1990, "education": None, "occupation": None, "minority": "unknown",
    "political": None, "unverified": False,
}  # fmt: skip


def a_state(status: str = "APPLIED") -> dict[str, Any]:
    return {
        "unit": "u1", "status": status, "kind": "INDIVIDUAL_ADULT", "grade": "ORDINARY",
        **COUNTABLE,
    }  # fmt: skip


def a_member(*history: tuple[date, str], **fields: Any) -> dict[str, Any]:
    entries = tuple(Entry(day, MOMENT, a_state(status)) for day, status in history)
    return {
        "_id": "m1",
        "version": 1,
        "status": history[-1][1],
        "unit": "u1",
        "kind": "INDIVIDUAL_ADULT",
        "grade": "ORDINARY",
        "timeline": timeline.to_documents(entries),
        "created_by": "creator",
        "edited_by": "creator",
        "drafted_by": "creator",
        **fields,
    }


def move(
    action: str,
    member: dict[str, Any],
    *,
    day: date = TODAY,
    subject: str = "approver",
    reason: str | None = "a reason",
) -> Outcome:
    command = Command(day, TODAY, MOMENT, subject, reason)
    if action == "reapply":
        return domain.apply_again(member, a_state(), command)
    return LIFE.move(action, member, a_state(), command)


@pytest.mark.parametrize("action", TRANSITIONS)
@pytest.mark.parametrize("status", STATUSES)
def test_every_action_on_a_member_works_from_its_statuses_and_from_no_other(
    action: str, status: str
) -> None:
    member = a_member((TODAY, status))
    if status in TRANSITIONS[action].sources:
        outcome = move(action, member)
        assert outcome.fields["status"] == TRANSITIONS[action].target
        assert outcome.fact == f"org.redcross.member.{TRANSITIONS[action].fact}.v1"
        return
    with pytest.raises(Conflict) as refusal:
        move(action, member)
    assert refusal.value.code == "state.illegal"
    assert refusal.value.params == {
        "action": action,
        "status": status,
        "allowed": LIFE.allowed(status),
    }


def test_facts_of_a_member_are_those_of_the_event_contract() -> None:
    known = {f"org.redcross.member.{t.fact}.v1" for t in TRANSITIONS.values()}
    assert known <= events.MODELS.keys()
    assert domain.IMPORTED in events.MODELS


def test_actions_on_a_member_reach_every_status_that_has_an_action() -> None:
    reached, frontier = {"APPLIED"}, ["APPLIED"]
    while frontier:
        for action in LIFE.allowed(frontier.pop()):
            target = TRANSITIONS[action].target
            if target not in reached:
                reached.add(target)
                frontier.append(target)
    # The clock rules (ARREARS, LAPSED) and merging come with dues and duplicates.
    assert set(STATUSES) - reached == {"ARREARS", "LAPSED", "MERGED"}


@pytest.mark.parametrize("action", ["approve", "file"])
@pytest.mark.parametrize("field", ["created_by", "drafted_by", "applied_by"])
def test_creator_and_last_editor_of_a_member_may_not_approve_or_file(
    action: str, field: str
) -> None:
    status = "APPLIED" if action == "approve" else "APPROVED"
    member = a_member((TODAY, status), **{field: "approver"})
    with pytest.raises(Forbidden) as refusal:
        move(action, member)
    assert refusal.value.code == "four_eyes"


def test_who_approved_a_member_may_also_file() -> None:
    member = a_member((TODAY, "APPROVED"), last_action="approve", edited_by="approver")
    assert move("file", member).fields["status"] == "ACTIVE"


def test_who_approved_a_member_of_his_own_entry_by_another_way_may_not_file() -> None:
    member = a_member(
        (TODAY, "APPROVED"), last_action="approve", edited_by="approver", created_by="approver"
    )
    with pytest.raises(Forbidden):
        move("file", member)


def test_whoever_acted_last_may_be_the_editor_of_a_member_whose_entry_does_not_tell_it() -> None:
    member = a_member((TODAY, "APPLIED"), edited_by="approver")
    del member["drafted_by"]
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
    transition = LIFE.transition("void", member)
    assert (transition.at_county_or_above, transition.four_eyes) == (grave, grave)
    assert move("void", member).timeline == ()
    if not grave:
        assert move("void", member, subject="creator").timeline == ()
        return
    for field in ("created_by", "drafted_by", "applied_by"):
        with pytest.raises(Forbidden, match="four_eyes"):
            move("void", {**member, field: "approver"})


def test_a_member_is_not_voided_before_the_entry_began() -> None:
    with pytest.raises(Invalid) as refusal:
        move("void", a_member((JOINED, "APPLIED"), (TODAY, "APPROVED")), day=date(1, 1, 1))
    assert refusal.value.params == {"earliest": JOINED.isoformat()}


@pytest.mark.parametrize("action", ["reject", "expel", "void"])
def test_grave_actions_on_a_member_need_a_reason(action: str) -> None:
    status = "APPLIED" if action == "reject" else "ACTIVE"
    with pytest.raises(Invalid) as refusal:
        move(action, a_member((TODAY, status)), reason=None)
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


def test_the_death_of_a_member_told_late_supersedes_what_came_after_it() -> None:
    days = [TODAY - timedelta(days=n) for n in (30, 20, 10)]
    member = a_member(*zip(days, ("APPLIED", "APPROVED", "ACTIVE"), strict=True))
    outcome = move("decease", member, day=TODAY - timedelta(days=15))
    assert [(e.effective_on, e.state and e.state["status"]) for e in outcome.timeline] == [
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
    outcome = move("withdraw", member, day=TODAY - timedelta(days=200))
    assert [e.effective_on for e in outcome.timeline] == [joined, TODAY - timedelta(days=200)]


def test_a_voided_member_counts_nowhere_and_may_be_applied_for_again() -> None:
    outcome = move("void", a_member((TODAY, "ACTIVE")))
    assert outcome.timeline == ()
    voided = a_member((TODAY, "VOIDED")) | {"timeline": []}
    again = move("reapply", voided, day=date(2020, 1, 1))
    assert [e.effective_on for e in again.timeline] == [date(2020, 1, 1)]
    assert again.fields["applied_by"] == "approver"
    assert again.fields["applied_on"] == "2020-01-01"
    assert again.fields["registered_on"] is None


def corrected(member: dict[str, Any], **right: Any) -> list[dict[str, Any]]:
    """Return the states of an entry after a correction of its present state."""
    was = dict(member["timeline"][-1]["state"])
    outcome = LIFE.corrected(member, was, {**was, **right}, MOMENT)
    return [dict(entry.state or {}) for entry in outcome.timeline]


def test_a_correction_of_a_member_reaches_every_state_and_no_voided_entry() -> None:
    member = a_member((JOINED, "APPLIED"), (TODAY, "ACTIVE"))
    assert [state["sex"] for state in corrected(member, sex="2")] == ["2", "2"]
    with pytest.raises(Conflict):
        LIFE.corrected(a_member((TODAY, "VOIDED")), a_state(), a_state(), MOMENT)


def test_a_correction_of_a_member_leaves_what_an_earlier_time_says_otherwise() -> None:
    member = a_member((JOINED, "ACTIVE"), (TODAY, "ACTIVE"))
    first, second = (item["state"] for item in member["timeline"])
    first |= {"kind": "INDIVIDUAL_YOUTH", "education": "70"}
    second |= {"kind": "INDIVIDUAL_ADULT", "education": "20"}
    assert corrected(member) == [first, second]
    assert corrected(member, education="30") == [first, {**second, "education": "30"}]
    assert corrected(member, sex="2") == [{**first, "sex": "2"}, {**second, "sex": "2"}]


def codes(errors: list[FieldError]) -> list[str]:
    return [error.code for error in errors]


@pytest.mark.parametrize(
    ("born", "guardian", "consent", "code"),
    [
        ("2018-11-24", True, True, "member.too_young"),
        ("2018-11-23", True, True, None),
        ("2012-11-24", False, False, "guardian.required"),
        ("2012-11-24", True, False, "guardian.required"),
        ("2012-11-24", True, True, None),
        ("2012-11-23", True, False, "guardian.required"),
        ("2012-11-23", True, True, None),
        ("2008-11-24", True, False, "guardian.required"),
        ("2008-11-24", False, False, "guardian.required"),
        ("2008-11-24", True, True, None),
        ("2008-11-23", False, False, None),
        ("2026-11-24", False, False, "member.born_after_joining"),
        (None, False, False, "member.birth_date_required"),
    ],
)
def test_a_member_is_old_enough_or_has_a_guardian_who_consents(
    born: str | None, guardian: bool, consent: bool, code: str | None
) -> None:
    found = domain.check_age(
        date.fromisoformat(born) if born else None,
        joins_on=TODAY,
        today=TODAY,
        guardian=guardian,
        guardian_consent=consent,
        rules=Rules(),
    )
    assert codes(found) == ([code] if code else [])


def test_the_age_from_which_a_member_needs_no_guardian_to_consent_is_a_setting() -> None:
    found = domain.check_age(
        date(2012, 11, 23), joins_on=TODAY, today=TODAY, guardian=True, guardian_consent=False,
        rules=Rules(guardian_consent_below=14),
    )  # fmt: skip
    assert found == []
    assert MemberSettings().guardian_consent_below == Rules().guardian_consent_below == 18


def test_a_member_who_joined_as_a_child_long_ago_needs_no_guardian_today() -> None:
    found = domain.check_age(
        date(1990, 5, 1), joins_on=date(2000, 6, 1), today=TODAY, guardian=False,
        guardian_consent=False, rules=Rules(),
    )  # fmt: skip
    assert found == []


@pytest.mark.parametrize(
    ("id_type", "rules", "paper", "code"),
    [
        (IdType.RESIDENT_ID, Rules(), False, None),
        (IdType.HMT_RESIDENCE, Rules(), False, "member.hmt_not_admitted"),
        (IdType.HMT_RESIDENCE, Rules(hmt_admitted=True), False, None),
        (IdType.FPR_NEW, Rules(hmt_admitted=True), True, "member.not_citizen"),
        (IdType.FPR_OLD, Rules(), False, "member.not_citizen"),
        (IdType.PASSPORT, Rules(), False, "member.not_citizen"),
        (IdType.OTHER, Rules(), True, "member.not_citizen"),
        (IdType.NONE, Rules(), False, "member.number_required"),
        (IdType.NONE, Rules(), True, None),
    ],
)
def test_a_member_has_a_document_of_a_type_the_rules_admit(
    id_type: IdType, rules: Rules, paper: bool, code: str | None
) -> None:
    found = domain.check_document_type(id_type, rules, paper_stock=paper)
    assert codes(found) == ([code] if code else [])


def test_only_active_grassroots_units_admit_members() -> None:
    assert domain.check_unit("GRASSROOTS", "ACTIVE", Rules()) == []
    assert codes(domain.check_unit("COUNTY", "ACTIVE", Rules())) == ["member.unit_is_chapter"]
    assert domain.check_unit("COUNTY", "ACTIVE", Rules(chapters_admit=True)) == []
    assert codes(domain.check_unit("GRASSROOTS", "CLOSING", Rules())) == ["unit.not_active"]


@pytest.mark.parametrize(
    ("joined", "issued", "code"),
    [
        (None, None, "member.joined_on_required"),
        (TODAY + timedelta(days=1), None, "member.not_of_long_standing"),
        (TODAY, None, "member.not_of_long_standing"),
        (TODAY, TODAY, "member.not_of_long_standing"),
        (TODAY - timedelta(days=1), None, None),
        (TODAY - timedelta(days=1), TODAY - timedelta(days=1), None),
        (TODAY - timedelta(days=1), TODAY - timedelta(days=2), "member.joined_after_document"),
    ],
)
def test_stock_is_who_was_a_member_before_today_and_when_the_paper_was_issued(
    joined: date | None, issued: date | None, code: str | None
) -> None:
    assert codes(domain.check_stock(joined, issued, TODAY)) == ([code] if code else [])


@given(st.lists(st.tuples(st.sampled_from(sorted(TRANSITIONS)), st.integers(0, 40)), max_size=12))
def test_any_history_of_a_member_keeps_the_timeline_in_order_and_ends_in_the_status(
    commands: list[tuple[str, int]],
) -> None:
    member = a_member((TODAY - timedelta(days=40), "APPLIED"))
    for action, ago in commands:
        day = TODAY - timedelta(days=ago)
        try:
            outcome = move(action, member, day=day, subject=f"{action}{ago}")
        except (Conflict, Invalid, Forbidden):
            continue
        days = [entry.effective_on for entry in outcome.timeline]
        assert days == sorted(set(days))
        assert all(known <= TODAY for known in days)
        last = outcome.timeline[-1].state if outcome.timeline else None
        if outcome.fields["status"] == "VOIDED":
            assert last is None
        else:
            assert last is not None
            assert last["status"] == outcome.fields["status"]
            assert outcome.timeline[-1].effective_on == day
        member = {
            **member,
            **outcome.fields,
            "timeline": timeline.to_documents(outcome.timeline),
            "edited_by": "someone",
        }
    assert (member["status"] in OPEN) == bool(
        member["timeline"] and member["timeline"][-1]["state"]["status"] in OPEN
    )
