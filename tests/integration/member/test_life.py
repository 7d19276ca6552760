"""The life of a membership over HTTP: every path, corrections, and joining again."""

from datetime import date
from typing import Any

import pytest

from shared.messages import text
from shared.mongo import Database, Document
from tests.integration.member.office import (
    Office,
    assert_problem,
    born,
    fresh_number,
    id_number,
    told_of,
)


async def test_whole_path(office: Office, database: Database) -> None:
    number = fresh_number()
    body = office.person(
        id_number=f" {number.lower()} ", ethnicity="汉族", effective_on="2025-02-01"
    )
    answer = await office.post(body)
    member = answer.json()
    assert answer.status_code == 201, answer.text
    assert answer.headers["etag"] == '"1"'
    assert answer.headers["location"] == f"/v1/members/{member['id']}"
    assert (member["status"], member["version"], member["unit_id"]) == ("APPLIED", 1, "town")
    assert (member["name"], member["phone"]) == ("张*", "138****5678")
    assert member["id_number"] == number[0] + "*" * 16 + number[-1]
    assert member["ethnicity"] == "01"
    assert member["sex"] in {"1", "2"}
    assert member["birth_date"] == f"{number[6:10]}-{number[10:12]}-{number[12:14]}"
    assert member["warnings"] == []
    assert "approve" in member["allowed"]

    approved = await office.act(member, "approve", body={"effective_on": "2025-02-03"})
    assert approved.status_code == 200, approved.text
    assert approved.headers["etag"] == '"2"'
    paper = {"document": {"number": "西红备〔2025〕7号", "issued_on": "2025-02-10"}}
    filed = await office.act(approved.json(), "file", body={"effective_on": "2025-02-10", **paper})
    assert filed.status_code == 200, filed.text
    assert filed.json()["status"] == "ACTIVE"
    assert filed.json()["filing"]["number"] == "西红备〔2025〕7号"

    told = told_of(database, member["id"])
    assert [name for name, _ in told] == ["applied", "approved", "registered"]
    step = told[-1][1].changes[0]
    assert (step.effective_on, step.was.status, step.now.status) == (
        date(2025, 2, 10), "APPROVED", "ACTIVE",
    )  # fmt: skip
    assert (step.now.unit, step.now.minority, step.now.unverified) == ("town", "no", False)

    read = await office.http.get(f"/v1/members/{member['id']}", headers=office.registrar)
    assert read.status_code == 200
    assert (read.headers["etag"], read.json()["status"]) == ('"3"', "ACTIVE")
    kept = list(database.members_versions.find({"entity": member["id"]}).sort("version"))
    assert [(one["version"], one["replaced_by"]) for one in kept] == [(1, "approve"), (2, "file")]
    rows = [row["action"] for row in database.access_log.find({"entity": member["id"]}).sort("_id")]
    assert rows == ["create", "approve", "file", "read"]


async def test_declared_values_win_over_the_number_and_are_warned_of(office: Office) -> None:
    answer = await office.post(
        office.person(id_number=id_number(17, "19610401"), sex="2", birth_date="1961-04-02")
    )
    member = answer.json()
    assert answer.status_code == 201
    assert (member["sex"], member["birth_date"]) == ("2", "1961-04-02")
    assert [one["code"] for one in member["warnings"]] == [
        "identifier.sex_differs", "identifier.birth_date_differs",
    ]  # fmt: skip


@pytest.fixture
async def warned(office: Office) -> tuple[Document, str]:
    """A member whose declared sex differs from the number, and the number."""
    number = fresh_number()
    female = int(number[16]) % 2 == 0
    member = await office.applied(id_number=number, sex="1" if female else "2")
    return member, number


SEX_DIFFERS = {
    "zh": [{"code": "identifier.sex_differs", "message": text("identifier.sex_differs", "zh")}],
    "en": [{"code": "identifier.sex_differs", "message": text("identifier.sex_differs", "en")}],
}


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_a_warning_is_shown_with_the_entry(
    office: Office, warned: tuple[Document, str], language: str
) -> None:
    headers = {**office.registrar, "Accept-Language": language}
    read = await office.http.get(f"/v1/members/{warned[0]['id']}", headers=headers)
    assert read.json()["warnings"] == SEX_DIFFERS[language]


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_a_warning_is_shown_in_lists(
    office: Office, warned: tuple[Document, str], language: str
) -> None:
    headers = {**office.registrar, "Accept-Language": language}
    asked, found = {"unit_id": "town", "limit": "200"}, []
    while asked.get("cursor") != "":
        listed = await office.http.get("/v1/members", params=asked, headers=headers)
        found += [one for one in listed.json()["items"] if one["id"] == warned[0]["id"]]
        asked["cursor"] = listed.json()["next_cursor"] or ""
    assert [one["warnings"] for one in found] == [SEX_DIFFERS[language]]


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_a_warning_is_shown_by_a_search(
    office: Office, warned: tuple[Document, str], language: str
) -> None:
    headers = {**office.registrar, "Accept-Language": language}
    found = await office.http.post(
        "/v1/members/search", json={"id_number": warned[1]}, headers=headers
    )
    assert [one["warnings"] for one in found.json()["items"]] == [SEX_DIFFERS[language]]


async def test_a_warning_goes_when_the_declared_value_is_put_right(
    office: Office, warned: tuple[Document, str]
) -> None:
    member, number = warned
    sex = "1" if int(number[16]) % 2 else "2"
    headers = {**office.registrar, "If-Match": f'"{member["version"]}"'}
    path = f"/v1/members/{member['id']}"
    assert (await office.http.patch(path, json={"sex": sex}, headers=headers)).status_code == 200
    assert (await office.http.get(path, headers=office.registrar)).json()["warnings"] == []


@pytest.mark.parametrize(
    ("action", "status"),
    [("withdraw", "WITHDRAWN"), ("expel", "EXPELLED"), ("decease", "DECEASED")],
)
async def test_ends(office: Office, database: Database, action: str, status: str) -> None:
    member = await office.done(await office.applied(), "approve", "file", action)
    assert member["status"] == status
    assert told_of(database, member["id"])[-1][1].changes[-1].now.status == status


async def test_voiding_takes_everything_back(office: Office, database: Database) -> None:
    member = await office.done(await office.applied(), "approve", "file", "void")
    assert member["status"] == "VOIDED"
    changes = [change for _, fact in told_of(database, member["id"]) for change in fact.changes]
    total = sum((c.now is not None) - (c.was is not None) for c in changes)
    assert total == 0
    assert database.identifiers.count_documents({"person": member["id"]}) == 1


async def test_corrections_reach_the_whole_timeline(office: Office, database: Database) -> None:
    member = await office.done(
        await office.applied(effective_on="2025-03-01", education="20"), "approve", "file"
    )
    body = {"sex": "2", "education": None, "phone": "13700000009", "reason": "typing error"}
    answer = await office.http.patch(
        f"/v1/members/{member['id']}", json=body,
        headers={**office.registrar, "If-Match": f'"{member["version"]}"'},
    )  # fmt: skip
    assert answer.status_code == 200, answer.text
    shown = answer.json()
    assert (shown["sex"], shown["education"], shown["phone"]) == ("2", None, "137****0009")
    name, fact = told_of(database, member["id"])[-1]
    assert name == "corrected"
    stored = database.members.find_one({"_id": member["id"]})
    assert stored is not None
    assert {entry["state"]["sex"] for entry in stored["timeline"]} == {"2"}
    assert "education" not in stored
    assert fact.changes[0].effective_on == date(2025, 3, 1)


async def test_a_correction_may_not_break_a_rule(office: Office) -> None:
    member = await office.applied()
    headers = {**office.registrar, "If-Match": '"1"'}
    path = f"/v1/members/{member['id']}"
    for body, code, where in (
        ({"birth_date": born(7)[:4] + "-01-02"}, "member.too_young", "birth_date"),
        ({"phone": "123"}, "phone.number", "phone"),
        ({"reason": "nothing"}, "field.empty_change", None),
        ({"id_number": "1"}, "field.unknown", "id_number"),
    ):
        assert_problem(await office.http.patch(path, json=body, headers=headers), 422, code, where)
    assert_problem(
        await office.http.patch(path, json={"sex": "1"}, headers=office.approver | {"If-Match": "1"}),
        403, "scope.forbidden",
    )  # fmt: skip


async def test_who_withdrew_joins_again_as_the_same_person(
    office: Office, database: Database
) -> None:
    body = office.person()
    member = (await office.post(body)).json()
    member = await office.done(member, "approve", "file", "withdraw")
    again = await office.post(body)
    assert_problem(again, 409, "member.closed", "id_number")
    found = await office.http.post(
        "/v1/members/search", json={"id_number": body["id_number"]}, headers=office.registrar
    )
    assert [item["id"] for item in found.json()["items"]] == [member["id"]]
    back = await office.done(member, "reapply")
    assert (back["status"], back["id"], back["registered_on"]) == ("APPLIED", member["id"], None)
    assert (await office.done(back, "approve", "file"))["status"] == "ACTIVE"


async def test_a_person_comes_back_in_another_county(office: Office, database: Database) -> None:
    body = office.person()
    member = (await office.post(body)).json()
    member = await office.done(member, "approve", "file", "withdraw")
    elsewhere = office.officer("zhao", "registrar", unit="other")
    found = await office.http.post(
        "/v1/members/search", json={"id_number": body["id_number"]}, headers=elsewhere
    )
    item = {"id": member["id"], "version": member["version"], "allowed": ["reapply"]}
    assert found.json()["items"] == [item]
    assert_problem(await office.act(member, "reapply", elsewhere, {}), 404, "not_found")
    other_number = {"registration": {**body, "unit_id": "far", "id_number": fresh_number()}}
    assert_problem(await office.act(member, "reapply", elsewhere, other_number), 404, "not_found")
    registration = {"registration": {**body, "unit_id": "far", "name": "张三"}}
    answer = await office.act(member, "reapply", elsewhere, registration)
    assert answer.status_code == 200, answer.text
    assert answer.json()["unit_id"] == "far"
    fact = told_of(database, member["id"])[-1][1]
    assert fact.changes[-1].now.unit == "far"
    read = await office.http.get(f"/v1/members/{member['id']}", headers=office.registrar)
    assert read.status_code == 404


async def test_a_voided_entry_does_not_bar_its_true_owner(office: Office) -> None:
    body = office.person()
    wrong = await office.done((await office.post(body)).json(), "void")
    assert_problem(await office.post(body), 409, "member.closed")
    assert_problem(
        await office.act(wrong, "reapply", office.registrar, {}), 422,
        "person.registration_required",
    )  # fmt: skip
    mismatch = {"registration": office.person()}
    assert_problem(
        await office.act(wrong, "reapply", office.registrar, mismatch), 422,
        "person.number_differs", "registration.id_number",
    )  # fmt: skip
    owner = {"registration": {**body, "name": "欧阳修", "phone": "13911112222"}}
    answer = await office.act(wrong, "reapply", office.registrar, owner)
    assert answer.status_code == 200, answer.text
    assert (answer.json()["name"], answer.json()["phone"]) == ("欧阳*", "139****2222")


async def test_the_expelled_are_barred_without_being_named(office: Office) -> None:
    body = office.person(name="赵钱孙")
    member = (await office.post(body)).json()
    await office.done(member, "approve", "file", "expel")
    answer = await office.post(body)
    assert_problem(answer, 409, "member.barred")
    assert "赵" not in answer.text
    assert member["id"] not in answer.text


async def test_what_is_wrong_with_a_registration_is_named_within_it(office: Office) -> None:
    body = office.person()
    member = await office.done((await office.post(body)).json(), "reject")
    cases: list[tuple[dict[str, Any], dict[str, Any], str, str]] = [
        ({"phone": "1"}, {}, "phone.number", "registration.phone"),
        ({"name": " "}, {}, "name.required", "registration.name"),
        ({"consent": None}, {}, "consent.missing", "registration.consent"),
        ({"unit_id": "nowhere"}, {}, "unit.unknown", "registration.unit_id"),
        ({"unit_id": "draft"}, {}, "unit.not_active", "registration.unit_id"),
        ({"id_number": fresh_number()}, {}, "person.number_differs", "registration.id_number"),
        ({"shoe_size": 44}, {}, "field.unknown", "registration.shoe_size"),
        ({"effective_on": "2999-01-01"}, {}, "date.future", "registration.effective_on"),
        ({"effective_on": "2020-01-01"}, {}, "date.too_early", "registration.effective_on"),
        ({}, {"effective_on": "2999-01-01"}, "date.future", "effective_on"),
        ({}, {"effective_on": "2020-01-01"}, "date.too_early", "effective_on"),
        ({"id_type": "PASSPORT", "id_number": "E1234567"}, {}, "member.not_citizen",
         "registration.id_type"),
    ]  # fmt: skip
    for change, outer, code, where in cases:
        given = {**outer, "registration": {**body, **change}}
        refused = await office.act(member, "reapply", office.registrar, given)
        assert_problem(refused, 422, code, where)
        assert [error["field"] for error in refused.json()["errors"]] == [where]


async def test_to_void_a_counted_membership_takes_a_county_and_another_person(
    office: Office,
) -> None:
    below = office.officer("qian", "registrar", "approver", unit="town")
    fresh = (await office.post(office.person(), below)).json()
    assert (await office.act(fresh, "void", below)).json()["status"] == "VOIDED"

    member = (await office.post(office.person(effective_on="2025-03-01"), below)).json()
    for action in ("approve", "file"):
        member = (await office.act(member, action, body={"effective_on": "2025-03-01"})).json()
    for status in ("ACTIVE", "WITHDRAWN", "APPLIED"):
        assert member["status"] == status
        assert_problem(await office.act(member, "void", below), 403, "scope.level")
        entered = office.officer("qian", "approver")
        assert_problem(await office.act(member, "void", entered), 403, "four_eyes")
        if status != "APPLIED":
            member = await office.done(member, "withdraw" if status == "ACTIVE" else "reapply")
    again = office.officer("li", "approver")  # who applied for it again
    assert_problem(await office.act(member, "void", again), 403, "four_eyes")
    assert (await office.done(member, "void"))["status"] == "VOIDED"
