"""Coming back: one entry a person for ever, opened again where the person is now."""

from datetime import date
from typing import Any

import pytest

from shared.base.mongo import Database
from tests import people
from tests.clients.officers import Headers
from tests.clients.register import Entity, check_problem, events_of
from tests.clients.volunteer import PAPER, Volunteers
from volunteer.enrolment.schemas import VolunteerCorrection


def registration(number: str, unit: str = "far", **fields: Any) -> dict[str, Any]:
    """Return the body of a return with the whole registration, elsewhere by default."""
    return {"registration": people.volunteer(unit, id_number=number, **fields)}


def searched(volunteers: Volunteers, who: Headers, **key: str) -> list[Any]:
    """Return what a search by a whole number finds."""
    answer = volunteers.http.post(volunteers.of("search"), json=key, headers=who)
    assert answer.status_code == 200, answer.text
    items: list[Any] = answer.json()["items"]
    return items


def of_other(volunteers: Volunteers) -> Headers:
    """Return a registrar of the neighbouring county."""
    return volunteers.officer("feng", "registrar", unit="other")


def test_a_volunteer_removed_keeps_the_number_and_stays_out(volunteers: Volunteers) -> None:
    number = people.resident_id()
    body = volunteers.body(id_number=number)
    entry = volunteers.create(id_number=number)
    check_problem(volunteers.post(body), 409, "person.duplicate", "id_number")
    removal = {"ground": "REMOVED", "reason": "违纪"}
    gone = volunteers.done(entry, "deregister", who=volunteers.approver, body=removal)
    assert gone["allowed"] == ["void"]
    check_problem(volunteers.post(body), 409, "volunteer.barred", "id_number")
    check_problem(volunteers.act(gone, "enrol"), 409, "volunteer.ended")
    anew = registration(number, "town")
    check_problem(volunteers.act(gone, "enrol", None, anew), 409, "volunteer.ended")
    assert searched(volunteers, of_other(volunteers), id_number=number) == []


def test_a_volunteer_voided_comes_back_as_the_same_entry(
    volunteers: Volunteers, database: Database
) -> None:
    number = people.resident_id()
    wrong = volunteers.create(id_number=number, name="李雷", effective_on="2026-02-01")
    voided = volunteers.done(wrong, "void", body={"reason": "误录"})
    assert (voided["status"], voided["allowed"]) == ("VOIDED", [])  # the approver's own
    assert volunteers.read(voided).json()["allowed"] == ["enrol"]  # the registrar's
    assert database.identifiers.count_documents({"person": wrong["id"]}) == 1
    refused = volunteers.post(volunteers.body(id_number=number))
    check_problem(refused, 409, "volunteer.left", "id_number")
    assert "/v1/volunteers/search" in refused.json()["detail"]
    assert "{id}/enrol" in refused.json()["detail"]
    check_comes_back(volunteers, voided, number)

    facts = events_of(database, wrong["id"])
    assert [fact for fact, _ in facts] == ["enrolled", "voided", "enrolled"]
    assert [change.was for change in facts[-1][1].changes] == [None]
    again = volunteers.post(volunteers.body(id_number=number))
    check_problem(again, 409, "person.duplicate", "id_number")
    assert database.volunteers.count_documents({"_id": wrong["id"]}) == 1


def check_comes_back(volunteers: Volunteers, voided: Entity, number: str) -> None:
    """What was voided is enrolled again by the whole registration of that person, at a school."""
    bare = volunteers.act(voided, "enrol")
    check_problem(bare, 422, "person.registration_required", "registration")
    mismatch = volunteers.act(voided, "enrol", None, registration(people.resident_id(), "town"))
    check_problem(mismatch, 422, "person.number_differs", "registration.id_number")
    right = registration(
        number, "school", name="韩梅梅", phone="13911112222", effective_on="2026-03-01"
    )
    back = volunteers.done(voided, "enrol", body=right)
    assert (back["id"], back["status"], back["unit_id"]) == (voided["id"], "ENROLLED", "school")
    assert (back["name"], back["phone"]) == ("韩*", "139****2222")
    assert (back["enrolled_on"], back["voided_on"]) == ("2026-03-01", None)


def test_a_volunteer_who_left_and_moved_is_enrolled_where_he_lives_now(
    volunteers: Volunteers, database: Database
) -> None:
    number = people.resident_id()
    entry = volunteers.create(id_number=number, effective_on="2026-01-05")
    left = {"effective_on": "2026-02-01", "reason": "迁出"}  # empties past days: the county's
    gone = volunteers.done(entry, "deregister", who=volunteers.approver, body=left)
    assert volunteers.read(gone).json()["allowed"] == ["enrol", "deregister"]
    there = of_other(volunteers)
    found = searched(volunteers, there, id_number=number)
    assert found == [{"id": entry["id"], "version": 2, "allowed": ["enrol"]}]
    check_problem(volunteers.act(gone, "enrol", there), 404, "not_found")
    strange = registration(people.resident_id())
    check_problem(volunteers.act(gone, "enrol", there, strange), 404, "not_found")
    outside = registration(number, "town")
    check_problem(volunteers.act(gone, "enrol", there, outside), 403, "scope.forbidden")

    anew = {**registration(number), "effective_on": "2026-03-01"}
    back = volunteers.done(gone, "enrol", who=there, body=anew)
    assert (back["id"], back["unit_id"], back["status"]) == (entry["id"], "far", "ENROLLED")
    (change,) = events_of(database, entry["id"])[-1][1].changes
    assert change.effective_on == date(2026, 3, 1)
    assert (change.was.unit, change.was.status) == ("town", "DEREGISTERED")
    assert (change.now.unit, change.now.status) == ("far", "ENROLLED")
    check_problem(volunteers.read(entry), 404, "not_found")
    assert searched(volunteers, volunteers.registrar, id_number=number) == []
    found = searched(volunteers, there, id_number=number)
    assert [item["id"] for item in found] == [entry["id"]]


def test_the_open_entry_of_a_volunteer_is_not_taken_away(volunteers: Volunteers) -> None:
    number = people.resident_id()
    there = of_other(volunteers)
    entry = volunteers.create(id_number=number)
    taken = volunteers.act(entry, "enrol", there, registration(number))
    check_problem(taken, 404, "not_found")
    assert searched(volunteers, there, id_number=number) == []
    here = volunteers.act(entry, "enrol", None, registration(number, "town"))
    check_problem(here, 409, "state.illegal")
    young = people.child()
    waiting = volunteers.create(**young)
    whole = {"registration": {**volunteers.body(**young), "guardian": people.guardian()}}
    open_still = volunteers.act(waiting, "enrol", None, whole)
    check_problem(open_still, 409, "volunteer.application_open")
    both = {**whole, "guardian": people.guardian()}
    twice = volunteers.act(waiting, "enrol", None, both)
    check_problem(twice, 422, "volunteer.guardian_twice")


@pytest.mark.parametrize(
    ("change", "outer", "code", "where"),
    [
        ({"phone": "1"}, {}, "phone.number", "registration.phone"),
        ({"consent": None}, {}, "consent.missing", "registration.consent"),
        ({"unit_id": "draft"}, {}, "unit.not_active", "registration.unit_id"),
        ({"effective_on": "2999-01-01"}, {}, "date.future", "registration.effective_on"),
        ({"effective_on": "2020-01-01"}, {}, "date.too_early", "registration.effective_on"),
        ({}, {"effective_on": "2020-01-01"}, "date.too_early", "effective_on"),
        ({"birth_date": "2015-01-01"}, {}, "guardian.required", "registration.guardian"),
    ],
)
def test_what_is_wrong_with_a_volunteers_registration_is_named_within_it(
    volunteers: Volunteers, change: dict[str, Any], outer: dict[str, Any], code: str, where: str
) -> None:
    number = people.resident_id()
    gone = volunteers.done(volunteers.create(id_number=number), "deregister")
    whole = {"registration": volunteers.body(id_number=number, **change), **outer}
    check_problem(volunteers.act(gone, "enrol", None, whole), 422, code, where)


def test_to_void_a_registered_volunteer_takes_a_county_and_another_person(
    volunteers: Volunteers,
) -> None:
    wrong = {"reason": "误录"}
    below = volunteers.officer("qian", "registrar", "approver", unit="town")
    fresh = volunteers.create(below)
    assert volunteers.act(fresh, "void", below, wrong).status_code == 200
    entry = volunteers.create(below, effective_on="2026-01-05")
    paper = {"document": PAPER, "effective_on": "2026-03-01"}
    entry = volunteers.done(entry, "apply-registration", body=paper)
    entry = volunteers.done(entry, "register", body={"effective_on": "2026-03-02"})
    for who, code in (
        (below, "scope.level"),
        (volunteers.officer("qian", "approver"), "four_eyes"),
        (volunteers.officer("li", "approver"), "four_eyes"),  # who applied for the registration
    ):
        check_problem(volunteers.act(entry, "void", who, wrong), 403, code)
    assert volunteers.done(entry, "void", body=wrong)["status"] == "VOIDED"


def test_who_edited_a_volunteer_does_not_register_him_whoever_applies_between(
    volunteers: Volunteers,
) -> None:
    editor = volunteers.officer("chen", "registrar", "approver")
    edited = volunteers.patch(volunteers.create(), {"political": "13"}, editor).json()
    applied = volunteers.done(edited, "apply-registration", body={"document": PAPER})
    check_problem(volunteers.act(applied, "register", editor), 403, "four_eyes")
    assert volunteers.act(applied, "register").status_code == 200


NULLED = sorted(set(VolunteerCorrection.model_fields) - {"reason", "document", "run"})


@pytest.mark.parametrize("field", NULLED)
def test_null_empties_a_field_of_a_volunteer_or_is_refused_by_name(
    volunteers: Volunteers, field: str
) -> None:
    given = {"education": "20", "ethnicity": "01", "address": "文三路", "service_fields": ["BLOOD"]}
    entry = volunteers.create(**given, **people.child(30), sex="1")
    answer = volunteers.patch(entry, {field: None})
    if field in {"name", "phone"}:
        check_problem(answer, 422, "field.required", field)
    elif field == "birth_date":
        check_problem(answer, 422, "volunteer.birth_date_required", field)
    elif field == "id_country":
        check_problem(answer, 422, "identifier.country_required", field)
    else:
        assert answer.status_code == 200, answer.text
