"""Ends of a membership by their effect: what empties past days is the county's."""

from datetime import timedelta

import pytest

from shared.base.clock import today
from tests.clients.member import Members
from tests.integration.effects import check_described, check_emptying


@pytest.mark.parametrize("action", ["withdraw", "expel", "decease"])
def test_an_end_of_a_member_that_empties_past_days_needs_what_voiding_needs(
    members: Members, action: str
) -> None:
    """Seen: a registrar withdrew a member as of years ago, and every figure since was lower."""
    check_emptying(members, action, "town", {"reason": "a reason"} if action == "expel" else None)


def test_a_late_end_of_a_member_who_was_never_counted_is_the_registrars(members: Members) -> None:
    day = (today() - timedelta(days=3)).isoformat()
    member = members.create(effective_on=day)
    assert members.act(member, "decease", None, {"effective_on": day}).status_code == 200


def test_the_actions_on_a_member_that_may_empty_figures_say_so(members: Members) -> None:
    check_described(members, "withdraw", "expel", "decease")
