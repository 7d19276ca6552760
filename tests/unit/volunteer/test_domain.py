"""The state machine of volunteers, the registered rule as data, and who may enrol."""

from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import Any, get_args

import pytest

from shared.base.errors import Conflict, FieldError, Forbidden, Invalid
from shared.contract import events, timeline
from shared.contract.events.states import VolunteerState
from shared.contract.timeline import Entry
from shared.people import cases
from shared.people.identifiers import IdType
from shared.people.lifecycle import Command, Outcome
from shared.web.messages import text
from volunteer import domain, schemas
from volunteer.domain import STATUSES, TRANSITIONS, RegisteredRule
from volunteer.messages import MESSAGES
from volunteer.settings import RegisteredRuleSettings, VolunteerSettings

TODAY = date(2026, 11, 23)
MOMENT = datetime(2026, 11, 23, 4, tzinfo=UTC)
RULE = RegisteredRule()
LEGAL = {
    ("APPLIED", "enrol"): "ENROLLED",
    ("DEREGISTERED", "enrol"): "ENROLLED",
    ("VOIDED", "enrol"): "ENROLLED",
    ("ENROLLED", "apply-registration"): "REG_APPLIED",
    ("REG_APPLIED", "register"): "REGISTERED",
    ("REGISTERED", "suspend"): "SUSPENDED",
    ("SUSPENDED", "resume"): "REGISTERED",
    **{(status, "deregister"): "DEREGISTERED" for status in domain.OPEN},
    **{(status, "void"): "VOIDED" for status in STATUSES if status != "VOIDED"},
}
"""Written out apart from the table it judges."""


def a_state(status: str) -> dict[str, Any]:
    countable = {
        "sex": "1", "birth_year": 1990, "education": None, "occupation": None,
        "minority": "unknown", "political": None, "unverified": False,
    }  # fmt: skip
    return domain.state_of({"unit": "u1", "status": status}, countable)


def a_volunteer(*history: tuple[date, str], **fields: Any) -> dict[str, Any]:
    entries = tuple(Entry(day, MOMENT, a_state(status)) for day, status in history)
    status = history[-1][1]
    return {
        "_id": "v1",
        "unit": "u1",
        "status": status,
        "timeline": timeline.to_documents(() if status == "VOIDED" else entries),
        "created_by": "creator",
        "edited_by": "creator",
        "drafted_by": "creator",
        **fields,
    }


def move(
    action: str,
    volunteer: dict[str, Any],
    *,
    rule: RegisteredRule = RULE,
    ground: domain.Ground = "OWN_REQUEST",
    day: date = TODAY,
    subject: str = "approver",
    reason: str | None = "a reason",
) -> Outcome:
    command = Command(day, TODAY, MOMENT, subject, reason)
    life = domain.lifecycle(rule, ground)
    return life.move(action, volunteer, a_state(volunteer["status"]), command)


@pytest.mark.parametrize(("status", "action"), list(product(STATUSES, TRANSITIONS)))
def test_every_action_on_a_volunteer_works_from_its_statuses_and_from_no_other(
    status: str, action: str
) -> None:
    volunteer = a_volunteer((TODAY, status))
    if (status, action) in LEGAL:
        outcome = move(action, volunteer)
        assert outcome.fields["status"] == LEGAL[(status, action)]
        assert outcome.fact in events.MODELS
        return
    with pytest.raises(Conflict) as refusal:
        move(action, volunteer)
    assert refusal.value.code == "state.illegal"
    allowed = [name for name in TRANSITIONS if (status, name) in LEGAL]
    assert refusal.value.params == {"action": action, "status": status, "allowed": allowed}


def test_what_is_counted_of_a_volunteer_satisfies_the_event_contract() -> None:
    state = VolunteerState.model_validate(a_state("REGISTERED"))
    assert (state.stars, state.years_served) == (0, [])


@pytest.mark.parametrize("field", ["created_by", "drafted_by", "applied_by"])
def test_the_registration_of_a_volunteer_takes_four_eyes(field: str) -> None:
    volunteer = a_volunteer((TODAY, "REG_APPLIED"), **{field: "approver"})
    with pytest.raises(Forbidden, match="four_eyes"):
        move("register", volunteer)
    assert move("register", volunteer, subject="another").fields["registered_on"] == "2026-11-23"


@pytest.mark.parametrize("action", ["register", "suspend", "resume"])
def test_the_registration_of_a_volunteer_is_the_countys(action: str) -> None:
    transition = TRANSITIONS[action]
    assert (transition.role, transition.at_county_or_above) == ("approver", True)


@pytest.mark.parametrize(
    ("status", "action", "ground"),
    [
        ("REGISTERED", "suspend", "OWN_REQUEST"),
        ("REGISTERED", "void", "OWN_REQUEST"),
        ("REGISTERED", "deregister", "REMOVED"),
    ],
)
def test_what_is_done_against_a_volunteer_takes_a_reason(
    status: str, action: str, ground: domain.Ground
) -> None:
    with pytest.raises(Invalid, match=r"reason\.required"):
        move(action, a_volunteer((TODAY, status)), ground=ground, reason=None)


def test_the_removal_of_a_volunteer_is_decided_at_county_and_leaving_by_nobody() -> None:
    removal = domain.lifecycle(RULE, "REMOVED").transitions["deregister"]
    leaving = domain.lifecycle(RULE, "OWN_REQUEST").transitions["deregister"]
    assert (removal.role, removal.at_county_or_above) == ("approver", True)
    assert (leaving.role, leaving.at_county_or_above) == ("registrar", False)


@pytest.mark.parametrize("anew", [False, True])
@pytest.mark.parametrize("ground", get_args(domain.Ground))
def test_only_a_volunteer_who_left_by_own_request_returns(ground: str, anew: bool) -> None:
    volunteer = a_volunteer((TODAY, "DEREGISTERED"), ground=ground, registered_on="2025-01-01")
    assert domain.returns(volunteer) is (ground == "OWN_REQUEST")
    if ground == "OWN_REQUEST":
        domain.check_return(volunteer, anew=anew)
        gone = domain.fields_on_return(volunteer)
        assert {"ground", "registration", "registered_on", "deregistered_on"} <= gone.keys()
        assert set(gone.values()) == {None}
    else:
        with pytest.raises(Conflict, match=r"volunteer\.ended"):
            domain.check_return(volunteer, anew=anew)


def test_a_voided_volunteer_is_enrolled_anew_and_in_no_other_way() -> None:
    voided = a_volunteer((TODAY, "VOIDED"), ground="REMOVED", voided_on="2026-11-01")
    assert domain.returns(voided)
    domain.check_return(voided, anew=True)
    assert {"ground", "voided_on"} <= domain.fields_on_return(voided).keys()
    with pytest.raises(Invalid) as refusal:
        domain.check_return(voided, anew=False)
    assert [error.field for error in refusal.value.errors] == ["registration"]


def test_the_application_of_a_volunteer_keeps_its_fields_when_it_is_completed() -> None:
    volunteer = a_volunteer((TODAY, "APPLIED"))
    domain.check_return(volunteer, anew=False)
    assert domain.fields_on_return(volunteer) == {}
    assert not domain.returns(volunteer)
    with pytest.raises(Conflict, match=r"volunteer\.application_open"):
        domain.check_return(volunteer, anew=True)


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
    volunteer = a_volunteer(*history)
    transition = domain.lifecycle(RULE).transition("void", volunteer)
    assert (transition.at_county_or_above, transition.four_eyes) == (grave, grave)
    assert move("void", volunteer).timeline == ()
    if not grave:
        assert move("void", volunteer, subject="creator").timeline == ()
        return
    for field in ("created_by", "drafted_by", "applied_by"):
        with pytest.raises(Forbidden, match="four_eyes"):
            move("void", {**volunteer, field: "approver"})


def test_the_return_of_a_volunteer_where_enrolment_registers_keeps_its_own_day() -> None:
    rule = RegisteredRule(mode="ON_ENROLMENT")
    gone = a_volunteer((TODAY, "DEREGISTERED"), ground="OWN_REQUEST", registered_on="2025-01-01")
    outcome = move("enrol", gone, rule=rule)
    written = cases.decision("enrol", outcome, domain.fields_on_return(gone)).fields
    assert (written["registered_on"], written["enrolled_on"]) == (TODAY.isoformat(), None)
    assert written["deregistered_on"] is None


def test_the_death_of_a_volunteer_told_late_takes_the_registration_with_it() -> None:
    days = [TODAY - timedelta(days=back) for back in (90, 60, 30)]
    volunteer = a_volunteer(*zip(days, ["ENROLLED", "REG_APPLIED", "REGISTERED"], strict=True))
    outcome = move("deregister", volunteer, ground="DECEASED", day=TODAY - timedelta(days=45))
    assert [entry.state and entry.state["status"] for entry in outcome.timeline] == [
        "ENROLLED", "REG_APPLIED", "DEREGISTERED",
    ]  # fmt: skip
    with pytest.raises(Invalid) as refusal:
        move("deregister", volunteer, day=days[0] - timedelta(days=1))
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


# --- the registered rule is data -------------------------------------------------------------


def codes(errors: list[FieldError]) -> list[tuple[str, str]]:
    return [(error.field, error.code) for error in errors]


@pytest.mark.parametrize(
    ("rule", "document", "hours", "expected"),
    [
        (RULE, True, None, []),
        (RULE, True, 20, []),
        (RULE, True, 19.9, [("declared_hours", "volunteer.hours_below_rule")]),
        (RULE, False, 20, [("document", "document.required")]),
        (RegisteredRule(hours=30), True, 20, [("declared_hours", "volunteer.hours_below_rule")]),
        (RegisteredRule(hours=10), True, 20, []),
        (RegisteredRule(mode="ON_ENROLMENT"), False, None, []),
        (RegisteredRule(mode="ON_ENROLMENT"), False, 1, []),
    ],
)
def test_the_evidence_of_a_volunteer_is_judged_by_the_rule_in_force(
    rule: RegisteredRule, document: bool, hours: float | None, expected: list[tuple[str, str]]
) -> None:
    found = domain.check_evidence(rule, document=document, declared_hours=hours)
    assert codes(found) == expected
    for error in found:
        shown = text(error.code, "en", error.params)
        assert str(rule.hours) in shown or error.code == "document.required"


def test_enrolment_registers_a_volunteer_where_the_rule_says_so() -> None:
    rule = RegisteredRule(mode="ON_ENROLMENT")
    assert domain.entered(rule, []) == ("REGISTERED", "registered")
    assert domain.entered(RULE, []) == ("ENROLLED", "enrolled")
    waits = [FieldError("guardian", "guardian.required")]
    assert domain.entered(rule, waits) == domain.entered(RULE, waits) == ("APPLIED", "applied")
    outcome = move("enrol", a_volunteer((TODAY, "APPLIED")), rule=rule)
    assert outcome.fields["status"] == "REGISTERED"
    assert outcome.fact == "org.redcross.volunteer.registered.v1"


def test_the_rule_for_registered_volunteers_is_read_from_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert RegisteredRule(**VolunteerSettings().registered_rule.model_dump()) == RULE
    monkeypatch.setenv("REGISTRY_VOLUNTEER_REGISTERED_RULE", '{"hours": 30}')
    assert VolunteerSettings().registered_rule == RegisteredRuleSettings(hours=30)
    monkeypatch.setenv("REGISTRY_VOLUNTEER_REGISTERED_RULE", '{"annual_recheck": true}')
    with pytest.raises(ValueError, match="annual_recheck"):
        VolunteerSettings()


# --- who may volunteer -----------------------------------------------------------------------


@pytest.mark.parametrize("id_type", list(IdType))
def test_chinese_and_foreign_documents_enrol_a_volunteer_and_no_document_does_not(
    id_type: IdType,
) -> None:
    found = codes(domain.check_applicant(id_type, date(1990, 3, 7), TODAY))
    expected = [("id_type", "volunteer.number_required")] if id_type is IdType.NONE else []
    assert found == expected


def test_the_birth_date_of_a_volunteer_is_needed_and_comes_before_enrolment() -> None:
    passport = IdType.PASSPORT
    assert codes(domain.check_applicant(passport, None, TODAY)) == [
        ("birth_date", "volunteer.birth_date_required")
    ]
    assert codes(domain.check_applicant(passport, TODAY, TODAY - timedelta(days=1))) == [
        ("effective_on", "volunteer.born_after")
    ]


@pytest.mark.parametrize(
    ("born", "consent", "waits"),
    [
        (date(2008, 11, 23), False, False),  # eighteen today
        (date(2008, 11, 24), False, True),
        (date(2008, 11, 24), True, False),
        (date(2015, 1, 1), False, True),
    ],
)
def test_below_eighteen_a_guardian_consents_for_a_volunteer(
    born: date, consent: bool, waits: bool
) -> None:
    assert bool(domain.lacks_guardian(born, TODAY, consent=consent)) is waits


@pytest.mark.parametrize("status", ["DRAFT", "SUBMITTED", "APPROVED", "INACTIVE", "CLOSING"])
def test_a_unit_that_is_not_active_takes_no_volunteer(status: str) -> None:
    assert codes(domain.check_unit(status)) == [("unit_id", "unit.not_active")]
    assert domain.check_unit("ACTIVE") == []


def test_requests_for_a_volunteer_offer_what_the_rules_know() -> None:
    assert get_args(schemas.ServiceField) == domain.SERVICE_FIELDS
    assert get_args(schemas.Status) == STATUSES


@pytest.mark.parametrize("code", MESSAGES)
def test_every_message_about_a_volunteer_speaks_both_languages(code: str) -> None:
    zh, en = (text(code, lang, {"age": 18, "hours": 20, "declared": "5"}) for lang in ("zh", "en"))
    assert zh != en
    assert zh.isascii() is False
    assert en.isascii()
