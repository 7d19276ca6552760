"""Every document that a write path leaves of a volunteer fits its class, and is read back."""

from typing import Any, cast, get_args

import pytest

from shared.base.mongo import Database
from shared.base.settings import WriterSettings
from shared.people.store import PersonStore
from tests import people
from tests.clients.inside import volunteers_inside
from tests.clients.peers import UnitsAsGiven
from tests.clients.register import Entity
from tests.clients.volunteer import PAPER, Volunteers
from tests.integration.stored import Stored
from tests.servers import RealServers
from volunteer.enrolment.rules import ACTIONS, Enrolment, Ground
from volunteer.enrolment.schemas import VolunteerCorrection
from volunteer.enrolment.store import VOLUNTEERS, VolunteerDocument
from volunteer.settings import RegisteredRule

WHOLE = {
    "address": "文三路 1 号", "ethnicity": "33", "education": "20", "political": "13",
    "occupation": "27", "service_fields": ["FIRST_AID", "BLOOD"],
}  # fmt: skip


@pytest.fixture
def stored(database: Database) -> Stored[Enrolment]:
    nowhere = cast(Any, None)
    return Stored(database, PersonStore(nowhere, VOLUNTEERS, Enrolment), VolunteerDocument)


@pytest.mark.parametrize("paper", [{}, {"effective_on": "2026-01-05"}])
@pytest.mark.parametrize("known", [{}, WHOLE, {"birth_date": "1949-12-31"}])
def test_the_stored_enrolment_of_a_volunteer_fits(
    volunteers: Volunteers, stored: Stored[Enrolment], known: Entity, paper: Entity
) -> None:
    found = stored.check(volunteers.create(**known, **paper))
    assert (found.created_by, found.edited_by, found.drafted_by) == ("li", "li", "li")
    assert found.service_fields == tuple(sorted(known.get("service_fields", ())))
    assert bool(found.warnings) == ("birth_date" in known)


def test_the_stored_application_of_a_volunteer_who_is_a_minor_fits(
    volunteers: Volunteers, stored: Stored[Enrolment]
) -> None:
    entry = volunteers.create(**people.child())
    assert stored.check(entry).person.guardian is None
    silent = volunteers.create(**people.child(), guardian=people.guardian(consent=None))
    assert not stored.check(silent).person.guardian_consents
    for waiting in (entry, silent):
        enrolled = volunteers.done(waiting, "enrol", body={"guardian": people.guardian()})
        assert stored.check(enrolled).person.guardian_consents
    at_once = volunteers.create(**people.child(), guardian=people.guardian())
    assert stored.check(at_once).status == "ENROLLED"


PATHS = [
    ("apply-registration", "register", "suspend", "resume", "deregister", "enrol"),
    ("apply-registration", "register", "suspend", "deregister", "void"),
    ("deregister", "enrol", "apply-registration", "deregister"),
    ("void",),
]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("young", [False, True])
def test_what_every_action_leaves_of_a_stored_volunteer_fits(
    volunteers: Volunteers, stored: Stored[Enrolment], path: tuple[str, ...], young: bool
) -> None:
    fields = {**people.child(), "guardian": people.guardian()} if young else WHOLE
    entry = volunteers.create(**fields)
    for action in path:
        entry = volunteers.done(entry, action, body={"reason": "a reason", "document": PAPER})
        found = stored.check(entry)
        assert found.status == ACTIONS.acts[action].target
        assert bool(found.timeline) == (action != "void")


def test_every_action_on_a_volunteer_is_on_a_path_whose_documents_are_looked_at() -> None:
    assert {action for path in PATHS for action in path} == set(ACTIONS.acts)


@pytest.mark.parametrize("ground", get_args(Ground))
def test_what_every_ground_leaves_of_a_stored_volunteer_fits(
    volunteers: Volunteers, stored: Stored[Enrolment], ground: Ground
) -> None:
    who = volunteers.approver if ground == "REMOVED" else volunteers.registrar
    body = {"ground": ground, "reason": "a reason"}
    gone = volunteers.done(volunteers.create(), "deregister", who=who, body=body)
    assert stored.check(gone).ground == ground


@pytest.mark.parametrize("hours", [None, 24, 20.5])
def test_the_stored_evidence_of_a_volunteer_fits(
    volunteers: Volunteers, stored: Stored[Enrolment], hours: float | None
) -> None:
    applied = {"document": {"number": "8"}, "declared_hours": hours}
    entry = volunteers.done(volunteers.create(), "apply-registration", body=applied)
    evidence = stored.check(entry).registration
    assert evidence is not None
    assert (evidence.basis, evidence.declared_hours) == ("DOCUMENT", hours)


def test_what_is_stored_of_a_volunteer_where_enrolment_registers_fits(
    servers: RealServers, settings: WriterSettings, stored: Stored[Enrolment]
) -> None:
    rule = RegisteredRule(mode="ON_ENROLMENT")
    with volunteers_inside(servers, settings, UnitsAsGiven(), rule) as volunteers:
        entry = volunteers.create()
        assert stored.check(entry).status == "REGISTERED"
        waiting = volunteers.create(**people.child())
        stored.check(waiting)
        entry = volunteers.done(waiting, "enrol", body={"guardian": people.guardian()})
        assert stored.check(entry).status == "REGISTERED"


RIGHT: Entity = {
    "name": "欧阳修", "sex": "2", "birth_date": "1980-02-03", "phone": "13700000009",
    "id_country": "CHN",
    "guardian": people.guardian(name="李太白"), **WHOLE,
}  # fmt: skip
EMPTIED = sorted(
    set(VolunteerCorrection.model_fields)
    - {"reason", "document", "run", "name", "phone", "birth_date"}
)


def test_what_a_correction_leaves_of_a_stored_volunteer_fits(
    volunteers: Volunteers, stored: Stored[Enrolment]
) -> None:
    assert set(RIGHT) == set(VolunteerCorrection.model_fields) - {"reason", "document", "run"}
    for known in ({}, WHOLE):
        entry = volunteers.counted(**known)
        for field, value in RIGHT.items():
            answer = volunteers.patch(entry, {field: value, "reason": "笔误"})
            assert answer.status_code == 200, (field, answer.text)
            entry = answer.json()
            stored.check(entry)
        for field in EMPTIED:
            answer = volunteers.patch(entry, {field: None, "document": PAPER})
            assert answer.status_code == 200, (field, answer.text)
            entry = answer.json()
            stored.check(entry)


@pytest.mark.parametrize("ended", ["deregister", "void"])
@pytest.mark.parametrize("young", [False, True])
def test_what_a_return_with_a_registration_leaves_of_a_stored_volunteer_fits(
    volunteers: Volunteers, stored: Stored[Enrolment], ended: str, young: bool
) -> None:
    fields = {**people.child(), "guardian": people.guardian()} if young else {}
    body = volunteers.body(**fields, **WHOLE)
    entry: Entity = volunteers.post(body).json()
    entry = volunteers.done(entry, "apply-registration", "register")
    entry = volunteers.done(entry, ended, body={"reason": "a reason"})
    stored.check(entry)
    bare = {name: value for name, value in body.items() if name not in WHOLE}
    back = volunteers.done(entry, "enrol", body={"registration": {**bare, "unit_id": "school"}})
    found = stored.check(back)
    assert (found.unit, found.status, found.service_fields) == ("school", "ENROLLED", ())
    assert (found.person.address_sealed, found.registered_on, found.registration) == (
        None, None, None,
    )  # fmt: skip


def test_no_document_of_volunteers_is_stored_that_does_not_fit(
    volunteers: Volunteers, stored: Stored[Enrolment]
) -> None:
    """Whatever the other tests of this folder have left is looked at, too."""
    volunteers.create()
    stored.check_all()
