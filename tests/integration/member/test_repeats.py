"""The same request again: the first outcome, for whoever may still read it, and logged."""

from functools import partial
from typing import Any

from shared.base.mongo import Database
from tests import people
from tests.clients.member import Members
from tests.clients.register import a_key, check_problem, events_of, logged_of
from tests.waiting import at_once


def test_a_repeat_shows_the_first_outcome_and_not_what_became_of_the_member(
    members: Members, database: Database
) -> None:
    body, create, approve = members.body(), a_key(), a_key()
    member = members.post(body, **create).json()
    approved = members.act(member, "approve", **approve).json()
    members.done(approved, "file", "withdraw")

    again = members.act(member, "approve", **approve)
    assert again.status_code == 200, again.text
    assert (again.json()["status"], again.json()["version"]) == ("APPROVED", 2)
    assert again.headers["etag"] == '"2"'
    assert again.json()["allowed"] == approved["allowed"]
    first = members.post(body, **create)
    assert first.status_code == 201
    assert (first.json()["status"], first.json()["version"]) == ("APPLIED", 1)
    assert first.headers["etag"] == '"1"'
    assert first.headers["location"] == f"/v1/members/{member['id']}"
    assert len(events_of(database, member["id"])) == 4
    assert logged_of(database, member["id"])[-2:] == ["read", "read"]


def test_a_repeat_shows_no_member_outside_the_scope_of_reading(
    members: Members, database: Database
) -> None:
    body, create, approve = members.body(), a_key(), a_key()
    member = members.post(body, **create).json()
    members.act(member, "approve", **approve)
    logged = logged_of(database, member["id"])
    moved = members.officer("li", "registrar", unit="other")
    check_problem(members.post(body, moved, **create), 404, "not_found")
    elsewhere = members.officer("wang", "approver", unit="other")
    check_problem(members.act(member, "approve", elsewhere, **approve), 404, "not_found")
    reader = members.officer("wang", "viewer")
    check_problem(members.act(member, "approve", reader, **approve), 403, "scope.forbidden")
    assert logged_of(database, member["id"]) == logged


def test_a_repeat_follows_the_member_to_another_county(members: Members) -> None:
    body, create, again = members.body(), a_key(), a_key()
    member = members.post(body, **create).json()
    member = members.done(member, "approve", "file", "withdraw")
    there = members.officer("zhao", "registrar", unit="other")
    registration = {"registration": {**body, "unit_id": "far"}}
    back = members.act(member, "reapply", there, registration, **again)
    repeated = members.act(member, "reapply", there, registration, **again)
    assert repeated.json() == back.json()
    check_problem(members.post(body, **create), 404, "not_found")


def test_a_reveal_of_a_member_sent_again_is_done_and_logged_again(
    members: Members, database: Database
) -> None:
    body = members.body(name="张三丰")
    member = members.post(body).json()
    url = members.of(member, "reveal")
    headers = {**members.officer("he", "privacy"), **a_key()}
    asked: dict[str, Any] = {"fields": ["id_number"], "reason": "card printing"}
    answers = at_once([partial(members.http.post, url, json=asked, headers=headers)] * 4)
    reported = {"id": member["id"], "fields": {"id_number": body["id_number"]}}
    assert [answer.json() for answer in answers] == [reported] * 4
    assert logged_of(database, member["id"]) == ["create"] + ["reveal"] * 4
    other = members.http.post(
        url, json={"fields": ["phone"], "reason": "card printing"}, headers=headers
    )
    check_problem(other, 422, "idempotency.reused", "Idempotency-Key")
    assert logged_of(database, member["id"]) == ["create"] + ["reveal"] * 4
    records = list(database.idempotency.find({"entity": member["id"]}))
    assert len(records) == 1
    assert not any(text in str(records) for text in (body["id_number"], "card printing", "张"))


def test_a_search_for_a_member_sent_again_is_done_and_logged_again(
    members: Members, database: Database
) -> None:
    body = members.body()
    member = members.post(body).json()
    headers, asked = {**members.registrar, **a_key()}, {"id_number": body["id_number"]}
    url, before = "/v1/members/search", database.idempotency.count_documents({})
    for _ in range(2):
        answer = members.http.post(url, json=asked, headers=headers)
        assert [item["id"] for item in answer.json()["items"]] == [member["id"]]
    assert logged_of(database, member["id"]) == ["create", "search", "search"]
    assert database.idempotency.count_documents({}) == before + 1
    other = members.http.post(url, json={"phone": people.PHONE}, headers=headers)
    check_problem(other, 422, "idempotency.reused", "Idempotency-Key")


def test_every_action_on_a_member_takes_no_body(members: Members) -> None:
    member = members.create()
    for action, who in (
        ("approve", members.approver), ("file", members.approver), ("withdraw", members.registrar),
        ("reapply", members.registrar),
    ):  # fmt: skip
        key = a_key()
        headers = {**who, **key, "If-Match": f'"{member["version"]}"'}
        url = members.of(member, action)
        answer = members.http.post(url, headers=headers)
        assert answer.status_code == 200, answer.text
        again = members.http.post(url, json={}, headers=headers)
        assert again.json()["version"] == answer.json()["version"]
        member = answer.json()
    headers = {**members.approver, "If-Match": f'"{member["version"]}"'}
    refused = members.http.post(members.of(member, "reject"), headers=headers)
    check_problem(refused, 422, "reason.required", "reason")
