"""Requests that meet: duplicates, repeats, stale versions, bad input, units of this moment."""

from functools import partial
from uuid import uuid4

import pytest

from shared.base.mongo import Database, Document
from tests import people
from tests.clients.peers import UnitsAsGiven
from tests.clients.register import a_key, check_problem, events_of, logged_of
from tests.clients.volunteer import Volunteers
from tests.waiting import at_once


def test_of_many_who_enrol_one_volunteer_one_succeeds(
    volunteers: Volunteers, database: Database
) -> None:
    number = people.resident_id()
    body = volunteers.body(id_number=number)
    answers = at_once(partial(volunteers.post, body) for _ in range(12))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 11
    refused = next(answer for answer in answers if answer.status_code == 409)
    check_problem(refused, 409, "person.duplicate", "id_number")
    assert "西湖区红十字会" in refused.text
    assert "乡镇" in refused.text
    assert not any(part in refused.text for part in (number, "王小明", "town"))
    winner = next(answer.json()["id"] for answer in answers if answer.status_code == 201)
    assert database.identifiers.count_documents({"person": winner}) == 1


def test_a_repeated_request_for_a_volunteer_has_one_effect(
    volunteers: Volunteers, database: Database
) -> None:
    body, key = volunteers.body(), a_key()
    answers = at_once(partial(volunteers.post, body, None, **key) for _ in range(6))
    assert {(answer.status_code, answer.json()["id"]) for answer in answers} == {
        (201, answers[0].json()["id"])
    }
    other = volunteers.post({**body, "name": "李雷"}, None, **key)
    check_problem(other, 422, "idempotency.reused")
    entry, again = answers[0].json(), a_key()
    first, second = (volunteers.act(entry, "deregister", **again) for _ in range(2))
    assert (first.status_code, second.status_code, second.json()["version"]) == (200, 200, 2)
    assert [fact for fact, _ in events_of(database, entry["id"])] == ["enrolled", "deregistered"]


def test_a_repeat_shows_the_first_outcome_of_a_volunteer_to_whoever_may_read_it(
    volunteers: Volunteers, database: Database
) -> None:
    body, key = volunteers.body(), a_key()
    create = {**volunteers.registrar, **key}
    entry = volunteers.http.post(volunteers.path, json=body, headers=create).json()
    leave = {**volunteers.registrar, **key, "If-Match": '"1"'}
    deregister, enrol = volunteers.of(entry, "deregister"), volunteers.of(entry, "enrol")
    assert volunteers.http.post(deregister, headers=leave).status_code == 200
    back = {**volunteers.registrar, **key, "If-Match": '"2"'}
    enrolled = volunteers.http.post(enrol, headers=back)
    assert (enrolled.json()["status"], enrolled.json()["version"]) == ("ENROLLED", 3)
    elsewhere = volunteers.officer("li", "registrar", unit="other")
    for address, sent, headers, version, status in (
        (volunteers.path, body, create, 1, "ENROLLED"),
        (deregister, {}, leave, 2, "DEREGISTERED"),
        (enrol, {}, back, 3, "ENROLLED"),
    ):
        again = volunteers.http.post(address, json=sent, headers=headers)
        assert (again.json()["version"], again.json()["status"]) == (version, status), again.text
        assert again.headers["etag"] == f'"{version}"'
        moved = volunteers.http.post(address, json=sent, headers={**headers, **elsewhere})
        check_problem(moved, 404, "not_found")
    logged = ["create", "deregister", "enrol", "read", "read", "read"]
    assert logged_of(database, entry["id"]) == logged


def test_reveals_and_searches_of_volunteers_honour_an_idempotency_key(
    volunteers: Volunteers, database: Database
) -> None:
    number = people.resident_id()
    entry = volunteers.create(id_number=number)
    privacy = {**volunteers.officer("zhou", "privacy"), **a_key()}
    for path, asked, other in (
        (volunteers.of(entry, "reveal"), {"fields": ["id_number"], "reason": "核对"},
         {"fields": ["phone"], "reason": "核对"}),
        (volunteers.of("search"), {"id_number": number}, {"phone": "13800001111"}),
    ):  # fmt: skip
        first, second = (volunteers.http.post(path, json=asked, headers=privacy) for _ in range(2))
        assert (first.status_code, first.json()) == (200, second.json())
        refused = volunteers.http.post(path, json=other, headers=privacy)
        check_problem(refused, 422, "idempotency.reused", "Idempotency-Key")
    logged = ["create", "reveal", "reveal", "search", "search"]
    assert logged_of(database, entry["id"]) == logged


def test_the_version_of_a_volunteer_is_asked_for_and_compared(volunteers: Volunteers) -> None:
    entry = volunteers.create()
    path = volunteers.of(entry, "deregister")
    missing = volunteers.http.post(path, json={}, headers=volunteers.registrar)
    check_problem(missing, 428, "version.missing")
    stale = volunteers.act({**entry, "version": 7}, "deregister")
    check_problem(stale, 412, "version.stale")
    assert stale.headers["etag"] == '"1"'


@pytest.mark.parametrize(
    ("given", "status", "code", "field"),
    [
        ({"unit_id": "nowhere"}, 422, "unit.unknown", "unit_id"),
        ({"unit_id": "draft"}, 422, "unit.not_active", "unit_id"),
        ({"consent": None}, 422, "consent.missing", "consent"),
        ({"id_type": "NONE", "id_number": None}, 422, "request.invalid", "id_type"),
        ({"id_type": "PASSPORT", "id_number": "E1234567", "id_country": "USA"}, 422, "volunteer.birth_date_required", "birth_date"),
        ({"id_number": "110105194912310021"}, 422, "identifier.check_digit", "id_number"),
        ({"id_type": "OTHER", "id_number": "110105491231002", "id_country": "USA", "birth_date": "1949-12-31"}, 422, "identifier.first_generation", "id_number"),
        ({"id_type": "PASSPORT", "id_number": "110105194912310021", "id_country": "USA", "birth_date": "1949-12-31"}, 422, "identifier.check_digit", "id_number"),
        ({"effective_on": "2999-01-01"}, 422, "date.future", "effective_on"),
        ({"service_fields": ["DANCING"]}, 422, "field.choice", "service_fields.0"),
        ({"phone": "12345"}, 422, "phone.number", "phone"),
        ({"nickname": "小王"}, 422, "field.unknown", "nickname"),
        ({"name": "王\x00明"}, 400, "body.nul", "name"),
    ],
)  # fmt: skip
def test_a_bad_enrolment_of_a_volunteer_is_refused_by_field_and_leaves_nothing(
    volunteers: Volunteers, database: Database, given: Document, status: int, code: str, field: str
) -> None:
    before = database.volunteers.count_documents({})
    check_problem(volunteers.post(volunteers.body(**given)), status, code, field)
    assert database.volunteers.count_documents({}) == before


def test_a_unit_activated_a_moment_ago_takes_volunteers(
    volunteers: Volunteers, units: UnitsAsGiven
) -> None:
    unit = units.add(uuid4().hex, "county", type="SCHOOL", status="DRAFT")
    early = volunteers.post(volunteers.body(unit_id=unit))
    check_problem(early, 422, "unit.not_active", "unit_id")
    units.add(unit, "county", type="SCHOOL", version=2)
    assert volunteers.create(unit_id=unit)["unit_id"] == unit
    new = units.add(uuid4().hex, "county", type="VILLAGE")
    assert volunteers.create(unit_id=new)["status"] == "ENROLLED"
