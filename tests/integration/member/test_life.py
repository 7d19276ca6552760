"""The life of a membership over HTTP: every path, corrections, and joining again."""

from datetime import date
from typing import Any

import pytest

from shared.base.mongo import Database
from shared.web.messages import text
from tests import people
from tests.clients.member import Members
from tests.clients.register import Entity, check_problem, events_of, logged_of


def test_a_membership_goes_from_application_to_filing(members: Members, database: Database) -> None:
    number = people.resident_id()
    body = members.body(
        id_number=f" {number.lower()} ", ethnicity="汉族", effective_on="2025-02-01"
    )
    answer = members.post(body)
    member = answer.json()
    assert answer.status_code == 201, answer.text
    assert answer.headers["etag"] == '"1"'
    assert answer.headers["location"] == f"/v1/members/{member['id']}"
    assert (member["status"], member["version"], member["unit_id"]) == ("APPLIED", 1, "town")
    assert (member["name"], member["phone"]) == ("王*", "199****1234")
    assert member["id_number"] == number[0] + "*" * 16 + number[-1]
    assert member["ethnicity"] == "01"
    assert member["sex"] in {"1", "2"}
    assert member["birth_date"] == f"{number[6:10]}-{number[10:12]}-{number[12:14]}"
    assert member["warnings"] == []
    assert member["allowed"] == ["decease"]  # what the registrar who entered it may do

    approved = members.act(member, "approve", None, {"effective_on": "2025-02-03"})
    assert approved.status_code == 200, approved.text
    assert approved.headers["etag"] == '"2"'
    assert approved.json()["allowed"] == ["file", "reject", "void"]  # what the approver may do
    paper = {"document": {"number": "西红备〔2025〕7号", "issued_on": "2025-02-10"}}
    filing = {"effective_on": "2025-02-10", **paper}
    filed = members.act(approved.json(), "file", None, filing)
    assert filed.status_code == 200, filed.text
    assert filed.json()["status"] == "ACTIVE"
    assert filed.json()["filing"]["number"] == "西红备〔2025〕7号"

    reported = events_of(database, member["id"])
    assert [name for name, _ in reported] == ["applied", "approved", "registered"]
    step = reported[-1][1].changes[0]
    assert (step.effective_on, step.was.status, step.now.status) == (
        date(2025, 2, 10), "APPROVED", "ACTIVE",
    )  # fmt: skip
    assert (step.now.unit, step.now.minority, step.now.unverified) == ("town", "no", False)

    read = members.read(member)
    assert read.status_code == 200
    assert (read.headers["etag"], read.json()["status"]) == ('"3"', "ACTIVE")
    kept = list(database.members_versions.find({"entity": member["id"]}).sort("version"))
    assert [(one["version"], one["replaced_by"]) for one in kept] == [(1, "approve"), (2, "file")]
    assert logged_of(database, member["id"]) == ["create", "approve", "file", "read"]


def other_sex(number: str) -> str:
    """Return the code of the sex that a resident number does not say."""
    return "2" if int(number[16]) % 2 else "1"


def test_declared_values_of_a_member_win_over_the_number_and_are_warned_of(
    members: Members,
) -> None:
    number = people.born_on(date(1961, 4, 1))
    member = members.create(id_number=number, sex=other_sex(number), birth_date="1961-04-02")
    assert (member["sex"], member["birth_date"]) == (other_sex(number), "1961-04-02")
    assert [one["code"] for one in member["warnings"]] == [
        "identifier.sex_differs", "identifier.birth_date_differs",
    ]  # fmt: skip


@pytest.fixture
def warned(members: Members) -> tuple[Entity, str]:
    """A member whose declared sex differs from the number, and the number."""
    number = people.resident_id()
    return members.create(id_number=number, sex=other_sex(number)), number


SEX_DIFFERS = {
    "zh": [{"code": "identifier.sex_differs", "message": text("identifier.sex_differs", "zh")}],
    "en": [{"code": "identifier.sex_differs", "message": text("identifier.sex_differs", "en")}],
}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_warning_is_shown_with_the_member(
    members: Members, warned: tuple[Entity, str], language: str
) -> None:
    headers = {**members.registrar, "Accept-Language": language}
    read = members.read(warned[0], headers)
    assert read.json()["warnings"] == SEX_DIFFERS[language]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_warning_is_shown_in_lists_of_members(
    members: Members, warned: tuple[Entity, str], language: str
) -> None:
    headers = {**members.registrar, "Accept-Language": language}
    listed = members.listed(headers, unit_id="town")
    found = [one["warnings"] for one in listed if one["id"] == warned[0]["id"]]
    assert found == [SEX_DIFFERS[language]]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_warning_is_shown_by_a_search_for_a_member(
    members: Members, warned: tuple[Entity, str], language: str
) -> None:
    headers = {**members.registrar, "Accept-Language": language}
    found = members.http.post("/v1/members/search", json={"id_number": warned[1]}, headers=headers)
    assert [one["warnings"] for one in found.json()["items"]] == [SEX_DIFFERS[language]]


def test_a_warning_of_a_member_goes_when_the_declared_value_is_put_right(
    members: Members, warned: tuple[Entity, str]
) -> None:
    member, number = warned
    right = {"sex": "1" if other_sex(number) == "2" else "2"}
    assert members.patch(member, right).status_code == 200
    assert members.read(member).json()["warnings"] == []


@pytest.mark.parametrize(
    ("action", "status"),
    [("withdraw", "WITHDRAWN"), ("expel", "EXPELLED"), ("decease", "DECEASED")],
)
def test_a_membership_ends_by_withdrawal_expulsion_or_death(
    members: Members, database: Database, action: str, status: str
) -> None:
    member = members.done(members.create(), "approve", "file", action)
    assert member["status"] == status
    assert events_of(database, member["id"])[-1][1].changes[-1].now.status == status


def test_voiding_a_member_takes_everything_back(members: Members, database: Database) -> None:
    member = members.done(members.create(), "approve", "file", "void")
    assert member["status"] == "VOIDED"
    changes = [change for _, fact in events_of(database, member["id"]) for change in fact.changes]
    total = sum((c.now is not None) - (c.was is not None) for c in changes)
    assert total == 0
    assert database.identifiers.count_documents({"person": member["id"]}) == 1


def test_corrections_of_a_member_reach_the_whole_timeline(
    members: Members, database: Database
) -> None:
    member = members.done(
        members.create(effective_on="2025-03-01", education="20"), "approve", "file"
    )
    body = {"sex": "2", "education": None, "phone": "13700000009", "reason": "typing error"}
    answer = members.patch(member, body)
    assert answer.status_code == 200, answer.text
    shown = answer.json()
    assert (shown["sex"], shown["education"], shown["phone"]) == ("2", None, "137****0009")
    name, fact = events_of(database, member["id"])[-1]
    assert name == "corrected"
    stored = database.members.find_one({"_id": member["id"]})
    assert stored is not None
    assert {entry["state"]["sex"] for entry in stored["timeline"]} == {"2"}
    assert "education" not in stored
    assert fact.changes[0].effective_on == date(2025, 3, 1)


def test_a_correction_of_a_member_may_not_break_a_rule(members: Members) -> None:
    member = members.create()
    for body, code, where in (
        ({"birth_date": f"{people.born(7).year}-01-02"}, "member.too_young", "birth_date"),
        ({"phone": "123"}, "phone.number", "phone"),
        ({"reason": "nothing"}, "field.empty_change", None),
        ({"id_number": "1"}, "member.number_fixed", "id_number"),
        ({"unit_id": "school"}, "field.unknown", "unit_id"),
    ):
        check_problem(members.patch(member, body), 422, code, where)
    by_approver = members.patch(member, {"sex": "1"}, members.approver, **{"If-Match": "1"})
    check_problem(by_approver, 403, "scope.forbidden")


def test_a_member_who_withdrew_joins_again_as_the_same_person(
    members: Members, database: Database
) -> None:
    body = members.body()
    member = members.post(body).json()
    member = members.done(member, "approve", "file", "withdraw")
    again = members.post(body)
    check_problem(again, 409, "member.closed", "id_number")
    found = members.http.post(
        "/v1/members/search", json={"id_number": body["id_number"]}, headers=members.registrar
    )
    assert [item["id"] for item in found.json()["items"]] == [member["id"]]
    back = members.done(member, "reapply")
    assert (back["status"], back["id"], back["registered_on"]) == ("APPLIED", member["id"], None)
    assert members.done(back, "approve", "file")["status"] == "ACTIVE"


def test_a_member_comes_back_in_another_county(members: Members, database: Database) -> None:
    body = members.body()
    member = members.post(body).json()
    member = members.done(member, "approve", "file", "withdraw")
    elsewhere = members.officer("zhao", "registrar", unit="other")
    found = members.http.post(
        "/v1/members/search", json={"id_number": body["id_number"]}, headers=elsewhere
    )
    item = {"id": member["id"], "version": member["version"], "allowed": ["reapply"]}
    assert found.json()["items"] == [item]
    check_problem(members.act(member, "reapply", elsewhere), 404, "not_found")
    other_number = {"registration": {**body, "unit_id": "far", "id_number": people.resident_id()}}
    check_problem(members.act(member, "reapply", elsewhere, other_number), 404, "not_found")
    registration = {"registration": {**body, "unit_id": "far", "name": "张三"}}
    answer = members.act(member, "reapply", elsewhere, registration)
    assert answer.status_code == 200, answer.text
    assert answer.json()["unit_id"] == "far"
    fact = events_of(database, member["id"])[-1][1]
    assert fact.changes[-1].now.unit == "far"
    read = members.read(member)
    assert read.status_code == 404


def test_a_voided_member_does_not_bar_the_true_owner_of_the_number(members: Members) -> None:
    body = members.body()
    wrong = members.done(members.post(body).json(), "void")
    check_problem(members.post(body), 409, "member.closed")
    check_problem(members.act(wrong, "reapply"), 422, "person.registration_required")
    mismatch = {"registration": members.body()}
    check_problem(
        members.act(wrong, "reapply", members.registrar, mismatch), 422,
        "person.number_differs", "registration.id_number",
    )  # fmt: skip
    owner = {"registration": {**body, "name": "欧阳修", "phone": "13911112222"}}
    answer = members.act(wrong, "reapply", members.registrar, owner)
    assert answer.status_code == 200, answer.text
    assert (answer.json()["name"], answer.json()["phone"]) == ("欧阳*", "139****2222")


def test_expelled_members_are_barred_without_being_named(members: Members) -> None:
    body = members.body(name="赵钱孙")
    member = members.post(body).json()
    members.done(member, "approve", "file", "expel")
    answer = members.post(body)
    check_problem(answer, 409, "member.barred")
    assert "赵" not in answer.text
    assert member["id"] not in answer.text


def test_what_is_wrong_with_the_registration_of_a_returning_member_is_named_within_it(
    members: Members,
) -> None:
    body = members.body()
    member = members.done(members.post(body).json(), "reject")
    cases: list[tuple[dict[str, Any], dict[str, Any], str, str]] = [
        ({"phone": "1"}, {}, "phone.number", "registration.phone"),
        ({"name": " "}, {}, "name.required", "registration.name"),
        ({"consent": None}, {}, "consent.missing", "registration.consent"),
        ({"unit_id": "nowhere"}, {}, "unit.unknown", "registration.unit_id"),
        ({"unit_id": "draft"}, {}, "unit.not_active", "registration.unit_id"),
        ({"id_number": people.resident_id()}, {}, "person.number_differs", "registration.id_number"),
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
        refused = members.act(member, "reapply", members.registrar, given)
        check_problem(refused, 422, code, where)
        assert [error["field"] for error in refused.json()["errors"]] == [where]


def test_to_void_a_counted_membership_takes_a_county_and_another_person(
    members: Members,
) -> None:
    below = members.officer("qian", "registrar", "approver", unit="town")
    fresh = members.post(members.body(), below).json()
    assert members.act(fresh, "void", below).json()["status"] == "VOIDED"

    member = members.post(members.body(effective_on="2025-03-01"), below).json()
    for action in ("approve", "file"):
        member = members.done(member, action, body={"effective_on": "2025-03-01"})
    for status in ("ACTIVE", "WITHDRAWN", "APPLIED"):
        assert member["status"] == status
        check_problem(members.act(member, "void", below), 403, "scope.level")
        entered = members.officer("qian", "approver")
        check_problem(members.act(member, "void", entered), 403, "four_eyes")
        if status != "APPLIED":
            member = members.done(member, "withdraw" if status == "ACTIVE" else "reapply")
    again = members.officer("li", "approver")  # who applied for it again
    check_problem(members.act(member, "void", again), 403, "four_eyes")
    assert members.done(member, "void")["status"] == "VOIDED"
