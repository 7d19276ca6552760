"""A unit of a corrected type or parent: its states, and the approval it needs again."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from org_units.units.placement import written_code
from org_units.units.rules import Unit, replaced
from shared.base.errors import Conflict
from shared.contract.timeline import Entry

NOW = datetime(2026, 12, 1, tzinfo=UTC)
DAYS = [date(2026, 1, day) for day in (1, 2, 3)]


def unit(*statuses: str) -> Unit:
    """Return a school that had these statuses, a day each."""
    found = Unit(
        id="u", name="u", status="", type="SCHOOL", level="GRASSROOTS", parent_id="p",
        lineage=("p", "u"),
    )  # fmt: skip
    for day, status in zip(DAYS, statuses, strict=False):
        found = replace(found, status=status)
        found = replace(found, timeline=(*found.timeline, Entry(day, NOW, found.state)))
    return found


@pytest.mark.parametrize("status", ["DRAFT", "SUBMITTED", "RETURNED"])
def test_a_unit_that_is_not_approved_keeps_its_status_when_its_place_is_corrected(
    status: str,
) -> None:
    after = unit("DRAFT", status)
    assert replaced(after, replace(after, type="OTHER"), "li", NOW) == after


def test_the_approval_of_a_unit_of_another_place_is_withdrawn_from_its_own_day() -> None:
    after = replaced(unit("DRAFT", "SUBMITTED", "APPROVED"), unit("APPROVED"), "li", NOW)
    assert (after.status, after.submitted_by) == ("SUBMITTED", "li")
    assert [(entry.effective_on, entry.state and entry.state["status"]) for entry in after.timeline] == [
        (DAYS[0], "DRAFT"), (DAYS[1], "SUBMITTED"), (DAYS[2], "SUBMITTED"),
    ]  # fmt: skip
    assert "li" in after.authors


@pytest.mark.parametrize(("unit_type", "field"), [("OTHER", "type"), ("SCHOOL", "parent_id")])
@pytest.mark.parametrize("status", ["ACTIVE", "INACTIVE"])
def test_a_unit_that_was_active_keeps_its_type_and_parent(
    status: str, unit_type: str, field: str
) -> None:
    before = replace(unit(status), ever_active=True)
    with pytest.raises(Conflict, match=r"unit\.was_active") as refusal:
        replaced(replace(before, type=unit_type), before, "li", NOW)
    assert refusal.value.errors[0].field == field


@given(st.from_regex(r"[0-9]{6}[A-Z][0-9]{3}[1-9][0-9A-Z]", fullmatch=True))
def test_a_unit_code_is_recognised_however_it_is_typed(code: str) -> None:
    assert written_code(f" {code.lower()}") == code
    for text in (code[:-1], f"{code}0", f"小学{code}"):
        assert written_code(text) is None
