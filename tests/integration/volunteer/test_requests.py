"""Requests that meet: duplicates, repeats, stale versions, bad input, units of this moment."""

import asyncio
import uuid

import pytest

from shared.mongo import Database, Document
from tests import people
from tests.integration.registers import a_unit, assert_problem, told_of
from tests.integration.volunteer.desk import Desk


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
    assert [fact for fact, _ in told_of(database, entry["id"])] == ["enrolled", "deregistered"]


def log_of(database: Database, entry: Document) -> list[str]:
    rows = database.access_log.find({"entity": entry["id"]}).sort("_id")
    return [row["action"] for row in rows]


async def test_a_repeat_tells_the_first_outcome_to_whoever_may_read_it(
    desk: Desk, database: Database
) -> None:
    body, key = people.volunteer("town"), {"Idempotency-Key": uuid.uuid4().hex}
    create = {**desk.registrar, **key}
    entry = (await desk.http.post("/v1/volunteers", json=body, headers=create)).json()
    path = f"/v1/volunteers/{entry['id']}"
    leave = {**desk.registrar, **key, "If-Match": '"1"'}
    assert (await desk.http.post(f"{path}/deregister", headers=leave)).status_code == 200
    back = {**desk.registrar, **key, "If-Match": '"2"'}
    enrolled = await desk.http.post(f"{path}/enrol", headers=back)
    assert (enrolled.json()["status"], enrolled.json()["version"]) == ("ENROLLED", 3)
    for address, headers, version, status in (
        ("/v1/volunteers", create, 1, "ENROLLED"), (f"{path}/deregister", leave, 2, "DEREGISTERED"),
        (f"{path}/enrol", back, 3, "ENROLLED"),
    ):  # fmt: skip
        sent = body if address == "/v1/volunteers" else {}
        again = await desk.http.post(address, json=sent, headers=headers)
        assert (again.json()["version"], again.json()["status"]) == (version, status), again.text
        assert again.headers["etag"] == f'"{version}"'
        moved = {**headers, **desk.officer("li", "registrar", unit="other")}
        assert_problem(await desk.http.post(address, json=sent, headers=moved), 404, "not_found")
    assert log_of(database, entry) == ["create", "deregister", "enrol", "read", "read", "read"]


async def test_reveals_and_searches_honour_a_key(desk: Desk, database: Database) -> None:
    number, key = people.resident_id(), {"Idempotency-Key": uuid.uuid4().hex}
    entry = await desk.enrolled(id_number=number)
    privacy = {**desk.officer("zhou", "privacy"), **key}
    for path, asked, other in (
        (f"/v1/volunteers/{entry['id']}/reveal", {"fields": ["id_number"], "reason": "核对"},
         {"fields": ["phone"], "reason": "核对"}),
        ("/v1/volunteers/search", {"id_number": number}, {"phone": "13800001111"}),
    ):  # fmt: skip
        first, second = [await desk.http.post(path, json=asked, headers=privacy) for _ in range(2)]
        assert (first.status_code, first.json()) == (200, second.json())
        refused = await desk.http.post(path, json=other, headers=privacy)
        assert_problem(refused, 422, "idempotency.reused", "Idempotency-Key")
    assert log_of(database, entry) == ["create", "reveal", "reveal", "search", "search"]


async def test_versions_are_asked_for_and_compared(desk: Desk) -> None:
    entry = await desk.enrolled()
    path = f"/v1/volunteers/{entry['id']}"
    missing = await desk.http.post(f"{path}/deregister", json={}, headers=desk.registrar)
    assert_problem(missing, 428, "version.missing")
    stale = await desk.act({**entry, "version": 7}, "deregister")
    assert_problem(stale, 412, "version.stale")
    assert stale.headers["etag"] == '"1"'


@pytest.mark.parametrize(
    ("given", "status", "code", "field"),
    [
        ({"unit_id": "nowhere"}, 422, "unit.unknown", "unit_id"),
        ({"unit_id": "draft"}, 422, "unit.not_active", "unit_id"),
        ({"consent": None}, 422, "consent.missing", "consent"),
        ({"id_type": "NONE", "id_number": None}, 422, "request.invalid", "id_type"),
        ({"id_type": "PASSPORT", "id_number": "E1234567"}, 422, "volunteer.birth_date_required", "birth_date"),
        ({"id_number": "110105194912310021"}, 422, "identifier.check_digit", "id_number"),
        ({"id_type": "OTHER", "id_number": "110105491231002", "birth_date": "1949-12-31"}, 422, "identifier.first_generation", "id_number"),
        ({"id_type": "PASSPORT", "id_number": "110105194912310021", "birth_date": "1949-12-31"}, 422, "identifier.check_digit", "id_number"),
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
    desk.units.truth["fresh"].update(version=2, status="ACTIVE")
    assert (await desk.enrolled(unit_id="fresh"))["unit_id"] == "fresh"
    desk.units.truth["new"] = {**a_unit("new", "county", type="VILLAGE"), "parent_id": "county"}
    assert (await desk.enrolled(unit_id="new"))["status"] == "ENROLLED"
