"""A unit closes while people enter it: it is closed, or they are in it, never both."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial

import httpx
import pytest

from member.membership.rules import ACTIONS as MEMBER_ACTIONS
from shared.base.clock import now
from shared.register import closing
from tests import people
from tests.clients.register import Entity, check_problem
from tests.integration.closing import Registers, registers_inside
from tests.servers import RealServers
from tests.waiting import at_once
from volunteer.enrolment.rules import ACTIONS as VOLUNTEER_ACTIONS

GROUNDS = {
    "reason": "a reason", "document": {"number": "杭红会〔2026〕8号", "issued_on": "2026-03-01"},
}  # fmt: skip

ROUNDS = {"void": 40, "deactivate": 20}
"""Each races nine entries against one closing."""
MEMBERS = {
    "APPLIED": (), "APPROVED": ("approve",), "ACTIVE": ("approve", "file"),
    "REJECTED": ("reject",), "WITHDRAWN": ("approve", "file", "withdraw"),
}  # fmt: skip
VOLUNTEERS = {
    "ENROLLED": (), "REG_APPLIED": ("apply-registration",),
    "REGISTERED": ("apply-registration", "register"),
    "SUSPENDED": ("apply-registration", "register", "suspend"), "DEREGISTERED": ("deregister",),
}  # fmt: skip
"""How an entry comes to a status."""


@pytest.fixture(scope="module")
def registers(
    servers: RealServers, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Registers]:
    with registers_inside(servers, tmp_path_factory.mktemp("keys")) as found:
        yield found


def entries(registers: Registers, unit: str) -> list[Callable[[], list[int]]]:
    """Return eight requests that enter nine people in a unit; each returns the statuses of its rows."""
    members, others, volunteers = (
        registers.members, registers.other_members, registers.volunteers,
    )  # fmt: skip

    def page() -> list[int]:
        answer = members.bulk([members.row(number, unit_id=unit) for number in (1, 2)])
        assert answer.status_code == 200, answer.text
        return [row["status"] for row in answer.json()["results"]]

    def one(post: Callable[..., httpx.Response], body: Entity) -> list[int]:
        return [post(body).status_code]

    return [
        *(partial(one, members.post, people.member(unit)) for _ in range(2)),
        *(partial(one, others.post, people.member(unit)) for _ in range(2)),
        *(partial(one, volunteers.post, people.volunteer(unit)) for _ in range(3)),
        page,
    ]


@pytest.mark.parametrize("action", ["void", "deactivate"])
def test_entries_race_a_closing(registers: Registers, action: str) -> None:
    for number in range(ROUNDS[action]):
        unit = registers.units.counted()
        racing = entries(registers, unit["id"])
        # The closing is sent after more and more of the entries.
        place = number % (len(racing) + 1)
        outcome: list[httpx.Response] = []

        def close(unit: Entity = unit, outcome: list[httpx.Response] = outcome) -> list[int]:
            outcome.append(registers.units.act(unit, action))
            return []

        statuses = [
            status
            for found in at_once([*racing[:place], close, *racing[place:]])
            for status in found
        ]
        entered = statuses.count(201)
        assert set(statuses) <= {201, 409, 422}
        assert registers.people_at(unit["id"]) == entered  # each 2xx is there, and nobody else
        if action == "void":
            # 503: a machine that stalled kept the fence waiting for too long.
            due = {200: entered == 0, 409: entered > 0, 503: True}
            assert due[outcome[0].status_code], (statuses, outcome[0].text)
        if outcome[0].status_code == 200:
            late = [status for enter in entries(registers, unit["id"]) for status in enter()]
            assert set(late) == {422}
            assert registers.people_at(unit["id"]) == entered


def test_a_refusal_names_the_state_of_the_unit(registers: Registers) -> None:
    unit = registers.units.counted()
    registers.members.create(unit_id=unit["id"])  # both services know it as active from now on
    entry = registers.other_members.create(unit_id=unit["id"])
    check_problem(registers.units.act(unit, "void"), 409, "unit.has_people")
    registers.members.create(unit_id=unit["id"])  # the fence of the refused voiding is gone
    registers.units.done(unit, "deactivate")
    refused = registers.members.post(people.member(unit["id"]))
    check_problem(refused, 422, "unit.not_active", "unit_id")
    assert "INACTIVE" in refused.json()["detail"]
    check_problem(registers.other_members.act(entry, "approve"), 409, "unit.not_active")


@pytest.mark.parametrize("noun", ["members", "volunteers"])
def test_in_a_unit_that_is_inactive_people_stay_and_nobody_comes_nearer_to_being_counted(
    registers: Registers, noun: str
) -> None:
    register, statuses, actions = {
        "members": (registers.members, MEMBERS, MEMBER_ACTIONS),
        "volunteers": (registers.volunteers, VOLUNTEERS, VOLUNTEER_ACTIONS),
    }[noun]
    unit = registers.units.counted()
    tried = [
        (register.done(register.create(unit_id=unit["id"]), *path, body=GROUNDS), action)
        for status, path in statuses.items()
        for action in actions.acts.values()
        if status in action.sources
    ]
    registers.units.done(unit, "deactivate")
    for entry, action in tried:
        answer = register.act(entry, action.name, body=GROUNDS)
        if action.admits:
            check_problem(answer, 409, "unit.not_active")
            allowed = register.read(entry, register.whoever_does(action.name)).json()["allowed"]
            # A return goes by a registration in another unit.
            assert action.name not in allowed or action.name in ("reapply", "enrol")
        else:
            assert answer.status_code == 200, (action.name, answer.text)


def test_a_unit_that_is_active_again_takes_people(registers: Registers) -> None:
    unit = registers.units.counted()
    volunteer = registers.volunteers.create(unit_id=unit["id"])
    unit = registers.units.done(unit, "deactivate")
    refused = registers.volunteers.act(volunteer, "apply-registration")
    check_problem(refused, 409, "unit.not_active")
    registers.units.done(unit, "activate")
    registers.members.create(unit_id=unit["id"])
    registers.volunteers.done(volunteer, "apply-registration", "register")
    answer = registers.other_members.bulk([registers.members.row(1, unit_id=unit["id"])])
    assert [row["status"] for row in answer.json()["results"]] == [201]


def test_nobody_is_closed_where_a_register_does_not_answer(registers: Registers) -> None:
    unit = registers.units.counted()
    (port,) = [
        p for p, one in registers.between.services.items() if one is registers.volunteers.http
    ]
    assert port is not None
    registers.between.down.add(port)
    try:
        for action in ("void", "deactivate"):
            check_problem(registers.units.act(unit, action), 503, "unit.peers_unavailable")
    finally:
        registers.between.down.clear()
    assert registers.units.read(unit).json()["status"] == "ACTIVE"
    registers.members.create(unit_id=unit["id"])
    registers.volunteers.create(unit_id=unit["id"])


def test_a_change_whose_process_died_is_given_up(registers: Registers) -> None:
    """Org-units stopped between the fences and its decision: first nobody knows, then it is over."""
    unit = registers.units.counted()
    registers.members.create(unit_id=unit["id"])
    rows = registers.databases["org_units"][closing.CLOSINGS]
    rows.insert_one({"_id": unit["id"], "change": "change-1", "at": now()})
    for client in (registers.members, registers.volunteers):
        service = client.bearer("service:org-units", service=True)
        url = f"/v1/units/{unit['id']}/fence/change-1"
        assert client.http.put(url, headers=service).status_code == 200
    refused = registers.members.post(people.member(unit["id"]))
    check_problem(refused, 409, "unit.closing", "unit_id")
    check_problem(registers.units.act(unit, "deactivate"), 409, "unit.closing")
    page = registers.members.bulk([registers.members.row(1, unit_id=unit["id"])]).json()
    assert [error["code"] for error in page["results"][0]["errors"]] == ["unit.closing"]

    abandoned = now() - closing.ABANDONED_AFTER - timedelta(seconds=1)
    rows.update_one({"_id": unit["id"]}, {"$set": {"at": abandoned}})
    registers.members.create(unit_id=unit["id"])
    registers.volunteers.create(unit_id=unit["id"])
    assert rows.find_one({"_id": unit["id"]}) is None


def test_a_unit_whose_change_was_given_up_is_not_closed(
    registers: Registers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Org-units stood still for too long between the fences and its decision."""
    unit = registers.units.counted()
    rows = registers.databases["org_units"][closing.CLOSINGS]
    fence = closing.Closings.fence

    async def slow(self: closing.Closings, unit: str, change: str) -> closing.People:
        found = await fence(self, unit, change)
        assert rows.delete_one({"_id": unit, "change": change}).deleted_count == 1
        return found

    monkeypatch.setattr(closing.Closings, "fence", slow)
    for action in ("void", "deactivate"):
        check_problem(registers.units.act(unit, action), 503, "unit.peers_unavailable")
    assert registers.units.read(unit, registers.units.approver).json() == unit
    registers.members.create(unit_id=unit["id"])  # the fence is met, and lifted


def test_only_services_ask_whether_a_unit_is_closing(registers: Registers) -> None:
    url = registers.units.of(registers.units.create(), "closing")
    refused = registers.units.http.get(url, headers=registers.units.approver)
    check_problem(refused, 403, "scope.service")
