"""Whatever a unit says is allowed succeeds with some input: for every status."""

import pytest

from org_units.units.rules import ACTIONS
from tests.clients.org_units import Units
from tests.clients.register import Entity
from tests.integration.allowed import check_each_succeeds

PATHS: dict[str, tuple[str, ...]] = {
    "DRAFT": (),
    "SUBMITTED": ("submit",),
    "RETURNED": ("submit", "return"),
    "APPROVED": ("submit", "approve"),
    "ACTIVE": ("submit", "approve", "activate"),
    "INACTIVE": ("submit", "approve", "activate", "deactivate"),
    "VOIDED": ("void",),
}


@pytest.mark.parametrize("status", PATHS)
def test_each_action_that_a_unit_is_promised_succeeds_with_some_input(
    units: Units, status: str
) -> None:
    def made() -> Entity:
        return units.done(units.create(), *PATHS[status], body={"reason": "a reason"})

    chief = units.officer("ma", "registrar", "approver")
    allowed = check_each_succeeds(units, made, chief, lambda _unit, _action: {"reason": "a reason"})
    assert allowed == ACTIONS.allowed(status)


def test_every_status_of_a_unit_is_walked_through() -> None:
    assert {action.target for action in ACTIONS.acts.values()} | {"DRAFT"} == set(PATHS)
