"""Whatever a volunteer's entry says is allowed succeeds with some input: for every status and entry."""

from typing import Any

import pytest

from tests import people
from tests.clients.register import Entity
from tests.clients.volunteer import Volunteers
from tests.integration.allowed import check_each_succeeds
from volunteer.enrolment.rules import ACTIONS, STATUSES

LEFT: Entity = {"ground": "OWN_REQUEST"}
PATHS: dict[str, tuple[tuple[str, Entity], ...]] = {
    "ENROLLED": (),
    "REG_APPLIED": (("apply-registration", {}),),
    "REGISTERED": (("apply-registration", {}), ("register", {})),
    "SUSPENDED": (("apply-registration", {}), ("register", {}), ("suspend", {})),
    "VOIDED": (("void", {}),),
    "DEREGISTERED": (("deregister", LEFT),),
    "DEREGISTERED, removed": (("deregister", {"ground": "REMOVED"}),),
    "DEREGISTERED, dead": (("deregister", {"ground": "DECEASED"}),),
    "DEREGISTERED, twice there": (("deregister", {"ground": "DUPLICATE"}),),
    "returned": (("deregister", LEFT), ("enrol", {})),
    "returned for good": (("deregister", LEFT), ("enrol", {}), ("deregister", LEFT)),
}
CASES = [
    *((entry, status) for entry in ("adult", "minor") for status in PATHS),
    *(("foreigner", status) for status in ("ENROLLED", "VOIDED", "DEREGISTERED")),
    ("waiting", "ENROLLED"),
]
"""An entry that waits for a guardian is APPLIED."""


class Entries:
    """Makes entries of one kind in one status, and says with what an action on them succeeds."""

    def __init__(self, volunteers: Volunteers, entry: str, status: str) -> None:
        self.volunteers, self.entry, self.status = volunteers, entry, status
        self.registrations: dict[str, Entity] = {}

    def make(self) -> Entity:
        fields: dict[str, dict[str, Any]] = {
            "adult": {},
            "minor": {**people.child(15), "guardian": people.guardian()},
            "waiting": people.child(15),
            "foreigner": {**people.child(30), "sex": "2"},
        }
        body = self.volunteers.body(**fields[self.entry])
        entry: Entity = self.volunteers.post(body).json()
        self.registrations[entry["id"]] = {**body, "guardian": people.guardian()}
        path = () if self.entry == "waiting" else PATHS[self.status]
        for action, given in path:
            who = self.volunteers.approver if given.get("ground") == "REMOVED" else None
            body = {**self.given(entry, action), **given}
            entry = self.volunteers.done(entry, action, who=who, body=body)
        return entry

    def given(self, entry: Entity, action: str) -> Entity:
        body: Entity = {"reason": "a reason", **self.volunteers.bodies.get(action, {})}
        if action == "enrol" and entry["status"] == "VOIDED":
            body["registration"] = self.registrations[entry["id"]]
        if action == "enrol" and entry["status"] == "APPLIED":
            body["guardian"] = people.guardian()
        if action == "deregister" and entry["status"] == "DEREGISTERED":
            body["ground"] = "DECEASED"
        return body


@pytest.mark.parametrize(("entry", "status"), CASES)
def test_each_action_that_a_volunteer_is_promised_succeeds_with_some_input(
    volunteers: Volunteers, entry: str, status: str
) -> None:
    entries = Entries(volunteers, entry, status)
    chief = volunteers.officer("ma", "registrar", "approver")
    allowed = check_each_succeeds(volunteers, entries.make, chief, entries.given)
    present = volunteers.read(entries.make()).json()["status"]
    assert set(allowed) <= set(ACTIONS.allowed(present))
    assert allowed or present == "DEREGISTERED"


def test_every_status_of_a_volunteer_is_walked_through() -> None:
    assert {name.split(",")[0] for name in PATHS} | {"APPLIED"} >= set(STATUSES)
