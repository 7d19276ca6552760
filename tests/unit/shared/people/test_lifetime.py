"""The days of a person: each row of the table alone, over every run, for what a request gives."""

from dataclasses import fields, replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from member.membership.rules import DAYS as OF_MEMBERS
from shared.contract.timeline import Entry
from shared.people.lifetime import FIELDS, Lifetime, joinings, violations
from shared.register.days import FOUNDING_OF_THE_SOCIETY, Relation
from tests.unit.shared.people.entries import MOMENT
from volunteer.enrolment.rules import DAYS as OF_VOLUNTEERS

BORN = date(1961, 4, 2)
BEFORE = BORN - timedelta(days=1)
KNOWN = Lifetime(
    born=BORN, entered=date(1980, 1, 1), earlier=(date(1975, 1, 1),), consent=date(1980, 1, 1),
    guardian_consent=date(1980, 1, 1), paper=date(1980, 1, 1), kept=date(1980, 1, 1),
)  # fmt: skip
days = st.dates(date(1890, 1, 1), date(2026, 1, 1))


@pytest.mark.parametrize("table", [OF_MEMBERS, OF_VOLUNTEERS], ids=["members", "volunteers"])
def test_a_person_whose_days_are_in_order_violates_no_row(table: tuple[Relation, ...]) -> None:
    assert violations(table, KNOWN, FIELDS) == []
    names = {one.name for one in fields(Lifetime)} - {"earlier"}
    assert {row.earlier for row in table} | {row.later for row in table} == names


@pytest.mark.parametrize("name", ["entered", "consent", "guardian_consent", "paper", "kept"])
def test_each_day_of_a_person_comes_after_birth_and_is_named(name: str) -> None:
    changed: dict[str, Any] = {name: BEFORE}
    (error,) = violations(OF_MEMBERS, replace(KNOWN, **changed), FIELDS)
    assert error.field == ("birth_date" if name == "kept" else FIELDS[name])
    assert error.params == {"earlier": BORN.isoformat(), "later": BEFORE.isoformat()}


@given(st.none() | days, st.none() | days, st.lists(days, max_size=3).map(tuple), days)
def test_the_days_of_a_person_are_asked_over_every_run(
    born: date | None, entered: date | None, earlier: tuple[date, ...], consent: date
) -> None:
    known = Lifetime(born=born, entered=entered, earlier=earlier, consent=consent)
    found = {(one.field, one.code) for one in violations(OF_MEMBERS, known, FIELDS)}
    code = "member.born_after_joining"
    if born is not None:
        assert (("effective_on", code) in found) == (entered is not None and entered < born)
        assert (("birth_date", code) in found) == any(day < born for day in earlier)
        before = ("consent.given_on", "person.day_before_birth")
        assert (before in found) == (consent < born)
    society = ("consent.given_on", "person.before_society")
    assert (society in found) == (consent < FOUNDING_OF_THE_SOCIETY)


def test_a_day_of_a_person_that_nobody_changes_stops_no_request() -> None:
    wrong = Lifetime(born=BORN, earlier=(BEFORE,), consent=BEFORE)
    given_guardian = {"guardian_consent": FIELDS["guardian_consent"]}
    assert violations(OF_MEMBERS, wrong, given_guardian) == []
    corrected = violations(OF_MEMBERS, wrong, {"born": "birth_date"})
    assert {(one.field, one.code) for one in corrected} == {
        ("birth_date", "member.born_after_joining"),
        ("birth_date", "person.day_before_birth"),
    }


def test_the_first_day_of_each_run_of_a_person_is_a_joining() -> None:
    entries = [(1, 0), (1, 5), (2, 9), (3, 12), (3, 20)]
    states = tuple(Entry(BORN + timedelta(days=day), MOMENT, {}, run) for run, day in entries)
    assert joinings(states) == tuple(BORN + timedelta(days=day) for day in (0, 9, 12))
