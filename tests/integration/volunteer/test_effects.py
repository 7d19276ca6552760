"""Ends of an enrolment by their effect: what empties past days is the county's."""

from typing import Any

import pytest

from tests.clients.volunteer import Volunteers
from tests.integration.effects import SINCE, check_described, check_emptying


@pytest.mark.parametrize(
    ("action", "body"),
    [
        ("deregister", {}),
        ("deregister", {"ground": "DECEASED"}),
        ("suspend", {"reason": "a reason"}),
    ],
)
def test_an_end_of_a_volunteer_that_empties_past_days_needs_what_voiding_needs(
    volunteers: Volunteers, action: str, body: dict[str, Any]
) -> None:
    check_emptying(volunteers, action, "town", body)


def test_a_volunteer_who_was_only_enrolled_is_in_a_past_figure_too(volunteers: Volunteers) -> None:
    entry = volunteers.create(effective_on=SINCE.isoformat())
    left = {"effective_on": SINCE.isoformat(), "reason": "迁出"}
    assert volunteers.act(entry, "deregister", None, left).json()["code"] == "figures.emptied"
    done = volunteers.act(entry, "deregister", volunteers.approver, left)
    assert (done.status_code, done.json()["status"]) == (200, "DEREGISTERED")


def test_the_actions_on_a_volunteer_that_may_empty_figures_say_so(volunteers: Volunteers) -> None:
    check_described(volunteers, "suspend", "deregister")
