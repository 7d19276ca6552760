"""The state machine of volunteers, the registered rule as data, and who may enrol."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import product
from typing import Any, get_args

import pytest

from shared.base.errors import Conflict, Forbidden, Invalid
from shared.contract import events
from shared.contract.events.states import VolunteerState
from shared.contract.timeline import Entry, State
from shared.register import actions
from shared.register.actions import check, required
from shared.register.api import description
from shared.register.requests import ActionInput
from tests.unit.shared.people.entries import (
    MOMENT,
    TODAY,
    a_command,
    a_stored_person,
    a_writer,
)
from volunteer.enrolment import rules
from volunteer.enrolment.rules import (
    ACTIONS,
    OPEN,
    STATUSES,
    Enrolment,
    Evidence,
    Ground,
    actions_under,
)
from volunteer.enrolment.schemas import DeregisterInput
from volunteer.enrolment.service import Enrolments, enrolments_of
from volunteer.settings import RegisteredRule

RULE = RegisteredRule()
AT_ONCE = RegisteredRule(mode="ON_ENROLMENT")
ACTS = ACTIONS.acts
LEGAL: dict[tuple[str, str], str] = {
    ("APPLIED", "enrol"): "ENROLLED",
    ("DEREGISTERED", "enrol"): "ENROLLED",
    ("VOIDED", "enrol"): "ENROLLED",
    ("ENROLLED", "apply-registration"): "REG_APPLIED",
    ("REG_APPLIED", "register"): "REGISTERED",
    ("REGISTERED", "suspend"): "SUSPENDED",
    ("SUSPENDED", "resume"): "REGISTERED",
    **{(status, "deregister"): "DEREGISTERED" for status in OPEN},
    **{(status, "void"): "VOIDED" for status in STATUSES if status != "VOIDED"},
}
"""Written out apart from the table it judges."""
FACTS = {
    "enrol": "enrolled", "apply-registration": "registration-applied", "register": "registered",
    "suspend": "suspended", "resume": "resumed", "deregister": "deregistered", "void": "voided",
}  # fmt: skip


def enrolments(rule: RegisteredRule = RULE) -> Enrolments:
    return enrolments_of(a_writer(), rule)


def a_volunteer(*history: tuple[date, str], **fields: Any) -> Enrolment:
    """Return an entry that was in these statuses from these days on."""
    status = history[-1][1]
    entry = Enrolment(
        id="v1",
        status=status,
        unit="u1",
        person=a_stored_person(),
        created_by="creator",
        edited_by="creator",
        drafted_by="creator",
    )
    states = tuple(Entry(day, MOMENT, replace(entry, status=known).state) for day, known in history)
    return replace(entry, **{"timeline": () if status == "VOIDED" else states, **fields})


def move(
    name: str,
    entry: Enrolment,
    *,
    rule: RegisteredRule = RULE,
    ground: Ground = "OWN_REQUEST",
    day: date = TODAY,
    subject: str = "approver",
    reason: str | None = "a reason",
) -> Enrolment:
    """Do an action as the service does it."""
    register = enrolments(rule)
    given = ActionInput(reason=reason)
    if name == "deregister":
        given = DeregisterInput(reason=reason, ground=ground)
    command = a_command(register.actions.acts[name], subject, day=day, given=given)
    return register.acted(command, rules.returned(entry) if name == "enrol" else entry)


@pytest.mark.parametrize(("status", "name"), list(product(STATUSES, ACTS)))
def test_every_action_on_a_volunteer_works_from_its_statuses_and_from_no_other(
    status: str, name: str
) -> None:
    entry = a_volunteer((TODAY, status))
    if (status, name) in LEGAL:
        assert move(name, entry).status == LEGAL[(status, name)]
        assert ACTS[name].fact == FACTS[name]
        assert f"org.redcross.volunteer.{FACTS[name]}.v1" in events.MODELS
        return
    with pytest.raises(Conflict) as refusal:
        move(name, entry)
    assert refusal.value.code == "state.illegal"
    legal = {*LEGAL, ("DEREGISTERED", "deregister")} - {(status, name)}  # a death, that is
    allowed = [other for other in ACTS if (status, other) in legal]
    assert refusal.value.params == {"action": name, "status": status, "allowed": allowed}


@pytest.mark.parametrize("name", ACTS)
def test_an_action_on_a_volunteer_leaves_its_day_under_the_name_of_its_fact(name: str) -> None:
    status = next(status for status, known in LEGAL if known == name)
    after = move(name, a_volunteer((TODAY, status)))
    assert getattr(after, f"{FACTS[name].replace('-', '_')}_on") == TODAY


def test_what_is_counted_of_a_volunteer_satisfies_the_event_contract() -> None:
    state = VolunteerState.model_validate(a_volunteer((TODAY, "REGISTERED")).state)
    assert (state.stars, state.years_served) == (0, [])


def test_facts_of_a_volunteer_are_those_of_the_event_contract() -> None:
    facts = {action.fact for action in (ACTIONS.create, ACTIONS.correct, *ACTS.values())}
    assert (ACTIONS.noun, facts) == ("volunteer", set(events.VOLUNTEER_FACTS))


@pytest.mark.parametrize("field", ["created_by", "drafted_by", "applied_by"])
def test_the_registration_of_a_volunteer_takes_four_eyes(field: str) -> None:
    entry = a_volunteer((TODAY, "REG_APPLIED"), **{field: "approver"})
    with pytest.raises(Forbidden, match="four_eyes"):
        move("register", entry)
    assert move("register", entry, subject="another").registered_on == date(2026, 11, 23)


@pytest.mark.parametrize("name", ["register", "suspend", "resume"])
def test_the_registration_of_a_volunteer_is_the_countys(name: str) -> None:
    action = ACTS[name]
    assert (action.role, action.at_county_or_above) == ("approver", True)


@pytest.mark.parametrize(
    ("status", "name", "ground"),
    [
        ("REGISTERED", "suspend", "OWN_REQUEST"),
        ("REGISTERED", "void", "OWN_REQUEST"),
        ("REGISTERED", "deregister", "REMOVED"),
    ],
)
def test_what_is_done_against_a_volunteer_takes_a_reason(
    status: str, name: str, ground: Ground
) -> None:
    with pytest.raises(Invalid, match=r"reason\.required"):
        move(name, a_volunteer((TODAY, status)), ground=ground, reason=None)


def test_the_removal_of_a_volunteer_is_decided_at_county_and_leaving_by_nobody() -> None:
    entry = a_volunteer((TODAY, "REGISTERED"))
    for ground in get_args(Ground):
        given = DeregisterInput(ground=ground)
        asked = enrolments().required(a_command(rules.DEREGISTER, given=given), entry)
        removal = ground == "REMOVED"
        assert (asked.role, asked.at_county_or_above) == (
            ("approver", True) if removal else ("registrar", False)
        )
        assert asked.needs_reason is removal


ENDED = (
    "ground", "registration", "enrolled_on", "registration_applied_on", "registered_on",
    "suspended_on", "resumed_on", "deregistered_on", "deceased_on", "voided_on",
)  # fmt: skip
"""What an earlier time leaves that no longer holds after a return."""


def an_ended_volunteer(ground: Ground) -> Enrolment:
    """Return an entry that has everything an earlier time can leave."""
    days = {name: TODAY for name in ENDED if name.endswith("_on")}
    evidence = Evidence(basis="DOCUMENT", declared_hours=24)
    return a_volunteer((TODAY, "DEREGISTERED"), ground=ground, registration=evidence, **days)


@pytest.mark.parametrize("anew", [False, True])
@pytest.mark.parametrize("ground", get_args(Ground))
def test_only_a_volunteer_who_left_by_own_request_returns(ground: Ground, anew: bool) -> None:
    entry = an_ended_volunteer(ground)
    assert rules.returns(entry) is (ground == "OWN_REQUEST")
    assert enrolments().reopens(entry) == ("enrol" if ground == "OWN_REQUEST" else None)
    if ground == "OWN_REQUEST":
        rules.check_return(entry, anew=anew)
        back = rules.returned(entry)
        assert [getattr(back, name) for name in ENDED] == [None] * len(ENDED)
        assert back.timeline == entry.timeline
    else:
        with pytest.raises(Conflict, match=r"volunteer\.ended"):
            rules.check_return(entry, anew=anew)


def test_a_voided_volunteer_is_enrolled_anew_and_in_no_other_way() -> None:
    voided = a_volunteer((TODAY, "VOIDED"), ground="REMOVED", voided_on=date(2026, 11, 1))
    assert rules.returns(voided)
    rules.check_return(voided, anew=True)
    back = rules.returned(voided)
    assert (back.ground, back.voided_on) == (None, None)
    with pytest.raises(Invalid) as refusal:
        rules.check_return(voided, anew=False)
    assert [error.field for error in refusal.value.errors] == ["registration"]


def test_the_application_of_a_volunteer_keeps_its_fields_when_it_is_completed() -> None:
    entry = a_volunteer((TODAY, "APPLIED"), applied_on=TODAY, service_fields=("BLOOD",))
    rules.check_return(entry, anew=False)
    assert rules.returned(entry) == entry
    assert not rules.returns(entry)
    with pytest.raises(Conflict, match=r"volunteer\.application_open"):
        rules.check_return(entry, anew=True)


ENTERED = TODAY - timedelta(days=9)


@pytest.mark.parametrize(
    ("history", "grave"),
    [
        ([(TODAY, "APPLIED")], False),
        ([(ENTERED, "ENROLLED"), (TODAY, "REG_APPLIED")], False),
        ([(ENTERED, "ENROLLED"), (TODAY, "DEREGISTERED")], False),
        ([(ENTERED, "ENROLLED"), (TODAY, "REGISTERED")], True),
        ([(TODAY, "SUSPENDED")], True),  # on the very day of registration
        ([(ENTERED, "REGISTERED"), (TODAY, "ENROLLED")], True),
        ([(ENTERED, "REGISTERED"), (TODAY, "DEREGISTERED")], True),
    ],
)
def test_to_void_a_volunteer_who_was_ever_registered_takes_a_county_and_four_eyes(
    history: list[tuple[date, str]], grave: bool
) -> None:
    entry = a_volunteer(*history)
    action = required(ACTS["void"], entry)
    assert (action.at_county_or_above, action.four_eyes) == (grave, grave)
    assert move("void", entry).timeline == ()
    if not grave:
        assert move("void", entry, subject="creator").timeline == ()
        return
    for field in ("created_by", "drafted_by", "applied_by"):
        with pytest.raises(Forbidden, match="four_eyes"):
            move("void", a_volunteer(*history, **{field: "approver"}))


def test_the_return_of_a_volunteer_where_enrolment_registers_keeps_its_own_day() -> None:
    gone = a_volunteer(
        (TODAY, "DEREGISTERED"), ground="OWN_REQUEST", registered_on=date(2025, 1, 1)
    )
    back = move("enrol", gone, rule=AT_ONCE)
    assert (back.registered_on, back.enrolled_on) == (TODAY, None)
    assert back.deregistered_on is None


def test_the_death_of_a_volunteer_reported_late_withdraws_the_registration() -> None:
    days = [TODAY - timedelta(days=back) for back in (90, 60, 30)]
    entry = a_volunteer(*zip(days, ["ENROLLED", "REG_APPLIED", "REGISTERED"], strict=True))
    after = move("deregister", entry, ground="DECEASED", day=TODAY - timedelta(days=45))
    assert [known.state and known.state["status"] for known in after.timeline] == [
        "ENROLLED", "REG_APPLIED", "DEREGISTERED",
    ]  # fmt: skip
    with pytest.raises(Invalid) as refusal:
        move("deregister", entry, day=days[0] - timedelta(days=1))
    assert refusal.value.params == {"earliest": days[0].isoformat()}


@pytest.mark.parametrize(
    ("day", "code"),
    [(TODAY + timedelta(days=1), "date.future"), (date(2026, 1, 1), "date.too_early")],
)
def test_the_registration_of_a_volunteer_is_dated_within_the_application_and_today(
    day: date, code: str
) -> None:
    with pytest.raises(Invalid, match=code):
        move("register", a_volunteer((TODAY, "REG_APPLIED")), day=day)


def test_voiding_a_volunteer_withdraws_the_whole_timeline() -> None:
    assert move("void", a_volunteer((TODAY, "REGISTERED"))).timeline == ()


def corrected(entry: Enrolment, **right: Any) -> list[State]:
    """Return the states of an entry after a correction of what is known of the person."""
    after = replace(entry, person=replace(entry.person, **right))
    return [known.state or {} for known in actions.corrected(entry, after, MOMENT).timeline]


def test_a_correction_of_a_volunteer_reaches_every_state_and_no_earlier_truth() -> None:
    entry = a_volunteer((ENTERED, "ENROLLED"), (TODAY, "REGISTERED"))
    first, second = (known.state or {} for known in entry.timeline)
    assert corrected(entry) == [first, second]
    assert corrected(entry, sex="2") == [{**first, "sex": "2"}, {**second, "sex": "2"}]
    former = {**first, "education": "70"}
    last = replace(entry.timeline[1], run=2, record=5)
    other = replace(entry, timeline=(Entry(ENTERED, MOMENT, former), last))
    assert corrected(other, education="20") == [former, {**second, "education": "20"}]
    with pytest.raises(Conflict, match=r"state\.illegal"):
        check(ACTIONS, ACTIONS.correct, a_volunteer((TODAY, "VOIDED")), "registrar", None)


def test_the_application_of_a_volunteer_is_registered_at_once_where_the_rule_says_so() -> None:
    after = move("enrol", a_volunteer((TODAY, "APPLIED")), rule=AT_ONCE)
    assert (after.status, after.registered_on) == ("REGISTERED", TODAY)
    assert actions_under(AT_ONCE).acts["enrol"].fact == "registered"
    assert actions_under(AT_ONCE).noun == "volunteer"
    assert actions_under(RULE) == ACTIONS


def test_the_openapi_text_of_an_action_on_a_volunteer_names_each_case() -> None:
    assert (
        "Where the ground is REMOVED: Role: approver, granted at a county or above. A reason"
        in (description(ACTS["deregister"], "volunteer"))
    )
    counted = (
        "Where it was ever counted: Role: approver, granted at a county or above. Another person"
    )
    assert counted in description(ACTS["void"], "volunteer")
