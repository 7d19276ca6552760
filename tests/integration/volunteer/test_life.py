"""The life of an entry over HTTP on a real replica set: to registration and back."""

from typing import Any

from shared.base.clock import today
from shared.base.mongo import Database
from shared.base.settings import WriterSettings
from shared.contract import events
from shared.contract.events.states import VolunteerState
from shared.register.recount import Counted, recount
from tests import people
from tests.clients.inside import volunteers_inside
from tests.clients.peers import UnitsAsGiven
from tests.clients.register import check_problem, events_of
from tests.clients.volunteer import PAPER, Volunteers
from tests.servers import RealServers
from volunteer.enrolment.store import VolunteerDocument
from volunteer.settings import RegisteredRule


def facts_of(database: Database, entity: str) -> list[tuple[str, str | None]]:
    """Return the facts published of a volunteer, each with the status it leads to."""
    return [
        (fact, data.changes[-1].now and data.changes[-1].now.status)
        for fact, data in events_of(database, entity)
    ]


def test_a_volunteer_goes_from_enrolment_to_registration_and_out(
    volunteers: Volunteers, database: Database
) -> None:
    entry = volunteers.create(service_fields=["FIRST_AID"], effective_on="2026-01-05")
    assert (entry["status"], entry["enrolled_on"], entry["version"]) == (
        "ENROLLED",
        "2026-01-05",
        1,
    )
    applied = {"document": PAPER, "declared_hours": 24, "effective_on": "2026-03-01"}
    entry = volunteers.done(entry, "apply-registration", body=applied)
    assert entry["registration"] == {"basis": "DOCUMENT", "document": PAPER, "declared_hours": 24.0}
    entry = volunteers.done(entry, "register", body={"effective_on": "2026-03-02"})
    assert (entry["status"], entry["registered_on"]) == ("REGISTERED", "2026-03-02")
    assert entry["allowed"] == ["suspend", "deregister", "void"]  # to remove, as an approver
    assert volunteers.read(entry).json()["allowed"] == ["deregister"]
    entry = volunteers.done(entry, "suspend", body={"reason": "调查"})
    entry = volunteers.done(entry, "resume", "deregister")
    assert (entry["status"], entry["ground"]) == ("DEREGISTERED", "OWN_REQUEST")
    entry = volunteers.done(entry, "enrol")
    assert (entry["status"], entry["ground"], entry["registered_on"]) == ("ENROLLED", None, None)
    assert facts_of(database, entry["id"]) == [
        ("enrolled", "ENROLLED"), ("registration-applied", "REG_APPLIED"),
        ("registered", "REGISTERED"), ("suspended", "SUSPENDED"), ("resumed", "REGISTERED"),
        ("deregistered", "DEREGISTERED"), ("enrolled", "ENROLLED"),
    ]  # fmt: skip
    assert database.volunteers_versions.count_documents({"entity": entry["id"]}) == 6


def test_every_stored_volunteer_satisfies_the_schema(
    volunteers: Volunteers, database: Database
) -> None:
    volunteers.counted(address="文三路 1 号", **people.child(16), guardian=people.guardian())
    for document in database.volunteers.find():
        VolunteerDocument._from_son(document).validate()


def test_the_hours_a_volunteer_needs_for_registration_are_asked_for_by_name(
    volunteers: Volunteers,
) -> None:
    entry = volunteers.create()
    few = {"document": PAPER, "declared_hours": 19.5}
    short = volunteers.act(entry, "apply-registration", None, few)
    check_problem(short, 422, "volunteer.hours_below_rule", "declared_hours")
    assert "20" in short.json()["detail"]
    bare = volunteers.act(entry, "apply-registration", None, {"declared_hours": 20})
    check_problem(bare, 422, "document.required", "document")


def test_where_enrolment_registers_a_volunteer_it_does_so_each_time(
    servers: RealServers, settings: WriterSettings
) -> None:
    rule = RegisteredRule(mode="ON_ENROLMENT")
    with volunteers_inside(servers, settings, UnitsAsGiven(), rule) as volunteers:
        entry = volunteers.create()
        assert (entry["status"], entry["registered_on"]) == ("REGISTERED", today().isoformat())
        back = volunteers.done(entry, "deregister", "enrol")
        assert (back["status"], back["registered_on"]) == ("REGISTERED", today().isoformat())
        assert (back["deregistered_on"], back["ground"]) == (None, None)


def test_a_volunteer_who_is_a_minor_waits_for_the_guardian(
    volunteers: Volunteers, database: Database
) -> None:
    entry = volunteers.create(**people.child())
    assert (entry["status"], entry["pending"]) == ("APPLIED", "GUARDIAN_PENDING")
    assert [item["code"] for item in entry["warnings"]] == ["volunteer.guardian_pending"]
    check_problem(volunteers.act(entry, "enrol"), 422, "guardian.required", "guardian")
    silent = volunteers.act(entry, "enrol", None, {"guardian": people.guardian(consent=None)})
    check_problem(silent, 422, "guardian.required", "guardian")
    entry = volunteers.done(entry, "enrol", body={"guardian": people.guardian()})
    assert (entry["status"], entry["pending"], entry["warnings"]) == ("ENROLLED", None, [])
    read = volunteers.read(entry).json()
    assert read["guardian"] == entry["guardian"] | {"name": "李*", "phone": "139****1111"}
    wanted = {"fields": ["guardian_name", "guardian_phone"], "reason": "联系监护人"}
    privacy = volunteers.officer("zhou", "privacy")
    full = volunteers.http.post(volunteers.of(entry, "reveal"), json=wanted, headers=privacy)
    assert full.json()["fields"] == {"guardian_name": "李四光", "guardian_phone": "+8613900001111"}
    assert facts_of(database, entry["id"]) == [("applied", "APPLIED"), ("enrolled", "ENROLLED")]
    at_once = volunteers.create(**people.child(), guardian=people.guardian())
    assert at_once["status"] == "ENROLLED"


def test_a_correction_of_a_volunteer_holds_from_the_start(
    volunteers: Volunteers, database: Database
) -> None:
    entry = volunteers.counted(sex="1")
    assert entry["version"] == 3
    right = {"sex": "2", "phone": "13600000001", "service_fields": ["BLOOD"], "reason": "笔误"}
    answer = volunteers.patch(entry, right)
    assert answer.status_code == 200, answer.text
    changed = answer.json()
    assert (changed["sex"], changed["service_fields"]) == ("2", ["BLOOD"])
    stored: Any = database.volunteers.find_one({"_id": entry["id"]})
    assert {item["state"]["sex"] for item in stored["timeline"]} == {"2"}
    nobody = volunteers.patch(entry, {"phone": "13600000002"})
    assert nobody.status_code == 412
    assert changed["version"] == 4
    same = volunteers.patch(changed, {"phone": "13600000002"}).json()
    assert events_of(database, entry["id"])[-1][1].changes == []
    assert same["version"] == 5
    ahead = {"number": "1号", "issued_on": "2999-01-01"}
    wrong: tuple[tuple[dict[str, Any], str, str | None], ...] = (
        ({}, "field.empty_change", None),
        ({"phone": None}, "field.required", "phone"),
        ({"birth_date": f"{today().year - 10}-01-01"}, "guardian.required", "guardian"),
        ({"id_number": "1"}, "field.unknown", "id_number"),
        ({"sex": "3"}, "code.unknown", "sex"),
        ({"political": "13", "document": ahead}, "date.future", "document.issued_on"),
    )
    for change, code, field in wrong:
        check_problem(volunteers.patch(same, change), 422, code, field)


def test_the_recount_of_volunteers_sees_what_the_events_reported(
    volunteers: Volunteers, database: Database
) -> None:
    volunteers.counted(unit_id="school")
    counted = (Counted("volunteers", events.VOLUNTEER_TOPIC, VolunteerState),)
    database.outbox.update_many({}, {"$set": {"state": 1}})  # as if the relay had numbered all
    result = recount(database, "/services/volunteer", counted)
    totals: dict[str, int] = {}
    for (_topic, _unit, _day, name), count in result.counts.items():
        totals[name] = totals.get(name, 0) + count
    present = {
        status: count
        for status in ("ENROLLED", "REGISTERED", "DEREGISTERED", "APPLIED")
        if (count := database.volunteers.count_documents({"status": status}))
    }
    assert present["REGISTERED"] > 0
    assert {name: totals[name] for name in present} == present
