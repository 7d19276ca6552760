"""Ends of a unit by their effect: what empties past days needs four eyes and a reason."""

from datetime import timedelta

from shared.base.clock import today
from tests.clients.org_units import Units
from tests.clients.register import check_problem
from tests.integration.effects import check_described, counted_since


def test_a_unit_that_is_closed_as_of_a_past_day_needs_what_voiding_needs(units: Units) -> None:
    day = (today() - timedelta(days=10)).isoformat()
    body = {"effective_on": day, "reason": "停止活动"}
    unit = counted_since(units)
    both = units.officer("li", "registrar", "approver")  # who made the unit
    check_problem(units.act(unit, "deactivate", both, body), 403, "four_eyes")
    without = {"effective_on": day}
    check_problem(units.act(unit, "deactivate", None, without), 422, "reason.required", "reason")
    assert units.act(unit, "deactivate", None, body).status_code == 200
    assert units.act(counted_since(units), "deactivate", both, {}).status_code == 200


def test_a_unit_that_was_active_on_past_days_is_voided_with_a_reason(units: Units) -> None:
    unit = counted_since(units)
    check_problem(units.act(unit, "void"), 422, "reason.required", "reason")
    assert units.act(unit, "void", None, {"reason": "重复"}).status_code == 200


def test_the_actions_on_a_unit_that_may_empty_figures_say_so(units: Units) -> None:
    check_described(units, "deactivate")
