"""The same request again: the first outcome, for whoever may still read it, and logged."""

import asyncio
import uuid
from typing import Any

from shared.mongo import Database
from tests.integration.member.office import Office, assert_problem, told_of


def a_key() -> dict[str, str]:
    return {"Idempotency-Key": uuid.uuid4().hex}


def log_of(database: Database, entity: str) -> list[str]:
    return [row["action"] for row in database.access_log.find({"entity": entity}).sort("_id")]


async def test_a_repeat_tells_the_first_outcome_and_not_what_became_of_it(
    office: Office, database: Database
) -> None:
    body, create, approve = office.person(), a_key(), a_key()
    member = (await office.post(body, **create)).json()
    approved = (await office.act(member, "approve", **approve)).json()
    await office.done(approved, "file", "withdraw")

    again = await office.act(member, "approve", **approve)
    assert again.status_code == 200, again.text
    assert (again.json()["status"], again.json()["version"]) == ("APPROVED", 2)
    assert again.headers["etag"] == '"2"'
    assert again.json()["allowed"] == approved["allowed"]
    first = await office.post(body, **create)
    assert first.status_code == 201
    assert (first.json()["status"], first.json()["version"]) == ("APPLIED", 1)
    assert first.headers["etag"] == '"1"'
    assert first.headers["location"] == f"/v1/members/{member['id']}"
    assert len(told_of(database, member["id"])) == 4
    assert log_of(database, member["id"])[-2:] == ["read", "read"]


async def test_a_repeat_shows_nothing_outside_the_scope_of_reading(
    office: Office, database: Database
) -> None:
    body, create, approve = office.person(), a_key(), a_key()
    member = (await office.post(body, **create)).json()
    await office.act(member, "approve", **approve)
    logged = log_of(database, member["id"])
    moved = office.officer("li", "registrar", unit="other")
    assert_problem(await office.post(body, moved, **create), 404, "not_found")
    elsewhere = office.officer("wang", "approver", unit="other")
    assert_problem(await office.act(member, "approve", elsewhere, **approve), 404, "not_found")
    reader = office.officer("wang", "viewer")
    assert_problem(await office.act(member, "approve", reader, **approve), 403, "scope.forbidden")
    assert log_of(database, member["id"]) == logged


async def test_a_repeat_follows_the_entry_to_another_county(office: Office) -> None:
    body, create, again = office.person(), a_key(), a_key()
    member = (await office.post(body, **create)).json()
    member = await office.done(member, "approve", "file", "withdraw")
    there = office.officer("zhao", "registrar", unit="other")
    registration = {"registration": {**body, "unit_id": "far"}}
    back = await office.act(member, "reapply", there, registration, **again)
    repeated = await office.act(member, "reapply", there, registration, **again)
    assert repeated.json() == back.json()
    assert_problem(await office.post(body, **create), 404, "not_found")


async def test_a_reveal_sent_again_is_done_and_logged_again(
    office: Office, database: Database
) -> None:
    body = office.person()
    member = (await office.post(body)).json()
    url, headers = (
        f"/v1/members/{member['id']}/reveal",
        {**office.officer("he", "privacy"), **a_key()},
    )
    asked: dict[str, Any] = {"fields": ["id_number"], "reason": "card printing"}
    answers = await asyncio.gather(
        *(office.http.post(url, json=asked, headers=headers) for _ in range(4))
    )
    told = {"id": member["id"], "fields": {"id_number": body["id_number"]}}
    assert [answer.json() for answer in answers] == [told] * 4
    assert log_of(database, member["id"]) == ["create"] + ["reveal"] * 4
    other = await office.http.post(
        url, json={"fields": ["phone"], "reason": "card printing"}, headers=headers
    )
    assert_problem(other, 422, "idempotency.reused", "Idempotency-Key")
    assert log_of(database, member["id"]) == ["create"] + ["reveal"] * 4
    records = list(database.idempotency.find({"entity": member["id"]}))
    assert len(records) == 1
    assert not any(text in str(records) for text in (body["id_number"], "card printing", "张"))


async def test_a_search_sent_again_is_done_and_logged_again(
    office: Office, database: Database
) -> None:
    body = office.person()
    member = (await office.post(body)).json()
    headers, asked = {**office.registrar, **a_key()}, {"id_number": body["id_number"]}
    url, before = "/v1/members/search", database.idempotency.count_documents({})
    for _ in range(2):
        answer = await office.http.post(url, json=asked, headers=headers)
        assert [item["id"] for item in answer.json()["items"]] == [member["id"]]
    assert log_of(database, member["id"]) == ["create", "search", "search"]
    assert database.idempotency.count_documents({}) == before + 1
    other = await office.http.post(url, json={"phone": "13812345678"}, headers=headers)
    assert_problem(other, 422, "idempotency.reused", "Idempotency-Key")


async def test_every_action_takes_no_body(office: Office) -> None:
    member = await office.applied()
    for action, who in (
        ("approve", office.approver), ("file", office.approver), ("withdraw", office.registrar),
        ("reapply", office.registrar),
    ):  # fmt: skip
        key = a_key()
        headers = {**who, **key, "If-Match": f'"{member["version"]}"'}
        url = f"/v1/members/{member['id']}/{action}"
        answer = await office.http.post(url, headers=headers)
        assert answer.status_code == 200, answer.text
        again = await office.http.post(url, json={}, headers=headers)
        assert again.json()["version"] == answer.json()["version"]
        member = answer.json()
    headers = {**office.approver, "If-Match": f'"{member["version"]}"'}
    refused = await office.http.post(f"/v1/members/{member['id']}/reject", headers=headers)
    assert_problem(refused, 422, "reason.required", "reason")
