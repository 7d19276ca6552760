"""The registered rule as data, who may volunteer, and what becomes of who is entered."""

from datetime import date, timedelta
from typing import Any, get_args

import pytest

from shared.base.errors import FieldError
from shared.people.identifiers import IdType
from shared.register.directory import Card
from shared.register.execute import initial
from shared.register.register import Decision
from shared.web.messages import text
from tests import people
from tests.unit.shared.people.entries import MOMENT, TODAY, a_command, a_writer
from volunteer.enrolment import rules
from volunteer.enrolment.messages import MESSAGES
from volunteer.enrolment.rules import ACTIONS, STATUSES, Enrolment, Status
from volunteer.enrolment.schemas import VolunteerCreate
from volunteer.enrolment.service import enrolments_of
from volunteer.settings import RegisteredRule, VolunteerSettings

RULE = RegisteredRule()
AT_ONCE = RegisteredRule(mode="ON_ENROLMENT")


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
        (AT_ONCE, False, None, []),
        (AT_ONCE, False, 1, []),
    ],
)
def test_the_evidence_of_a_volunteer_is_judged_by_the_rule_in_force(
    rule: RegisteredRule, document: bool, hours: float | None, expected: list[tuple[str, str]]
) -> None:
    found = rules.violations_of_evidence(rule, document=document, declared_hours=hours)
    assert codes(found) == expected
    for error in found:
        shown = text(error.code, "en", error.params)
        assert str(rule.hours) in shown or error.code == "document.required"


CHILD = {"id_number": people.id_number(1, "20150101")}


class ActiveUnits:
    """A directory in which every unit is active."""

    def known(self, unit: str) -> Card:
        return Card(unit, 1, unit, unit, None, "SCHOOL", "GRASSROOTS", "ACTIVE", None)


async def decided(rule: RegisteredRule, **fields: Any) -> Decision[Enrolment]:
    """Return what the rules make of a person who is entered."""
    units = ActiveUnits()
    register = enrolments_of(a_writer(units), rule)
    given = VolunteerCreate.model_validate(people.volunteer("town", **fields))
    command = a_command(ACTIONS.create, "registrar", given=given)
    return await register.decide(command, None, [units.known("town")])


@pytest.mark.parametrize(
    ("rule", "fields", "status", "fact"),
    [
        (AT_ONCE, {}, "REGISTERED", "registered"),
        (RULE, {}, "ENROLLED", "enrolled"),
        (AT_ONCE, CHILD, "APPLIED", "applied"),
        (RULE, CHILD, "APPLIED", "applied"),
        (AT_ONCE, {**CHILD, "guardian": people.guardian()}, "REGISTERED", "registered"),
        (RULE, {**CHILD, "guardian": people.guardian()}, "ENROLLED", "enrolled"),
    ],
)
async def test_enrolment_registers_a_volunteer_where_the_rule_says_so(
    rule: RegisteredRule, fields: dict[str, Any], status: str, fact: str
) -> None:
    decision = await decided(rule, **fields)
    entry = decision.entity
    assert (entry.status, decision.fact or ACTIONS.create.fact) == (status, fact)
    (first,) = initial(entry, "registrar", MOMENT, TODAY).timeline
    assert first.state is not None
    assert (first.state["status"], first.effective_on) == (status, TODAY)
    assert (entry.applied_on, getattr(entry, f"{fact}_on")) == (TODAY, TODAY)
    days = {"registered_on": entry.registered_on, "enrolled_on": entry.enrolled_on}
    assert {name for name, day in days.items() if day} == {f"{fact}_on"} - {"applied_on"}


def test_the_rule_for_registered_volunteers_is_read_from_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert VolunteerSettings().registered_rule == RULE
    monkeypatch.setenv("REGISTRY_VOLUNTEER_REGISTERED_RULE", '{"hours": 30}')
    assert VolunteerSettings().registered_rule == RegisteredRule(hours=30)
    monkeypatch.setenv("REGISTRY_VOLUNTEER_REGISTERED_RULE", '{"annual_recheck": true}')
    with pytest.raises(ValueError, match="annual_recheck"):
        VolunteerSettings()


@pytest.mark.parametrize("id_type", list(IdType))
def test_chinese_and_foreign_documents_enrol_a_volunteer_and_no_document_does_not(
    id_type: IdType,
) -> None:
    found = codes(rules.violations_of_applicant(id_type, date(1990, 3, 7), [TODAY], 6))
    expected = [("id_type", "volunteer.number_required")] if id_type is IdType.NONE else []
    assert found == expected


def test_the_birth_date_of_a_volunteer_is_needed_and_comes_before_enrolment() -> None:
    passport = IdType.PASSPORT
    assert codes(rules.violations_of_applicant(passport, None, [TODAY], 6)) == [
        ("birth_date", "volunteer.birth_date_required")
    ]
    six = date(TODAY.year - 6, TODAY.month, TODAY.day)
    assert codes(rules.violations_of_applicant(passport, six, [TODAY], 6)) == []
    days = [TODAY, TODAY - timedelta(days=1)]
    assert codes(rules.violations_of_applicant(passport, six, days, 6)) == [
        ("birth_date", "volunteer.too_young")
    ]
    assert codes(rules.violations_of_applicant(passport, six, days, 5)) == []


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
    assert bool(rules.lacks_guardian(born, TODAY, consent=consent)) is waits


@pytest.mark.parametrize("status", ["DRAFT", "SUBMITTED", "APPROVED", "INACTIVE", "CLOSING"])
def test_a_unit_that_is_not_active_takes_no_volunteer(status: str) -> None:
    assert codes(rules.violations_of_unit(status)) == [("unit_id", "unit.not_active")]
    assert rules.violations_of_unit("ACTIVE") == []


def test_requests_for_a_volunteer_offer_what_the_rules_know() -> None:
    assert get_args(rules.ServiceField) == rules.SERVICE_FIELDS
    assert get_args(Status) == STATUSES


@pytest.mark.parametrize("code", MESSAGES)
def test_every_message_about_a_volunteer_has_both_languages(code: str) -> None:
    zh, en = (text(code, lang, {"age": 18, "hours": 20, "declared": "5"}) for lang in ("zh", "en"))
    assert zh != en
    assert zh.isascii() is False
    assert en.isascii()
