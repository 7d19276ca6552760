"""Who may join: age and guardian, document, unit, and who counts as a member of long standing."""

from datetime import date, timedelta

import pytest

from member.membership import rules
from member.settings import MemberSettings
from shared.base.errors import FieldError
from shared.people.identifiers import IdType
from shared.people.intake import ConsentInput, Guardian
from shared.register.requests import PaperDocument
from tests.unit.shared.people.entries import TODAY

CONSENT = ConsentInput(version="2026-1", channel="paper", given_on=TODAY)


def a_guardian(*, consents: bool) -> Guardian:
    return Guardian("李四光", "母亲", "+8613900001111", CONSENT if consents else None)


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
        (None, False, False, "member.birth_date_required"),
    ],
)
def test_a_member_is_old_enough_or_has_a_guardian_who_consents(
    born: str | None, guardian: bool, consent: bool, code: str | None
) -> None:
    found = rules.violations_of_age(
        date.fromisoformat(born) if born else None,
        joins_on=[TODAY],
        today=TODAY,
        guardian=a_guardian(consents=consent) if guardian else None,
        rules=MemberSettings(),
    )
    assert codes(found) == ([code] if code else [])


def test_the_age_from_which_a_member_needs_no_guardian_to_consent_is_a_setting() -> None:
    found = rules.violations_of_age(
        date(2012, 11, 23),
        joins_on=[TODAY],
        today=TODAY,
        guardian=a_guardian(consents=False),
        rules=MemberSettings(guardian_consent_below=14),
    )
    assert found == []
    assert MemberSettings().guardian_consent_below == 18


def test_a_member_who_joined_as_a_child_long_ago_needs_no_guardian_today() -> None:
    found = rules.violations_of_age(
        date(1990, 5, 1),
        joins_on=[date(2000, 6, 1)],
        today=TODAY,
        guardian=None,
        rules=MemberSettings(),
    )
    assert found == []


@pytest.mark.parametrize(
    ("id_type", "settings", "paper", "code"),
    [
        (IdType.RESIDENT_ID, MemberSettings(), False, None),
        (IdType.HMT_RESIDENCE, MemberSettings(), False, "member.hmt_not_admitted"),
        (IdType.HMT_RESIDENCE, MemberSettings(hmt_admitted=True), False, None),
        (IdType.FPR_NEW, MemberSettings(hmt_admitted=True), True, "member.not_citizen"),
        (IdType.FPR_OLD, MemberSettings(), False, "member.not_citizen"),
        (IdType.PASSPORT, MemberSettings(), False, "member.not_citizen"),
        (IdType.OTHER, MemberSettings(), True, "member.not_citizen"),
        (IdType.NONE, MemberSettings(), False, "member.number_required"),
        (IdType.NONE, MemberSettings(), True, None),
    ],
)
def test_a_member_has_a_document_of_a_type_the_rules_admit(
    id_type: IdType, settings: MemberSettings, paper: bool, code: str | None
) -> None:
    found = rules.violations_of_document_type(id_type, settings, paper_stock=paper)
    assert codes(found) == ([code] if code else [])


def test_a_member_is_filed_by_a_document_where_the_chapter_asks_for_one() -> None:
    asking, paper = MemberSettings(filing_needs_document=True), PaperDocument(number="1号")
    assert codes(rules.violations_of_filing(None, asking)) == ["document.required"]
    assert rules.violations_of_filing(paper, asking) == []
    assert rules.violations_of_filing(None, MemberSettings()) == []


def test_only_active_grassroots_units_admit_members() -> None:
    assert rules.violations_of_unit("GRASSROOTS", "ACTIVE", MemberSettings()) == []
    assert codes(rules.violations_of_unit("COUNTY", "ACTIVE", MemberSettings())) == [
        "member.unit_is_chapter"
    ]
    assert rules.violations_of_unit("COUNTY", "ACTIVE", MemberSettings(chapters_admit=True)) == []
    assert codes(rules.violations_of_unit("GRASSROOTS", "CLOSING", MemberSettings())) == [
        "unit.not_active"
    ]


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
    assert codes(rules.violations_of_stock(joined, issued, TODAY)) == ([code] if code else [])
