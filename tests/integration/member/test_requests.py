"""The same request again, racing requests, lists and searches, and what is kept secret."""

import asyncio
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from embedded.issuer import mint
from embedded.servers import RealServers
from member.settings import Settings
from shared.mongo import Database
from tests.integration.member.office import (
    PHONE,
    Office,
    a_guardian,
    a_unit,
    assert_problem,
    fresh_number,
    opened,
    told_of,
)


async def test_a_create_sent_twice_happens_once(office: Office, database: Database) -> None:
    body, key = office.person(), {"Idempotency-Key": uuid.uuid4().hex}
    answers = await asyncio.gather(*(office.post(body, **key) for _ in range(5)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    member = answers[0].json()
    assert len(told_of(database, member["id"])) == 1
    again = await office.post({**body, "name": "另一人"}, **key)
    assert_problem(again, 422, "idempotency.reused")
    record = database.idempotency.find_one({"entity": member["id"]})
    assert record is not None
    assert body["id_number"] not in str(record)


async def test_a_transition_sent_twice_happens_once(office: Office, database: Database) -> None:
    member, key = await office.applied(), {"Idempotency-Key": uuid.uuid4().hex}
    answers = await asyncio.gather(*(office.act(member, "approve", **key) for _ in range(4)))
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.json()["version"] for answer in answers} == {2}
    assert len(told_of(database, member["id"])) == 2


async def test_twenty_at_once_with_one_number_make_one_member(
    office: Office, database: Database
) -> None:
    body = office.person()
    answers = await asyncio.gather(*(office.post({**body, "name": f"张{n}"}) for n in range(20)))
    codes = [answer.status_code for answer in answers]
    assert sorted(codes) == [201] + [409] * 19
    created = next(answer for answer in answers if answer.status_code == 201).json()
    assert database.identifiers.count_documents({"person": created["id"]}) == 1


async def test_racing_processes_make_one_member(
    servers: RealServers, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A winner slow to commit is waited for: who gives up earlier answers 503, and rightly.
    monkeypatch.setattr("shared.groupcommit.transaction._LONE_SECONDS", 20.0)
    async with opened(servers, settings) as one, opened(servers, settings) as two:
        body = one.person()
        answers = await asyncio.gather(
            *(office.post(body) for _ in range(10) for office in (one, two))
        )
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 19


async def test_nothing_personal_is_stored_in_the_clear_or_shown_or_logged(
    office: Office, database: Database, capfd: pytest.CaptureFixture[str]
) -> None:
    number, guardian_phone, address = fresh_number(), "13933334444", "文三路478号3单元"
    body = office.person(
        id_number=number, phone="13655556666", address=address,
        guardian=a_guardian(phone=guardian_phone, name="王守护"),
    )  # fmt: skip
    created = await office.post(body)
    member = created.json()
    secrets = (number, "13655556666", address, guardian_phone, "王守护")
    listed = await office.http.get(
        "/v1/members", params={"unit_id": "town", "phone_tail": "6666"}, headers=office.registrar
    )
    assert [item["id"] for item in listed.json()["items"]] == [member["id"]]
    duplicate = await office.post(body)
    wrong = await office.post({**body, "id_number": number[:-1] + "?"})
    read = await office.http.get(f"/v1/members/{member['id']}", headers=office.registrar)
    shown = "".join(one.text for one in (created, listed, duplicate, wrong, read))
    raw = b"".join(
        document.raw
        for name in database.list_collection_names()
        for document in raw_documents(database, name)
    ).decode("utf-8", errors="replace")
    logged = "".join(capfd.readouterr())
    for secret in secrets:
        assert secret not in shown
        assert secret not in raw
        assert secret not in logged
    assert "张三丰" not in shown
    assert "张三丰" not in logged


def raw_documents(database: Database, collection: str) -> Iterator[Any]:
    from bson import CodecOptions
    from bson.raw_bson import RawBSONDocument

    raw = database.get_collection(collection, codec_options=CodecOptions(RawBSONDocument))
    yield from raw.find()


async def test_a_reveal_is_for_privacy_officers_and_leaves_its_reason(
    office: Office, database: Database
) -> None:
    body = office.person(guardian=a_guardian())
    member = (await office.post(body)).json()
    url = f"/v1/members/{member['id']}/reveal"
    asked = {"fields": ["id_number", "phone", "name", "guardian_phone"], "reason": "card printing"}
    assert (await office.http.post(url, json=asked, headers=office.registrar)).status_code == 403
    officer = office.officer("he", "privacy")
    answer = await office.http.post(url, json=asked, headers=officer)
    assert answer.json()["fields"] == {
        "id_number": body["id_number"],
        "phone": "+86" + PHONE,
        "name": "张三丰",
        "guardian_phone": "+8613900001111",
    }
    assert (
        await office.http.post(url, json={"fields": ["phone"]}, headers=officer)
    ).status_code == 422
    row = database.access_log.find_one({"entity": member["id"], "action": "reveal"})
    assert row is not None
    assert row["reason"] == "card printing"
    assert row["fields"] == sorted(asked["fields"])


async def test_search_and_lists_stay_in_scope(office: Office) -> None:
    unit = uuid.uuid4().hex[:8]
    office.truth[unit] = {**a_unit(unit, "town"), "parent_id": "town"}
    members = [await office.applied(unit_id=unit) for _ in range(5)]
    ids = sorted(member["id"] for member in members)
    seen: list[str] = []
    params: dict[str, str] = {"unit_id": unit, "limit": "2", "status": "APPLIED"}
    while True:
        answer = (
            await office.http.get("/v1/members", params=params, headers=office.registrar)
        ).json()
        seen += [item["id"] for item in answer["items"]]
        if answer["next_cursor"] is None:
            break
        params["cursor"] = answer["next_cursor"]
    assert seen == ids
    outside = office.officer("zhao", "registrar", unit="other")
    listed = await office.http.get("/v1/members", params={"unit_id": unit}, headers=outside)
    assert listed.status_code == 404
    own = await office.http.get("/v1/members", params={"limit": 200}, headers=outside)
    assert not set(ids) & {item["id"] for item in own.json()["items"]}
    national = office.officer("hq", "viewer", unit="hq")
    everyone = await office.http.get("/v1/members", params={"limit": 200}, headers=national)
    assert everyone.status_code == 200
    by_phone = await office.http.post("/v1/members/search", json={"phone": PHONE}, headers=outside)
    assert not set(ids) & {item["id"] for item in by_phone.json()["items"]}
    bad = await office.http.get("/v1/members", params={"cursor": "!"}, headers=office.registrar)
    assert_problem(bad, 422, "cursor.invalid")


async def test_people_of_a_unit_are_told_to_services_only(office: Office) -> None:
    unit = uuid.uuid4().hex[:8]
    office.truth[unit] = {**a_unit(unit, "town"), "parent_id": "town"}
    first = await office.applied(unit_id=unit)
    await office.applied(unit_id=unit)
    await office.done(first, "reject")
    url = f"/v1/units/{unit}/people"
    assert (await office.http.get(url, headers=office.registrar)).status_code == 403
    token = mint(office.servers.runtime, "service:org-units", service=True)
    answer = await office.http.get(url, headers={"Authorization": f"Bearer {token}"})
    assert answer.json() == {"people": 1}
