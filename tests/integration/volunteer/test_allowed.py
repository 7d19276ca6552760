"""What an answer about a volunteer says is allowed: what this caller may do, and nothing else."""

from typing import Any
from uuid import uuid4

import pytest

from tests import people
from tests.clients.officers import Headers
from tests.clients.peers import UnitsAsGiven
from tests.clients.register import Entity, check_problem
from tests.clients.volunteer import Volunteers
from tests.integration.allowed import check_allowed, searched
from volunteer.enrolment.rules import ACTIONS

REGISTERED = ("apply-registration", "register")
PATHS = {
    "APPLIED": (),
    "ENROLLED": (),
    "REG_APPLIED": ("apply-registration",),
    "REGISTERED": REGISTERED,
    "SUSPENDED": (*REGISTERED, "suspend"),
    "DEREGISTERED": ("deregister",),
    "VOIDED": ("void",),
}
"""How an entry that li makes comes to each status, by li and wang."""

ALLOWED: dict[str, dict[str, list[str]]] = {
    "APPLIED": {
        "registrar": ["enrol", "deregister"],
        "approver": ["deregister", "void"],
        "approver below": ["void"],
        "creator": ["enrol", "deregister", "void"],
        "both": ["enrol", "deregister", "void"],
    },
    "ENROLLED": {
        "registrar": ["apply-registration", "deregister"],
        "approver": ["deregister", "void"],
        "approver below": ["void"],
        "creator": ["apply-registration", "deregister", "void"],
        "both": ["apply-registration", "deregister", "void"],
    },
    "REG_APPLIED": {
        "registrar": ["deregister"],
        "approver": ["register", "deregister", "void"],
        "approver below": ["void"],
        "creator": ["deregister", "void"],
        "both": ["register", "deregister", "void"],
    },
    "REGISTERED": {
        "registrar": ["deregister"],
        "approver": ["suspend", "deregister", "void"],
        "approver below": [],
        "creator": ["suspend", "deregister"],
        "both": ["suspend", "deregister", "void"],
    },
    "SUSPENDED": {
        "registrar": ["deregister"],
        "approver": ["resume", "deregister", "void"],
        "approver below": [],
        "creator": ["resume", "deregister"],
        "both": ["resume", "deregister", "void"],
    },
    "DEREGISTERED": {
        "registrar": ["enrol", "deregister"],
        "approver": ["void"],
        "approver below": ["void"],
        "creator": ["enrol", "deregister", "void"],
        "both": ["enrol", "deregister", "void"],
    },
    "VOIDED": {
        "registrar": ["enrol"],
        "approver": [],
        "approver below": [],
        "creator": ["enrol"],
        "both": ["enrol"],
    },
}
"""By hand from docs/domain.md section 3 and docs/design.md section 7; an approver at a county may
deregister by removal."""
GROUNDS = {"deregister": [{"ground": "OWN_REQUEST"}, {"ground": "REMOVED"}, {"ground": "DECEASED"}]}


@pytest.fixture
def unit(units: UnitsAsGiven) -> str:
    """A grassroots unit of the county, for the volunteers of one test."""
    return units.add(uuid4().hex, "county", type="TOWNSHIP")


@pytest.fixture
def callers(volunteers: Volunteers, unit: str) -> dict[str, Headers]:
    """Officers of the county and of the unit itself; ``creator`` is who entered the volunteer."""
    return {
        "registrar": volunteers.officer("chen", "registrar"),
        "approver": volunteers.approver,
        "approver below": volunteers.officer("qian", "approver", unit=unit),
        "creator": volunteers.officer("li", "registrar", "approver"),
        "both": volunteers.officer("ma", "registrar", "approver"),
        "viewer": volunteers.officer("sun", "viewer"),
        "privacy officer": volunteers.officer("zhou", "privacy"),
        "service": volunteers.bearer("service:test", service=True),
    }


def at(volunteers: Volunteers, status: str, **fields: Any) -> Entity:
    """Return an entry in a status; the application is a minor's who has no guardian yet."""
    given = people.child() if status == "APPLIED" else {}
    entry = volunteers.create(**{**given, **fields})
    for action in PATHS[status]:
        body = {"reason": "a reason", "document": {"number": "8"}}
        entry = volunteers.done(entry, action, body=body)
    assert entry["status"] == status
    return entry


@pytest.mark.parametrize("status", PATHS)
def test_each_reader_of_a_volunteer_sees_what_this_reader_may_do(
    volunteers: Volunteers, callers: dict[str, Headers], unit: str, status: str
) -> None:
    entry = at(volunteers, status, unit_id=unit)
    if status == "APPLIED":  # with a guardian the day alone is left to refuse
        answer = volunteers.patch(entry, {"guardian": people.guardian()})
        entry = answer.json()
    for name, who in callers.items():
        expected = ALLOWED[status].get(name, [])  # who may only read may do nothing
        check_allowed(volunteers, entry, who, expected, list(ACTIONS.acts), GROUNDS)


@pytest.mark.parametrize("ground", ["REMOVED", "DECEASED", "DUPLICATE"])
def test_nobody_is_offered_to_enrol_a_volunteer_whose_entry_ended_for_good(
    volunteers: Volunteers, callers: dict[str, Headers], unit: str, ground: str
) -> None:
    number = people.resident_id()
    entry = at(volunteers, "REGISTERED", id_number=number, unit_id=unit)
    who = volunteers.approver if ground == "REMOVED" else volunteers.registrar
    body = {"ground": ground, "reason": "a reason"}
    gone = volunteers.done(entry, "deregister", who=who, body=body)
    for name, caller in callers.items():
        expected = ["void"] if name in {"approver", "both"} else []
        if ground != "DECEASED" and name in {"registrar", "creator", "both"}:
            expected = ["deregister", *expected]  # a death is recorded still
        check_allowed(volunteers, gone, caller, expected, list(ACTIONS.acts), GROUNDS)
    stranger = volunteers.officer("feng", "registrar", unit="other")
    assert searched(volunteers, stranger, number) == []


def test_answers_to_changes_of_a_volunteer_say_what_who_made_them_may_do_next(
    volunteers: Volunteers, callers: dict[str, Headers], unit: str
) -> None:
    entry = volunteers.create(callers["creator"], unit_id=unit)
    assert entry["allowed"] == ALLOWED["ENROLLED"]["creator"]
    paper = {"document": {"number": "8"}}
    applied = volunteers.done(entry, "apply-registration", who=callers["both"], body=paper)
    assert applied["allowed"] == ALLOWED["REG_APPLIED"]["creator"]  # who applied is barred, too
    edited = volunteers.patch(applied, {"political": "13"}, callers["registrar"]).json()
    assert edited["allowed"] == ALLOWED["REG_APPLIED"]["registrar"]
    registered = volunteers.done(edited, "register")
    assert registered["allowed"] == ALLOWED["REGISTERED"]["approver"]


def test_a_volunteer_is_offered_no_action_on_the_own_entry(volunteers: Volunteers) -> None:
    entry = volunteers.create()
    own = volunteers.bearer("v", person=entry["id"])
    assert volunteers.read(entry, own).json()["allowed"] == []
    assert "allowed" not in volunteers.me(entry).json()


@pytest.mark.parametrize("status", PATHS)
def test_a_volunteer_outside_the_scope_shows_no_version_to_a_registration_of_another_person(
    volunteers: Volunteers, status: str
) -> None:
    """Seen: a request with an older version got the present one before the number was checked."""
    entry = at(volunteers, status)
    stranger = volunteers.officer("feng", "registrar", unit="other")
    for number in (people.resident_id(), people.miswritten()):
        given = {"registration": people.volunteer("far", id_number=number)}
        stale = {**entry, "version": entry["version"] + 7}
        check_problem(volunteers.act(stale, "enrol", stranger, given), 404, "not_found")
    given = {"registration": volunteers.body(unit_id="far")}
    check_problem(volunteers.act(entry, "enrol", stranger, given), 404, "not_found")


@pytest.mark.parametrize("status", PATHS)
def test_a_volunteer_outside_the_scope_is_found_only_to_be_enrolled_again(
    volunteers: Volunteers, callers: dict[str, Headers], unit: str, status: str
) -> None:
    number = people.born_on(people.born(30))
    given = {
        "id_type": "RESIDENT_ID", "id_number": number, "id_country": None, "birth_date": None
    }  # fmt: skip
    if status == "APPLIED":  # a minor's, by the number
        given["id_number"] = number = people.born_on(people.born(15))
    entry = at(volunteers, status, unit_id=unit, **given)
    for name in ("registrar", "approver", "approver below", "creator", "viewer", "service"):
        (known,) = searched(volunteers, callers[name], number)
        assert known["allowed"] == ALLOWED[status].get(name, [])
    stranger = volunteers.officer("feng", "registrar", unit="other")
    returns = status in {"DEREGISTERED", "VOIDED"}
    shown = {"id": entry["id"], "version": entry["version"], "allowed": ["enrol"]}
    assert searched(volunteers, stranger, number) == ([shown] if returns else [])
    for role in ("viewer", "approver"):
        nobody = volunteers.officer("feng", role, unit="other")
        assert searched(volunteers, nobody, number) == []
    whole = {"registration": people.volunteer("far", id_number=number)}
    if status == "APPLIED":
        whole["registration"]["guardian"] = people.guardian()
    answer = volunteers.act(entry, "enrol", stranger, whole)
    if returns:
        assert (answer.status_code, answer.json()["unit_id"]) == (200, "far")
        assert answer.json()["allowed"] == ["apply-registration", "deregister"]
    else:
        check_problem(answer, 404, "not_found")
