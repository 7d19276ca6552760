"""The count that crash trials hold the figures against, worked out by hand."""

from datetime import date

from tests.chaos.ledger import SERIES, Kept, Ledger

FIRST, SECOND, THIRD = date(2024, 3, 1), date(2025, 3, 1), date(2026, 3, 1)
MEMBERS = SERIES[1]


def a_ledger(*said: tuple[date, str]) -> Ledger:
    """Return a ledger with one member, by what was answered of it."""
    (since, status), *later = said
    ledger = Ledger()
    ledger.enter(Kept("members", "m", "u", 1, [(since, status)], {"sex": "1"}))
    for version, (day, reached) in enumerate(later, 2):
        ledger.follow("m", version, day, reached)
    return ledger


def counted(ledger: Ledger) -> list[int]:
    """Return the members on each of the three days."""
    return [ledger.by_unit(day)["members"].total() for day in (FIRST, SECOND, THIRD)]


def test_the_ledger_counts_each_status_from_its_own_day_on() -> None:
    ledger = a_ledger((FIRST, "APPLIED"), (SECOND, "ACTIVE"))
    assert counted(ledger) == [0, 1, 1]
    ledger.follow("m", 3, THIRD, "WITHDRAWN")
    assert counted(ledger) == [0, 1, 0]
    assert not ledger.wrong


def test_an_end_dated_back_replaces_in_the_ledger_what_was_said_of_later_days() -> None:
    ledger = a_ledger((FIRST, "ACTIVE"), (THIRD, "SUSPENDED"), (SECOND, "WITHDRAWN"))
    assert counted(ledger) == [1, 0, 0]


def test_what_is_void_is_on_no_day_of_the_ledger() -> None:
    assert counted(a_ledger((FIRST, "ACTIVE"), (THIRD, "VOIDED"))) == [0, 0, 0]


def test_the_ledger_has_corrected_values_on_every_day() -> None:
    ledger = a_ledger((FIRST, "ACTIVE"))
    ledger.correct("m", 2, {"sex": "2"})
    assert ledger.by_value(MEMBERS, "sex", FIRST) == {"2": 1}


def test_the_ledger_reports_a_version_that_was_skipped_or_answered_twice() -> None:
    ledger = a_ledger((FIRST, "APPLIED"), (SECOND, "APPROVED"))
    ledger.follow("m", 4, THIRD, "ACTIVE")
    ledger.enter(Kept("members", "m", "u", 1, [(FIRST, "APPLIED")]))
    assert len(ledger.wrong) == 2


def test_the_ledger_names_open_entries_of_a_void_unit() -> None:
    ledger = a_ledger((FIRST, "ACTIVE"))
    ledger.enter(Kept("units", "u", "u", 1, [(FIRST, "ACTIVE")]))
    assert ledger.left_in_void_units() == {}
    ledger.follow("u", 2, THIRD, "VOIDED")
    assert ledger.left_in_void_units() == {"u": ["members/m ACTIVE"]}
