"""The life of an entry over HTTP on a real replica set: to registration and back."""

import asyncio
from typing import Any

from embedded.servers import RealServers
from shared import events
from shared.clock import today
from shared.events.states import VolunteerState
from shared.mongo import Database
from shared.recount import Counted, recount
from tests.integration.registers import assert_problem, told_of
from tests.integration.volunteer.desk import GUARDIAN, PAPER, Desk, child, opened
from volunteer.settings import RegisteredRuleSettings, Settings
from volunteer.store import Volunteer


def facts_of(database: Database, entity: str) -> list[tuple[str, str | None]]:
    """Return the facts told of a volunteer, each with the status it leads to."""
    return [
        (fact, data.changes[-1].now and data.changes[-1].now.status)
        for fact, data in told_of(database, entity)
    ]


async def test_the_whole_way_to_registration_and_out(desk: Desk, database: Database) -> None:
    entry = await desk.enrolled(service_fields=["FIRST_AID"], effective_on="2026-01-05")
    assert (entry["status"], entry["enrolled_on"], entry["version"]) == (
        "ENROLLED",
        "2026-01-05",
        1,
    )
    entry = await desk.done(
        entry, "apply-registration", document=PAPER, declared_hours=24, effective_on="2026-03-01"
    )
    assert entry["registration"] == {"basis": "DOCUMENT", "document": PAPER, "declared_hours": 24.0}
    entry = await desk.done(entry, "register", desk.approver, effective_on="2026-03-02")
    assert (entry["status"], entry["registered_on"]) == ("REGISTERED", "2026-03-02")
    assert entry["allowed"] == ["suspend", "deregister", "void"]
    entry = await desk.done(entry, "suspend", desk.approver, reason="调查")
    entry = await desk.done(entry, "resume", desk.approver)
    entry = await desk.done(entry, "deregister")
    assert (entry["status"], entry["ground"]) == ("DEREGISTERED", "OWN_REQUEST")
    entry = await desk.done(entry, "enrol")
    assert (entry["status"], entry["ground"], entry["registered_on"]) == ("ENROLLED", None, None)
    assert facts_of(database, entry["id"]) == [
        ("enrolled", "ENROLLED"), ("registration-applied", "REG_APPLIED"),
        ("registered", "REGISTERED"), ("suspended", "SUSPENDED"), ("resumed", "REGISTERED"),
        ("deregistered", "DEREGISTERED"), ("enrolled", "ENROLLED"),
    ]  # fmt: skip
    assert database.volunteers_versions.count_documents({"entity": entry["id"]}) == 6


async def test_every_stored_entry_satisfies_its_schema(desk: Desk, database: Database) -> None:
    await desk.registered(address="文三路 1 号", **child(16), guardian=GUARDIAN)
    for document in database.volunteers.find():
        Volunteer._from_son(document).validate()


async def test_the_hours_of_the_rule_are_asked_for_by_name(desk: Desk) -> None:
    entry = await desk.enrolled()
    short = await desk.act(entry, "apply-registration", document=PAPER, declared_hours=19.5)
    assert_problem(short, 422, "volunteer.hours_below_rule", "declared_hours")
    assert "20" in short.json()["detail"]
    bare = await desk.act(entry, "apply-registration", declared_hours=20)
    assert_problem(bare, 422, "document.required", "document")


async def test_where_enrolment_registers_it_does(servers: RealServers, settings: Settings) -> None:
    rule = RegisteredRuleSettings(mode="ON_ENROLMENT")
    async with opened(servers, settings, rule) as desk:
        entry = await desk.enrolled()
        assert (entry["status"], entry["registered_on"]) == ("REGISTERED", today().isoformat())
        gone = await desk.done(entry, "deregister")
        back = await desk.done(gone, "enrol")
        assert (back["status"], back["registered_on"]) == ("REGISTERED", today().isoformat())
        assert (back["deregistered_on"], back["ground"]) == (None, None)


async def test_a_minor_waits_for_the_guardian(desk: Desk, database: Database) -> None:
    entry = await desk.enrolled(**child())
    assert (entry["status"], entry["pending"]) == ("APPLIED", "GUARDIAN_PENDING")
    assert [item["code"] for item in entry["warnings"]] == ["volunteer.guardian_pending"]
    assert_problem(await desk.act(entry, "enrol"), 422, "guardian.required", "guardian")
    silent = await desk.act(entry, "enrol", guardian={**GUARDIAN, "consent": None})
    assert_problem(silent, 422, "guardian.required", "guardian")
    entry = await desk.done(entry, "enrol", guardian=GUARDIAN)
    assert (entry["status"], entry["pending"], entry["warnings"]) == ("ENROLLED", None, [])
    path = f"/v1/volunteers/{entry['id']}"
    read = (await desk.http.get(path, headers=desk.registrar)).json()
    assert read["guardian"] == entry["guardian"] | {"name": "李*", "phone": "139****1111"}
    wanted = {"fields": ["guardian_name", "guardian_phone"], "reason": "联系监护人"}
    privacy = desk.officer("zhou", "privacy")
    full = await desk.http.post(f"{path}/reveal", json=wanted, headers=privacy)
    assert full.json()["fields"] == {"guardian_name": "李四光", "guardian_phone": "+8613900001111"}
    assert facts_of(database, entry["id"]) == [("applied", "APPLIED"), ("enrolled", "ENROLLED")]
    at_once = await desk.enrolled(**child(), guardian=GUARDIAN)
    assert at_once["status"] == "ENROLLED"


async def test_corrections_hold_from_the_start(desk: Desk, database: Database) -> None:
    entry = await desk.registered(sex="1")
    headers = {**desk.registrar, "If-Match": '"3"'}
    path = f"/v1/volunteers/{entry['id']}"
    right = {"sex": "2", "phone": "13600000001", "service_fields": ["BLOOD"], "reason": "笔误"}
    answer = await desk.http.patch(path, json=right, headers=headers)
    assert answer.status_code == 200, answer.text
    assert (answer.json()["sex"], answer.json()["service_fields"]) == ("2", ["BLOOD"])
    stored: Any = database.volunteers.find_one({"_id": entry["id"]})
    assert {item["state"]["sex"] for item in stored["timeline"]} == {"2"}
    nobody = await desk.http.patch(path, json={"phone": "13600000002"}, headers=headers)
    assert nobody.status_code == 412
    headers["If-Match"] = '"4"'
    same = await desk.http.patch(path, json={"phone": "13600000002"}, headers=headers)
    assert told_of(database, entry["id"])[-1][1].changes == []
    assert same.json()["version"] == 5
    headers["If-Match"] = '"5"'
    for wrong, code, field in (
        ({}, "field.empty_change", ""),
        ({"phone": None}, "field.required", "phone"),
        ({"birth_date": f"{today().year - 3}-01-01"}, "guardian.required", "guardian"),
        ({"id_number": "1"}, "field.unknown", "id_number"),
        ({"sex": "3"}, "code.unknown", "sex"),
        (
            {"political": "13", "document": {"number": "1号", "issued_on": "2999-01-01"}},
            "date.future",
            "document.issued_on",
        ),
    ):
        refused = await desk.http.patch(path, json=wrong, headers=headers)
        assert_problem(refused, 422, code, field)


async def test_the_recount_sees_what_the_events_told(desk: Desk, database: Database) -> None:
    await desk.registered(unit_id="school")
    counted = (Counted("volunteers", events.VOLUNTEER_TOPIC, VolunteerState),)
    database.outbox.update_many({}, {"$set": {"state": 1}})  # as if the relay had numbered all
    result = await asyncio.to_thread(recount, database, "/services/volunteer", counted)
    totals: dict[str, int] = {}
    for (_topic, _unit, _day, name), count in result.counts.items():
        totals[name] = totals.get(name, 0) + count
    present = {
        status: count
        for status in ("ENROLLED", "REGISTERED", "DEREGISTERED", "APPLIED")
        if (count := database.volunteers.count_documents({"status": status}))
    }
    assert {name: totals[name] for name in present} == present
