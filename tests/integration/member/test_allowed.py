"""What an answer about a member says is allowed: what this caller may do, and nothing else."""

from uuid import uuid4

import pytest

from embedded.issuer import grant
from member.membership.rules import ACTIONS
from tests import people
from tests.clients.member import Members
from tests.clients.officers import Headers
from tests.clients.peers import UnitsAsGiven
from tests.clients.register import Entity, check_problem
from tests.integration.allowed import check_allowed, searched

PATHS = {
    "APPLIED": (),
    "APPROVED": ("approve",),
    "REJECTED": ("reject",),
    "ACTIVE": ("approve", "file"),
    "WITHDRAWN": ("approve", "file", "withdraw"),
    "EXPELLED": ("approve", "file", "expel"),
    "DECEASED": ("approve", "file", "decease"),
    "VOIDED": ("void",),
}
"""How an entry that li makes comes to each status, by li and wang."""

ALLOWED: dict[str, dict[str, list[str]]] = {
    "APPLIED": {
        "registrar": ["decease"],
        "registrar below": ["decease"],
        "approver": ["approve", "reject", "void"],
        "approver below": ["approve", "reject", "void"],
        "creator": ["reject", "decease", "void"],
        "both": ["approve", "reject", "decease", "void"],
    },
    "APPROVED": {
        "registrar": ["decease"],
        "registrar below": ["decease"],
        "approver": ["file", "reject", "void"],
        "approver below": ["reject", "void"],
        "creator": ["reject", "decease", "void"],
        "both": ["file", "reject", "decease", "void"],
    },
    "REJECTED": {
        "registrar": ["decease", "reapply"],
        "registrar below": ["decease", "reapply"],
        "approver": ["void"],
        "approver below": ["void"],
        "creator": ["decease", "void", "reapply"],
        "both": ["decease", "void", "reapply"],
    },
    "ACTIVE": {
        "registrar": ["withdraw", "decease"],
        "registrar below": ["withdraw", "decease"],
        "approver": ["expel", "void"],
        "approver below": [],
        "creator": ["withdraw", "expel", "decease"],
        "both": ["withdraw", "expel", "decease", "void"],
    },
    "WITHDRAWN": {
        "registrar": ["decease", "reapply"],
        "registrar below": ["decease", "reapply"],
        "approver": ["void"],
        "approver below": [],
        "creator": ["decease", "reapply"],
        "both": ["decease", "void", "reapply"],
    },
    "EXPELLED": {
        "registrar": ["decease"],
        "registrar below": ["decease"],
        "approver": ["void"],
        "approver below": [],
        "creator": ["decease"],
        "both": ["decease", "void"],
    },
    "DECEASED": {
        "registrar": [],
        "registrar below": [],
        "approver": ["void"],
        "approver below": [],
        "creator": [],
        "both": ["void"],
    },
    "VOIDED": {
        "registrar": ["reapply"],
        "registrar below": ["reapply"],
        "approver": [],
        "approver below": [],
        "creator": ["reapply"],
        "both": ["reapply"],
    },
}
"""By hand from docs/domain.md section 2 and docs/design.md section 7."""


@pytest.fixture
def unit(units: UnitsAsGiven) -> str:
    """A grassroots unit of the county, for the members of one test."""
    return units.add(uuid4().hex, "county", type="TOWNSHIP")


@pytest.fixture
def callers(members: Members, unit: str) -> dict[str, Headers]:
    """Officers of the county and of the unit itself; ``creator`` is who entered the member."""
    return {
        "registrar": members.officer("chen", "registrar"),
        "registrar below": members.officer("chen", "registrar", unit=unit),
        "approver": members.approver,
        "approver below": members.officer("qian", "approver", unit=unit),
        "creator": members.officer("li", "registrar", "approver"),
        "both": members.officer("ma", "registrar", "approver"),
        "viewer": members.officer("sun", "viewer"),
        "privacy officer": members.officer("zhou", "privacy"),
        "service": members.bearer("service:test", service=True),
    }


@pytest.mark.parametrize("status", PATHS)
def test_each_reader_of_a_member_sees_what_this_reader_may_do(
    members: Members, callers: dict[str, Headers], unit: str, status: str
) -> None:
    member = members.done(members.create(unit_id=unit), *PATHS[status])
    assert member["status"] == status
    for name, who in callers.items():
        expected = ALLOWED[status].get(name, [])  # who may only read may do nothing
        check_allowed(members, member, who, expected, list(ACTIONS.acts))


def test_answers_to_changes_of_a_member_say_what_who_made_them_may_do_next(
    members: Members, callers: dict[str, Headers], unit: str
) -> None:
    day = {"effective_on": "2025-03-01"}
    member = members.create(callers["creator"], unit_id=unit, **day)
    assert member["allowed"] == ALLOWED["APPLIED"]["creator"]
    edited = members.patch(member, {"political": "13"}, callers["both"]).json()
    assert edited["allowed"] == ALLOWED["APPLIED"]["creator"]  # the last editor is barred, too
    approved = members.done(edited, "approve", who=callers["approver below"], body=day)
    assert approved["allowed"] == ALLOWED["APPROVED"]["approver below"]
    filed = members.done(approved, "file", body=day)
    assert filed["allowed"] == ALLOWED["ACTIVE"]["approver"]  # who filed may void: two had a part
    gone = members.done(filed, "withdraw", who=callers["both"])
    again = members.done(gone, "reapply", who=callers["registrar"])
    by_applicant = members.officer("chen", "registrar", "approver")
    assert members.read(again, by_applicant).json()["allowed"] == ["reject", "decease"]


def test_who_finds_a_member_by_number_sees_what_this_reader_may_do(
    members: Members, callers: dict[str, Headers], unit: str
) -> None:
    body = members.body(unit_id=unit)
    member: Entity = members.done(members.post(body).json(), "approve", "file", "withdraw")
    for name in ("registrar", "approver", "approver below", "creator", "viewer", "service"):
        (found,) = searched(members, callers[name], body["id_number"])
        assert found["allowed"] == ALLOWED["WITHDRAWN"].get(name, [])
    stranger = members.officer("feng", "registrar", unit="other")
    found = {"id": member["id"], "version": member["version"], "allowed": ["reapply"]}
    assert searched(members, stranger, body["id_number"]) == [found]
    for role in ("viewer", "approver"):
        nobody = members.officer("feng", role, unit="other")
        assert searched(members, nobody, body["id_number"]) == []


@pytest.mark.parametrize("status", PATHS)
def test_a_member_outside_the_scope_shows_no_version_to_a_registration_of_another_person(
    members: Members, status: str
) -> None:
    """Seen: a request with an older version got the present one before the number was checked."""
    body = members.body()
    member: Entity = members.done(members.post(body).json(), *PATHS[status])
    stranger = members.officer("feng", "registrar", unit="other")
    stale = {**member, "version": member["version"] + 7}
    for number in (people.resident_id(), people.miswritten()):
        given = {"registration": {**body, "unit_id": "far", "id_number": number}}
        check_problem(members.act(stale, "reapply", stranger, given), 404, "not_found")
    given = {"registration": members.body(unit_id="far")}
    check_problem(members.act(member, "reapply", stranger, given), 404, "not_found")
    own = {"registration": {**body, "unit_id": "far"}}
    returns = status in {"REJECTED", "WITHDRAWN", "VOIDED"}
    expected = (412, "version.stale") if returns else (404, "not_found")
    check_problem(members.act(stale, "reapply", stranger, own), *expected)


@pytest.mark.parametrize("status", PATHS)
def test_a_member_outside_the_scope_is_found_only_to_be_applied_for_again(
    members: Members, status: str
) -> None:
    body = members.body()
    member: Entity = members.done(members.post(body).json(), *PATHS[status])
    stranger = members.officer("feng", "registrar", unit="other")
    found = searched(members, stranger, body["id_number"])
    returns = status in {"REJECTED", "WITHDRAWN", "VOIDED"}
    shown = {"id": member["id"], "version": member["version"], "allowed": ["reapply"]}
    assert found == ([shown] if returns else [])
    given = {"registration": {**body, "unit_id": "far"}}
    answer = members.act(member, "reapply", stranger, given)
    if returns:
        assert (answer.status_code, answer.json()["unit_id"]) == (200, "far")
        assert answer.json()["allowed"] == ["decease"]
    else:
        check_problem(answer, 404, "not_found")


@pytest.mark.parametrize("fault", ["unit unknown", "unit outside", "no consent", "miswritten"])
def test_a_return_of_a_member_outside_the_scope_is_refused_like_one_of_nobody(
    members: Members, fault: str
) -> None:
    """Seen: a wrong registration was refused by its fault where the id and version were right."""
    member = members.done(members.create(), "reject")
    stranger = members.officer("feng", "registrar", unit="other")
    faults: dict[str, Entity] = {
        "unit unknown": {"unit_id": "nowhere"},
        "unit outside": {"unit_id": "town"},
        "no consent": {"consent": None},
        "miswritten": {"id_number": people.miswritten()},
    }
    given = {**members.body(unit_id="far"), **faults[fault]}
    for version in (member["version"], member["version"] + 1):
        for identity in (member["id"], uuid4().hex):
            tried = {"id": identity, "version": version}
            answer = members.act(tried, "reapply", stranger, {"registration": given})
            check_problem(answer, 404, "not_found")


def test_a_registrar_elsewhere_who_reads_a_member_is_allowed_to_take_the_member_back(
    members: Members,
) -> None:
    body = members.body()
    gone = members.done(members.post(body).json(), "approve", "file", "withdraw")
    who = members.bearer("feng", grant("330100", "viewer"), grant("other", "registrar"))
    assert members.read(gone, who).json()["allowed"] == ["reapply"]
    (found,) = searched(members, who, body["id_number"])
    assert found["allowed"] == ["reapply"]
    given = {"registration": {**body, "unit_id": "far"}}
    assert members.act(gone, "reapply", who, given).status_code == 200


def test_a_search_for_a_member_asks_org_units_for_no_holder_elsewhere(
    members: Members, units: UnitsAsGiven
) -> None:
    """Else the time of the answer would show that a number is registered."""
    body = members.body()
    members.post(body)
    elsewhere = members.officer("sun", "viewer", unit="other")
    units.asked.clear()
    assert searched(members, elsewhere, body["id_number"]) == []
    assert searched(members, elsewhere, people.resident_id()) == []
    assert units.asked == []
