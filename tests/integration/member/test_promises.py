"""Whatever a member's entry says is allowed succeeds with some input: for every status and entry."""

from typing import Any
from uuid import uuid4

import pytest

from member.membership.rules import ACTIONS, STATUSES
from shared.base.mongo import Database
from tests import people
from tests.clients.member import Members
from tests.clients.register import Entity
from tests.integration.allowed import check_each_succeeds
from tests.integration.member.test_allowed import PATHS as TO_EACH_STATUS

PAPER = {"number": "西红〔2026〕1号", "issued_on": "2026-01-05"}
PATHS: dict[str, tuple[str, ...]] = {
    **TO_EACH_STATUS,
    "VOIDED, once counted": ("approve", "file", "void"),
    "returned": ("approve", "file", "withdraw", "reapply"),
    "returned for good": ("approve", "file", "withdraw", "reapply", "approve", "file", "withdraw"),
}
SET = ("ARREARS", "LAPSED", "MERGED")
"""Statuses that no action leads to yet."""
ENTRIES: dict[str, dict[str, Any]] = {
    "adult": {},
    "youth": {"kind": "INDIVIDUAL_YOUTH", "guardian": people.guardian()},
    "paper": {"id_type": "NONE", "id_number": None, "sex": "1", "birth_date": "1951-02-03"},
}


CASES = [
    *((entry, status) for entry in ("adult", "youth") for status in (*PATHS, *SET)),
    # Nobody on paper applies: the entry is ACTIVE at once.
    *(("paper", status) for status in (*list(PATHS)[3:], *SET) if status != "VOIDED"),
]


class Entries:
    """Makes entries of one kind in one status, and says with what an action on them succeeds."""

    def __init__(self, members: Members, database: Database, entry: str, status: str) -> None:
        self.members, self.database = members, database
        self.entry, self.status = entry, status
        self.registrations: dict[str, Entity] = {}

    def make(self) -> Entity:
        path = PATHS.get(self.status, ("approve", "file"))
        member = self._on_paper() if self.entry == "paper" else self._applied()
        for action in path[2:] if self.entry == "paper" else path:
            member = self.members.done(member, action, body=self.given(member, action))
        if self.status in SET:
            status = {"$set": {"status": self.status}}
            self.database.members.update_one({"_id": member["id"]}, status)
        return member

    def _applied(self) -> Entity:
        fields = dict(ENTRIES[self.entry])
        if self.entry == "youth":
            fields["id_number"] = people.born_on(people.born(12))
        body = self.members.body(**fields)
        member: Entity = self.members.post(body).json()
        self.registrations[member["id"]] = body
        return member

    def _on_paper(self) -> Entity:
        person = {**ENTRIES["paper"], "name": f"张{uuid4().hex[:8]}"}
        officer = self.members.officer("li", "registrar", "approver")
        row = self.members.row(1, **person)
        (made,) = self.members.bulk([row], officer, "existing", document=PAPER).json()["results"]
        proven = {"id_type": "RESIDENT_ID", "id_number": people.resident_id()}
        self.registrations[made["id"]] = self.members.body(**{**person, **proven})
        member: Entity = self.members.read(made["id"]).json()
        return member

    def given(self, member: Entity, action: str) -> Entity:
        body: Entity = {"reason": "a reason"}
        if action == "reapply" and (self.entry == "paper" or member["status"] == "VOIDED"):
            body["registration"] = self.registrations[member["id"]]
        return body


@pytest.mark.parametrize(("entry", "status"), CASES)
def test_each_action_that_a_member_is_promised_succeeds_with_some_input(
    members: Members, database: Database, entry: str, status: str
) -> None:
    """Seen: ``reapply`` was offered to whoever was voided on paper, and no input was accepted."""
    entries = Entries(members, database, entry, status)
    chief = members.officer("ma", "registrar", "approver")
    allowed = check_each_succeeds(members, entries.make, chief, entries.given)
    assert allowed == ACTIONS.allowed(members.read(entries.make()).json()["status"])


def test_every_status_of_a_member_is_walked_through() -> None:
    targets = {action.target for action in ACTIONS.acts.values()} | {"APPLIED"}
    assert targets | set(SET) == set(STATUSES)
    walked = {name.split(",")[0] for name in PATHS} | set(SET)
    assert set(STATUSES) <= walked
