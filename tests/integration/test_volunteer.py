"""volunteer over HTTP on a real replica set: to registration and back, who may do what, bad input."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from embedded.servers import RealServers
from shared import directory, events
from shared.clock import today
from shared.events.states import VolunteerState
from shared.mongo import Database, Document, connect
from shared.personal.encryption import new_key_ring
from shared.recount import Counted, recount
from tests import people
from tests.integration.volunteer_desk import (
    GUARDIAN,
    PAPER,
    TREE,
    Desk,
    Headers,
    assert_problem,
    child,
    opened,
    told_of,
    unit,
)
from volunteer import migrate
from volunteer.settings import RegisteredRuleSettings, Settings
from volunteer.store import Volunteer


@pytest.fixture(scope="module")
def settings(servers: RealServers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    keyring = tmp_path_factory.mktemp("keys") / "keyring.json"
    keyring.write_text(json.dumps(new_key_ring()))
    settings = Settings(
        mongo_uri=servers.mongo_uri, mongo_database=f"t_{uuid.uuid4().hex[:12]}",
        keyring_file=keyring, oidc_issuer=servers.runtime.issuer_url, port=8003,
        instance="test", requests_per_minute=10_000_000,
    )  # fmt: skip
    database = connect(settings)
    migrate.migrate(database)
    migrate.migrate(database)
    directory.apply_cards(database, TREE)
    yield settings
    database.client.drop_database(settings.mongo_database)
    database.client.close()


@pytest.fixture(scope="module")
def database(settings: Settings) -> Iterator[Database]:
    database = connect(settings)
    yield database
    database.client.close()


@pytest.fixture
async def desk(servers: RealServers, settings: Settings) -> AsyncIterator[Desk]:
    async with opened(servers, settings) as desk:
        yield desk


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
    assert told_of(database, entry["id"]) == [
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


async def test_a_minor_waits_for_the_guardian(desk: Desk, database: Database) -> None:
    entry = await desk.enrolled(**child())
    assert (entry["status"], entry["pending"]) == ("APPLIED", "GUARDIAN_PENDING")
    assert [item["code"] for item in entry["warnings"]] == ["volunteer.guardian_pending"]
    assert_problem(await desk.act(entry, "enrol"), 422, "guardian.required", "guardian")
    silent = await desk.act(entry, "enrol", guardian={**GUARDIAN, "consent": None})
    assert_problem(silent, 422, "guardian.required", "guardian")
    entry = await desk.done(entry, "enrol", guardian=GUARDIAN)
    assert (entry["status"], entry["pending"], entry["warnings"]) == ("ENROLLED", None, [])
    assert entry["guardian"]["phone"] == "139****1111"
    assert told_of(database, entry["id"]) == [("applied", "APPLIED"), ("enrolled", "ENROLLED")]
    at_once = await desk.enrolled(**child(), guardian=GUARDIAN)
    assert at_once["status"] == "ENROLLED"


async def test_registration_takes_four_eyes_and_a_county(desk: Desk) -> None:
    both = desk.officer("zhao", "registrar", "approver")
    entry = (await desk.post(both)).json()
    entry = await desk.done(entry, "apply-registration", document=PAPER)
    assert_problem(await desk.act(entry, "register", both), 403, "four_eyes")
    below = desk.officer("qian", "approver", unit="town")
    assert_problem(await desk.act(entry, "register", below), 403, "scope.level")
    assert_problem(await desk.act(entry, "register", desk.registrar), 403, "scope.forbidden")
    by_region = desk.officer("sun", "approver", unit="330106")
    assert (await desk.act(entry, "register", by_region)).status_code == 200


async def test_scope_hides_what_lies_outside(desk: Desk) -> None:
    entry = await desk.enrolled()
    path = f"/v1/volunteers/{entry['id']}"
    stranger = desk.officer("feng", "registrar", "approver", "privacy", unit="other")
    assert_problem(await desk.http.get(path), 401, "auth.missing")
    assert_problem(await desk.http.get(path, headers=stranger), 404, "not_found")
    for action in ("enrol", "apply-registration", "register", "deregister", "void"):
        assert_problem(await desk.act(entry, action, stranger), 404, "not_found")
    viewer = desk.officer("chen", "viewer")
    assert (await desk.http.get(path, headers=viewer)).status_code == 200
    assert_problem(await desk.act(entry, "deregister", viewer), 403, "scope.forbidden")
    assert_problem(await desk.post(stranger), 403, "scope.forbidden")
    auditor = desk.officer("chu", "auditor")
    assert_problem(await desk.http.get(path, headers=auditor), 404, "not_found")


async def test_a_list_shows_the_scope_alone_page_by_page(desk: Desk, database: Database) -> None:
    inside = {(await desk.enrolled(unit_id=name))["id"] for name in ("school", "county")}
    there = desk.officer("feng", "registrar", unit="other")
    outside = (await desk.post(there, unit_id="far")).json()["id"]

    async def listed(who: Headers, **params: Any) -> list[str]:
        found, cursor = [], None
        while True:
            query = {**params, "limit": 2, **({"cursor": cursor} if cursor else {})}
            answer = await desk.http.get("/v1/volunteers", params=query, headers=who)
            assert answer.status_code == 200, answer.text
            found += [item["id"] for item in answer.json()["items"]]
            cursor = answer.json()["next_cursor"]
            if cursor is None:
                return found

    county = await listed(desk.registrar)
    assert inside <= set(county)
    assert outside not in county
    assert county == sorted(set(county))
    elsewhere = await listed(there)
    assert outside in elsewhere
    assert not set(elsewhere) & set(county)
    school = set(await listed(desk.registrar, unit_id="school"))
    assert school < set(county)
    assert len(school & inside) == 1
    everyone = database.volunteers.count_documents({})
    assert len(await listed(desk.officer("hq", "viewer", unit="hq"))) == everyone
    refused = await desk.http.get("/v1/volunteers?unit_id=far", headers=desk.registrar)
    assert_problem(refused, 404, "not_found")


async def test_of_many_who_enter_one_person_one_succeeds(desk: Desk, database: Database) -> None:
    number = people.resident_id()
    answers = await asyncio.gather(*(desk.post(id_number=number) for _ in range(12)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 11
    refused = next(answer for answer in answers if answer.status_code == 409)
    assert_problem(refused, 409, "person.duplicate", "id_number")
    assert "county红十字会" in refused.text
    assert "乡镇" in refused.text
    assert not any(part in refused.text for part in (number, "王小明", "town"))
    winner = next(answer.json()["id"] for answer in answers if answer.status_code == 201)
    assert database.identifiers.count_documents({"person": winner}) == 1


async def test_an_entry_in_error_frees_its_number_and_an_ended_one_keeps_it(desk: Desk) -> None:
    number = people.resident_id()
    entry = await desk.enrolled(id_number=number)
    gone = await desk.done(entry, "deregister", desk.approver, ground="REMOVED", reason="违纪")
    assert_problem(await desk.post(id_number=number), 409, "volunteer.left", "id_number")
    assert_problem(await desk.act(gone, "enrol"), 409, "volunteer.ended")
    voided = await desk.done(gone, "void", desk.approver, reason="误录")
    assert (voided["status"], voided["allowed"]) == ("VOIDED", [])
    assert (await desk.enrolled(id_number=number))["id"] != entry["id"]


async def test_a_removal_is_not_the_registrars(desk: Desk) -> None:
    entry = await desk.enrolled()
    refused = await desk.act(entry, "deregister", ground="REMOVED", reason="违纪")
    assert_problem(refused, 403, "scope.forbidden")


async def test_a_repeated_request_has_one_effect(desk: Desk, database: Database) -> None:
    body, key = people.volunteer("town"), {**desk.registrar, "Idempotency-Key": uuid.uuid4().hex}
    answers = await asyncio.gather(
        *(desk.http.post("/v1/volunteers", json=body, headers=key) for _ in range(6))
    )
    assert {(answer.status_code, answer.json()["id"]) for answer in answers} == {
        (201, answers[0].json()["id"])
    }
    other = await desk.http.post("/v1/volunteers", json={**body, "name": "李雷"}, headers=key)
    assert_problem(other, 422, "idempotency.reused")
    entry = answers[0].json()
    again = {**desk.registrar, "Idempotency-Key": "k", "If-Match": '"1"'}
    path = f"/v1/volunteers/{entry['id']}/deregister"
    first, second = [await desk.http.post(path, json={}, headers=again) for _ in range(2)]
    assert (first.status_code, second.status_code, second.json()["version"]) == (200, 200, 2)
    assert told_of(database, entry["id"])[1:] == [("deregistered", "DEREGISTERED")]


async def test_versions_are_asked_for_and_compared(desk: Desk) -> None:
    entry = await desk.enrolled()
    path = f"/v1/volunteers/{entry['id']}"
    missing = await desk.http.post(f"{path}/deregister", json={}, headers=desk.registrar)
    assert_problem(missing, 428, "version.missing")
    stale = await desk.act({**entry, "version": 7}, "deregister")
    assert_problem(stale, 412, "version.stale")
    assert stale.headers["etag"] == '"1"'


async def test_a_volunteer_sees_the_own_entry_and_no_other(desk: Desk) -> None:
    entry, other = await desk.enrolled(), await desk.enrolled()
    self = desk.bearer("v", [], person=entry["id"])
    me = await desk.http.get("/v1/me", headers=self)
    assert me.status_code == 200, me.text
    assert (me.json()["name"], me.json()["status"]) == ("王小明", "ENROLLED")
    assert me.json()["unit"] == {"id": "town", "name": "town红十字会", "code": "town"}
    own = await desk.http.get(f"/v1/volunteers/{entry['id']}", headers=self)
    assert own.json()["name"] == "王*"
    alien = await desk.http.get(f"/v1/volunteers/{other['id']}", headers=self)
    assert_problem(alien, 404, "not_found")
    assert_problem(await desk.act(entry, "deregister", self), 404, "not_found")
    officer = await desk.http.get("/v1/me", headers=desk.registrar)
    assert_problem(officer, 404, "volunteer.no_entry")


async def test_people_are_masked_and_sealed_and_each_read_is_logged(
    desk: Desk, database: Database
) -> None:
    number, phone = people.resident_id(), "13712349876"
    entry = await desk.enrolled(id_number=number, phone=phone, address="文三路 9 号")
    path = f"/v1/volunteers/{entry['id']}"
    shown = (await desk.http.get(path, headers=desk.registrar)).text
    assert not any(secret in shown for secret in (number, phone, "王小明", "文三路"))
    stored = str(database.volunteers.find_one({"_id": entry["id"]}))
    everything = stored + "".join(str(row) for row in database.outbox.find())
    assert not any(secret in everything for secret in (number, phone, phone[-8:], "文三路"))
    wanted = {"fields": ["id_number", "phone", "address"], "reason": "核对"}
    refused = await desk.http.post(f"{path}/reveal", json=wanted, headers=desk.registrar)
    assert_problem(refused, 403, "scope.forbidden")
    privacy = desk.officer("zhou", "privacy")
    full = await desk.http.post(f"{path}/reveal", json=wanted, headers=privacy)
    assert full.json()["fields"] == {
        "id_number": number, "phone": f"+86{phone}", "address": "文三路 9 号",
    }  # fmt: skip
    log = [
        (row["action"], row["reason"])
        for row in database.access_log.find({"entity": entry["id"]}).sort("at")
    ]
    assert log == [("create", None), ("read", None), ("reveal", "核对")]


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
    headers["If-Match"] = '"4"'
    for wrong, code, field in (
        ({}, "field.empty_change", ""),
        ({"phone": None}, "field.required", "phone"),
        ({"birth_date": f"{today().year - 3}-01-01"}, "guardian.required", "guardian"),
        ({"id_number": "1"}, "field.unknown", "id_number"),
    ):
        refused = await desk.http.patch(path, json=wrong, headers=headers)
        assert_problem(refused, 422, code, field)


@pytest.mark.parametrize(
    ("given", "status", "code", "field"),
    [
        ({"unit_id": "nowhere"}, 422, "unit.unknown", "unit_id"),
        ({"unit_id": "draft"}, 422, "unit.not_active", "unit_id"),
        ({"consent": None}, 422, "consent.missing", "consent"),
        ({"id_type": "NONE", "id_number": None}, 422, "request.invalid", "id_type"),
        ({"id_type": "PASSPORT", "id_number": "E1234567"}, 422, "volunteer.birth_date_required", "birth_date"),
        ({"id_number": "110105194912310021"}, 422, "identifier.check_digit", "id_number"),
        ({"effective_on": "2999-01-01"}, 422, "date.future", "effective_on"),
        ({"service_fields": ["DANCING"]}, 422, "field.choice", "service_fields.0"),
        ({"phone": "12345"}, 422, "phone.number", "phone"),
        ({"nickname": "小王"}, 422, "field.unknown", "nickname"),
        ({"name": "王\x00明"}, 400, "body.nul", "name"),
    ],
)  # fmt: skip
async def test_bad_input_is_refused_by_name_and_leaves_nothing(
    desk: Desk, database: Database, given: Document, status: int, code: str, field: str
) -> None:
    before = database.volunteers.count_documents({})
    assert_problem(await desk.post(**given), status, code, field)
    assert database.volunteers.count_documents({}) == before


async def test_a_unit_activated_a_moment_ago_takes_volunteers(desk: Desk) -> None:
    assert_problem(await desk.post(unit_id="fresh"), 422, "unit.not_active", "unit_id")
    desk.truth["fresh"].update(version=2, status="ACTIVE")
    assert (await desk.enrolled(unit_id="fresh"))["unit_id"] == "fresh"
    desk.truth["new"] = {**unit("new", "county", type="VILLAGE"), "parent_id": "county"}
    assert (await desk.enrolled(unit_id="new"))["status"] == "ENROLLED"


async def test_other_services_learn_how_many_are_at_a_unit(desk: Desk) -> None:
    there = desk.officer("feng", "registrar", unit="other")
    entry = (await desk.post(there, unit_id="other")).json()
    service = desk.bearer("service:test", [], service=True)
    path = "/v1/units/other/people"
    assert (await desk.http.get(path, headers=service)).json() == {"people": 1}
    await desk.done(entry, "deregister", there)
    assert (await desk.http.get(path, headers=service)).json() == {"people": 0}
    assert_problem(await desk.http.get(path, headers=desk.registrar), 403, "scope.service")


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
