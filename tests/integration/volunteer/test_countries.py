"""Passports and other documents: one number is one person's within its issuing country only."""

from functools import partial
from typing import Any

import httpx
import pytest

from shared.base.mongo import Database, Document
from shared.base.settings import WriterSettings
from shared.people.encryption import KeyRing
from shared.people.reading import Wanted
from tests import people
from tests.clients.register import Entity, check_problem, logged_of
from tests.clients.volunteer import Volunteers
from tests.waiting import at_once


@pytest.fixture
def ring(settings: WriterSettings) -> KeyRing:
    assert settings.keyring_file is not None
    return KeyRing.load(settings.keyring_file)


def adult(**fields: Any) -> dict[str, Any]:
    """Return what a grown-up with a passport gives."""
    return {**people.child(40), "sex": "1", **fields}


def entered_before(
    volunteers: Volunteers, database: Database, ring: KeyRing, **fields: Any
) -> tuple[Entity, str]:
    """Return an entry, and its number, as it was stored when no country was asked for."""
    given = adult()
    entry = volunteers.create(**{**given, **fields})
    held = database.volunteers.find_one({"_id": entry["id"]}, {"id_index": 1})
    assert held is not None
    database.identifiers.delete_many({"_id": {"$in": held["id_index"]}})
    number = ring.indexes("PASSPORT", given["id_number"])
    database.identifiers.insert_many([{"_id": one, "person": entry["id"]} for one in number])
    known = {"$set": {"id_index": number}, "$unset": {"id_country": ""}}
    database.volunteers.update_one({"_id": entry["id"]}, known)
    return entry, given["id_number"]


def held_by(database: Database, entry: Entity) -> set[str]:
    return {row["_id"] for row in database.identifiers.find({"person": entry["id"]})}


def searched(volunteers: Volunteers, **key: Any) -> httpx.Response:
    given = {"id_type": "PASSPORT", **key}
    return volunteers.http.post(volunteers.of("search"), json=given, headers=volunteers.registrar)


def found(volunteers: Volunteers, **key: Any) -> list[str]:
    answer = searched(volunteers, **key)
    assert answer.status_code == 200, answer.text
    return [one["id"] for one in answer.json()["items"]]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"id_country": None}, "identifier.country_required"),
        ({"id_type": "OTHER", "id_country": None}, "identifier.country_required"),
        ({"id_country": "XYZ"}, "identifier.country_unknown"),
        ({"id_country": "US"}, "identifier.country_unknown"),
        ({"id_type": "RESIDENT_ID", "id_country": "USA"}, "identifier.country_of_type"),
    ],
)
def test_the_issuing_country_of_a_volunteers_document_is_asked_for_at_every_entrance(
    volunteers: Volunteers, database: Database, given: Document, code: str
) -> None:
    person = {**adult(), **given}
    if given.get("id_type") == "RESIDENT_ID":
        person["id_number"] = people.resident_id()
    before = database.volunteers.count_documents({})
    check_problem(volunteers.post(volunteers.body(**person)), 422, code, "id_country")
    assert database.volunteers.count_documents({}) == before
    key = {name: person[name] for name in ("id_type", "id_number", "id_country")}
    check_problem(searched(volunteers, **key), 422, code, "id_country")
    gone = volunteers.done(volunteers.create(), "deregister")
    anew = {"registration": volunteers.body(**person)}
    check_problem(
        volunteers.act(gone, "enrol", None, anew), 422, code, "registration.id_country"
    )  # fmt: skip


def test_a_number_of_two_countries_belongs_to_two_volunteers(volunteers: Volunteers) -> None:
    given = adult(id_country="美国")
    first = volunteers.create(**given)
    assert (first["id_type"], first["id_country"]) == ("PASSPORT", "USA")
    second = volunteers.create(**{**given, "id_country": "FRA"})
    other = volunteers.create(**{**given, "id_type": "OTHER"})
    again = volunteers.post(volunteers.body(**{**given, "id_country": "usa"}))
    check_problem(again, 409, "person.duplicate", "id_number")
    number = given["id_number"]
    assert found(volunteers, id_number=number, id_country="United States") == [first["id"]]
    assert found(volunteers, id_number=number, id_country="FRA") == [second["id"]]
    assert found(volunteers, id_number=number, id_country="GBR") == []
    assert found(volunteers, id_number=number, id_country="USA", id_type="OTHER") == [other["id"]]
    assert volunteers.create()["id_country"] is None


def test_a_volunteer_entered_without_a_country_stays_and_is_listed_for_completion(
    volunteers: Volunteers, database: Database, ring: KeyRing
) -> None:
    entry, number = entered_before(volunteers, database, ring)
    voided, _ = entered_before(volunteers, database, ring)
    volunteers.done(voided, "void", body={"reason": "误录"})
    complete = volunteers.create(**adult())
    resident = volunteers.create()
    lacking = [one["id"] for one in volunteers.listed(incomplete="id_country")]
    assert entry["id"] in lacking
    assert not {voided["id"], complete["id"], resident["id"]} & {*lacking}
    elsewhere = volunteers.officer("feng", "registrar", unit="other")
    assert entry["id"] not in [
        one["id"] for one in volunteers.listed(elsewhere, incomplete="id_country")
    ]
    ended = [one["id"] for one in volunteers.listed(incomplete="id_country", status="DEREGISTERED")]
    assert entry["id"] not in ended
    assert found(volunteers, id_number=number, id_country="JPN") == [entry["id"]]
    edited = volunteers.patch(entry, {"education": "20"})
    assert edited.status_code == 200, edited.text
    assert (edited.json()["education"], edited.json()["id_country"]) == ("20", None)


def test_a_new_volunteer_is_no_second_entry_of_one_without_a_country(
    volunteers: Volunteers, database: Database, ring: KeyRing
) -> None:
    entry, number = entered_before(volunteers, database, ring, name="周吴郑")
    body = volunteers.body(**adult(id_number=number, id_country="FRA"))
    for language, remedy in (("zh", "补填其 id_country"), ("en", "complete its id_country")):
        refused = volunteers.post(body, **{"Accept-Language": language})
        check_problem(refused, 409, "person.without_country", "id_number")
        assert remedy in refused.json()["detail"]
        assert not any(one in refused.text for one in ("周", number, entry["id"]))
    before = held_by(database, entry)
    done = volunteers.patch(entry, {"id_country": "USA"})
    assert (done.status_code, done.json()["id_country"]) == (200, "USA"), done.text
    assert held_by(database, entry) == {*ring.indexes("PASSPORT", f"USA:{number}")}
    assert before.isdisjoint(held_by(database, entry))
    assert "correct" in logged_of(database, entry["id"])
    assert entry["id"] not in [one["id"] for one in volunteers.listed(incomplete="id_country")]
    same = volunteers.post({**body, "id_country": "USA"})
    check_problem(same, 409, "person.duplicate", "id_number")
    assert volunteers.post(body).status_code == 201
    moved = volunteers.patch(done.json(), {"id_country": "FRA"})
    check_problem(moved, 409, "person.duplicate", "id_number")
    assert held_by(database, entry) == {*ring.indexes("PASSPORT", f"USA:{number}")}
    assert volunteers.patch(done.json(), {"id_country": "加拿大"}).status_code == 200
    assert volunteers.post({**body, "id_country": "USA"}).status_code == 201


def test_a_volunteer_without_a_country_returns_by_a_registration_that_has_it(
    volunteers: Volunteers, database: Database, ring: KeyRing
) -> None:
    for ended, code in (("deregister", "person.without_country"), ("void", "volunteer.left")):
        entry, number = entered_before(volunteers, database, ring)
        gone = volunteers.done(entry, ended, body={"reason": "a reason"})
        body = volunteers.body(**adult(id_number=number, id_country="GBR"))
        check_problem(volunteers.post(body), 409, code, "id_number")
        back = volunteers.done(gone, "enrol", body={"registration": body})
        assert (back["status"], back["id_country"]) == ("ENROLLED", "GBR")
        assert held_by(database, entry) == {*ring.indexes("PASSPORT", f"GBR:{number}")}
        left = volunteers.done(back, "deregister")
        other = {"registration": {**body, "id_country": "FRA"}}
        check_problem(
            volunteers.act(left, "enrol", None, other),
            422, "person.number_differs", "registration.id_number",
        )  # fmt: skip
        assert volunteers.act(left, "enrol").status_code == 200


def test_a_volunteer_completed_and_entered_at_once_is_one_person(
    volunteers: Volunteers, database: Database, ring: KeyRing
) -> None:
    for _ in range(10):
        entry, number = entered_before(volunteers, database, ring)
        body = volunteers.body(**adult(id_number=number, id_country="USA"))
        done, refused = at_once(
            [
                partial(volunteers.patch, entry, {"id_country": "USA"}),
                partial(volunteers.post, body),
            ]
        )
        assert (done.status_code, refused.status_code) == (200, 409), (done.text, refused.text)
        assert held_by(database, entry) == {*ring.indexes("PASSPORT", f"USA:{number}")}
        assert found(volunteers, id_number=number, id_country="USA") == [entry["id"]]


def test_the_list_of_volunteers_without_a_country_reads_an_index_of_foreign_documents(
    database: Database,
) -> None:
    query = Wanted(incomplete="id_country").query(["town"])
    plan = database.volunteers.find(query).sort("_id").limit(50).explain()
    assert "'indexName': 'id_country'" in str(plan["queryPlanner"]["winningPlan"])
    assert "'stage': 'SORT'" not in str(plan["queryPlanner"]["winningPlan"])
