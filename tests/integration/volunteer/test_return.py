"""Coming back: one entry a person for ever, opened again where the person is now."""

from datetime import date
from typing import Any

import pytest

from shared.mongo import Database
from tests import people
from tests.integration.registers import assert_problem, told_of
from tests.integration.volunteer.desk import GUARDIAN, PAPER, Desk, Headers, child
from volunteer.schemas import VolunteerCorrection


def registration(number: str, unit: str = "far", **fields: Any) -> dict[str, Any]:
    return people.volunteer(unit, id_number=number, **fields)


async def searched(desk: Desk, who: Headers, **key: str) -> list[Any]:
    answer = await desk.http.post("/v1/volunteers/search", json=key, headers=who)
    assert answer.status_code == 200, answer.text
    items: list[Any] = answer.json()["items"]
    return items


async def test_an_ended_entry_keeps_its_number_and_says_what_to_do(desk: Desk) -> None:
    number = people.resident_id()
    entry = await desk.enrolled(id_number=number)
    assert_problem(await desk.post(id_number=number), 409, "person.duplicate", "id_number")
    gone = await desk.done(entry, "deregister", desk.approver, ground="REMOVED", reason="违纪")
    assert gone["allowed"] == ["void"]
    assert_problem(await desk.post(id_number=number), 409, "volunteer.barred", "id_number")
    assert_problem(await desk.act(gone, "enrol"), 409, "volunteer.ended")
    anew = {"registration": registration(number, "town")}
    assert_problem(await desk.act(gone, "enrol", **anew), 409, "volunteer.ended")
    assert (
        await searched(desk, desk.officer("feng", "registrar", unit="other"), id_number=number)
        == []
    )


async def test_what_was_voided_comes_back_as_the_same_entry(desk: Desk, database: Database) -> None:
    number = people.resident_id()
    wrong = await desk.enrolled(id_number=number, name="李雷", effective_on="2026-02-01")
    voided = await desk.done(wrong, "void", desk.approver, reason="误录")
    assert (voided["status"], voided["allowed"]) == ("VOIDED", ["enrol"])
    assert database.identifiers.count_documents({"person": wrong["id"]}) == 1
    refused = await desk.post(id_number=number)
    assert_problem(refused, 409, "volunteer.left", "id_number")
    assert "/v1/volunteers/search" in refused.json()["detail"]
    assert "{id}/enrol" in refused.json()["detail"]

    bare = await desk.act(voided, "enrol")
    assert_problem(bare, 422, "person.registration_required", "registration")
    other = {"registration": registration(people.resident_id(), "town")}
    mismatch = await desk.act(voided, "enrol", **other)
    assert_problem(mismatch, 422, "person.number_differs", "registration.id_number")
    right = registration(number, "school", name="韩梅梅", phone="13911112222")
    back = await desk.done(voided, "enrol", registration={**right, "effective_on": "2026-03-01"})
    assert (back["id"], back["status"], back["unit_id"]) == (wrong["id"], "ENROLLED", "school")
    assert (back["name"], back["phone"]) == ("韩*", "139****2222")
    assert (back["enrolled_on"], back["voided_on"]) == ("2026-03-01", None)
    facts = told_of(database, wrong["id"])
    assert [fact for fact, _ in facts] == ["enrolled", "voided", "enrolled"]
    assert [change.was for change in facts[-1][1].changes] == [None]
    assert_problem(await desk.post(id_number=number), 409, "person.duplicate", "id_number")
    assert database.volunteers.count_documents({"_id": wrong["id"]}) == 1


async def test_who_left_and_moved_is_enrolled_where_he_lives_now(
    desk: Desk, database: Database
) -> None:
    number = people.resident_id()
    entry = await desk.enrolled(id_number=number, effective_on="2026-01-05")
    gone = await desk.done(entry, "deregister", effective_on="2026-02-01")
    assert gone["allowed"] == ["enrol", "void"]
    there = desk.officer("feng", "registrar", unit="other")
    found = await searched(desk, there, id_number=number)
    assert found == [{"id": entry["id"], "version": 2, "allowed": ["enrol"]}]
    assert_problem(await desk.act(gone, "enrol", there), 404, "not_found")
    strange = {"registration": registration(people.resident_id())}
    assert_problem(await desk.act(gone, "enrol", there, **strange), 404, "not_found")
    outside = {"registration": registration(number, "town")}
    assert_problem(await desk.act(gone, "enrol", there, **outside), 403, "scope.forbidden")

    anew = registration(number)
    back = await desk.done(gone, "enrol", there, registration=anew, effective_on="2026-03-01")
    assert (back["id"], back["unit_id"], back["status"]) == (entry["id"], "far", "ENROLLED")
    (change,) = told_of(database, entry["id"])[-1][1].changes
    assert change.effective_on == date(2026, 3, 1)
    assert (change.was.unit, change.was.status) == ("town", "DEREGISTERED")
    assert (change.now.unit, change.now.status) == ("far", "ENROLLED")
    read = await desk.http.get(f"/v1/volunteers/{entry['id']}", headers=desk.registrar)
    assert_problem(read, 404, "not_found")
    assert await searched(desk, desk.registrar, id_number=number) == []
    assert [item["id"] for item in await searched(desk, there, id_number=number)] == [entry["id"]]


async def test_an_open_entry_is_not_taken_away(desk: Desk) -> None:
    number = people.resident_id()
    there = desk.officer("feng", "registrar", unit="other")
    entry = await desk.enrolled(id_number=number)
    anew = {"registration": registration(number)}
    assert_problem(await desk.act(entry, "enrol", there, **anew), 404, "not_found")
    assert await searched(desk, there, id_number=number) == []
    here = {"registration": registration(number, "town")}
    assert_problem(await desk.act(entry, "enrol", **here), 409, "state.illegal")
    waiting = await desk.enrolled(**(young := child()))
    whole = {**people.volunteer("town", **young), "guardian": GUARDIAN}
    open_still = await desk.act(waiting, "enrol", registration=whole)
    assert_problem(open_still, 409, "volunteer.application_open")
    twice = await desk.act(waiting, "enrol", guardian=GUARDIAN, registration=whole)
    assert_problem(twice, 422, "volunteer.guardian_twice")


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
async def test_what_is_wrong_with_a_registration_is_named_within_it(
    desk: Desk, change: dict[str, Any], outer: dict[str, Any], code: str, where: str
) -> None:
    number = people.resident_id()
    gone = await desk.done(await desk.enrolled(id_number=number), "deregister")
    whole = {**registration(number, "town"), **change}
    refused = await desk.act(gone, "enrol", registration=whole, **outer)
    assert_problem(refused, 422, code, where)


async def test_to_void_a_registered_volunteer_takes_a_county_and_another_person(desk: Desk) -> None:
    below = desk.officer("qian", "registrar", "approver", unit="town")
    fresh = (await desk.post(below)).json()
    assert (await desk.act(fresh, "void", below, reason="误录")).status_code == 200
    entry = (await desk.post(below, effective_on="2026-01-05")).json()
    entry = await desk.done(entry, "apply-registration", document=PAPER, effective_on="2026-03-01")
    entry = await desk.done(entry, "register", desk.approver, effective_on="2026-03-02")
    for who, code in (
        (below, "scope.level"),
        (desk.officer("qian", "approver"), "four_eyes"),
        (desk.officer("li", "approver"), "four_eyes"),  # who applied for the registration
    ):
        assert_problem(await desk.act(entry, "void", who, reason="误录"), 403, code)
    assert (await desk.done(entry, "void", desk.approver, reason="误录"))["status"] == "VOIDED"


async def test_who_edited_does_not_register_whoever_applies_between(desk: Desk) -> None:
    entry = await desk.enrolled()
    editor = desk.officer("chen", "registrar", "approver")
    headers = {**editor, "If-Match": '"1"'}
    path = f"/v1/volunteers/{entry['id']}"
    edited = (await desk.http.patch(path, json={"political": "13"}, headers=headers)).json()
    applied = await desk.done(edited, "apply-registration", document=PAPER)
    assert_problem(await desk.act(applied, "register", editor), 403, "four_eyes")
    assert (await desk.act(applied, "register", desk.approver)).status_code == 200


NULLED = sorted(set(VolunteerCorrection.model_fields) - {"reason", "document"})


@pytest.mark.parametrize("field", NULLED)
async def test_null_empties_a_field_or_is_refused_by_name(desk: Desk, field: str) -> None:
    given = {"education": "20", "ethnicity": "01", "address": "文三路", "service_fields": ["BLOOD"]}
    entry = await desk.enrolled(**given, **child(30), sex="1")
    headers = {**desk.registrar, "If-Match": '"1"'}
    path = f"/v1/volunteers/{entry['id']}"
    answer = await desk.http.patch(path, json={field: None}, headers=headers)
    if field in {"name", "phone"}:
        assert_problem(answer, 422, "field.required", field)
    elif field == "birth_date":
        assert_problem(answer, 422, "volunteer.birth_date_required", field)
    else:
        assert answer.status_code == 200, answer.text
