"""Who may ask for what, bad input, repeated and stale requests, lists."""

import asyncio
import uuid
from typing import Any

import httpx
import pytest

from shared.mongo import Database
from tests.integration.org_units.office import (
    COUNTY,
    NEIGHBOUR,
    Office,
    assert_problem,
    outbox_of,
)


async def test_no_token_and_foreign_officers(office: Office, chapters: dict[str, str]) -> None:
    unit = await office.create()
    address = f"/v1/units/{unit['id']}"
    body = {"name": "x", "type": "SCHOOL", "parent_id": office.county}
    for answer in (
        await office.http.get("/v1/units"),
        await office.http.get(address),
        await office.http.post("/v1/units", json=body),
        await office.http.post(f"{address}/submit", headers={"If-Match": '"1"'}),
        await office.http.get(address, headers={"Authorization": "Bearer no"}),
    ):
        assert answer.status_code == 401

    foreign = office.officer("zhao", "registrar", "approver", unit=chapters[NEIGHBOUR])
    assert_problem(await office.http.get(address, headers=foreign), 404, "not_found")
    assert_problem(await office.act(unit, "submit", foreign), 404, "not_found")
    answer = await office.http.post("/v1/units", json=body, headers=foreign)
    assert_problem(answer, 403, "scope.forbidden")

    viewer = office.officer("sun", "viewer")
    assert (await office.http.get(address, headers=viewer)).status_code == 200
    assert_problem(await office.act(unit, "submit", viewer), 403, "scope.forbidden")
    answer = await office.http.post("/v1/units", json=body, headers=viewer)
    assert_problem(answer, 403, "scope.forbidden")
    missing = await office.http.get(f"/v1/units/{uuid.uuid4()}", headers=viewer)
    assert_problem(missing, 404, "not_found")


async def test_service_tokens_read_and_do_not_write(office: Office) -> None:
    unit = await office.create()
    service = {"Authorization": f"Bearer {office.token('service:member', service=True)}"}
    assert (await office.http.get(f"/v1/units/{unit['id']}", headers=service)).json() == unit
    assert (await office.http.get("/v1/units", headers=service)).status_code == 200
    assert_problem(await office.act(unit, "submit", service), 403, "scope.forbidden")


async def test_approval_takes_another_person_at_county_or_above(office: Office) -> None:
    town = await office.active(type="TOWNSHIP")
    unit = await office.done(await office.create(parent_id=town["id"]), "submit")
    below = office.officer("qian", "approver", unit=town["id"])
    assert_problem(await office.act(unit, "approve", below), 403, "scope.level")
    assert_problem(await office.act(unit, "approve", office.registrar), 403, "scope.forbidden")
    both = office.officer("li", "registrar", "approver")
    assert_problem(await office.act(unit, "approve", both), 403, "four_eyes")

    drafted = await office.create()
    answer = await office.http.patch(
        f"/v1/units/{drafted['id']}",
        json={"name": "改过的名称"},
        headers={**office.officer("wang", "registrar"), "If-Match": '"1"'},
    )
    submitted = await office.done(answer.json(), "submit")
    assert_problem(await office.act(submitted, "approve", office.approver), 403, "four_eyes")


async def test_versions(office: Office) -> None:
    unit = await office.create()
    address = f"/v1/units/{unit['id']}"
    missing = await office.http.post(f"{address}/submit", headers=office.registrar)
    assert_problem(missing, 428, "version.missing")
    stale = await office.act({**unit, "version": 9}, "submit", office.registrar)
    assert_problem(stale, 412, "version.stale")
    assert "1" in stale.json()["detail"]
    told = {**office.registrar, "If-Match": '"1"'}
    bodiless = await office.http.post(f"{address}/submit", headers=told)
    assert bodiless.json()["status"] == "SUBMITTED"
    bare = await office.http.patch(address, json={"name": "x"}, headers=office.registrar)
    assert_problem(bare, 428, "version.missing")


async def test_idempotency(office: Office, database: Database) -> None:
    body = {"name": "学校", "type": "SCHOOL", "parent_id": office.county}
    headers = {**office.registrar, "Idempotency-Key": uuid.uuid4().hex}

    async def post(**change: Any) -> httpx.Response:
        return await office.http.post("/v1/units", json={**body, **change}, headers=headers)

    answers = await asyncio.gather(*(post() for _ in range(4)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    unit = answers[0].json()
    assert_problem(await post(name="另一所"), 422, "idempotency.reused")

    key = uuid.uuid4().hex
    submitted = await office.act(unit, "submit", office.registrar, **{"Idempotency-Key": key})
    approved = await office.done(submitted.json(), "approve")
    again = await office.act(unit, "submit", office.registrar, **{"Idempotency-Key": key})
    assert again.status_code == 200
    assert (again.json()["status"], again.json()["version"]) == ("SUBMITTED", 2)
    assert again.headers["etag"] == '"2"'
    assert (await post()).json()["status"] == "DRAFT"
    assert approved["version"] == 3
    assert len(outbox_of(database, unit["id"])) == 3


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"colour": "red"}, "colour", "field.unknown"),
        ({"name": ""}, "name", "field.too_short"),
        ({"name": "长" * 101}, "name", "field.too_long"),
        ({"name": None}, "name", "field.type"),
        ({"type": "CLUB"}, "type", "field.choice"),
        ({"type": "CHAPTER"}, "type", "unit.chapter_by_list"),
        ({"parent_id": "nobody"}, "parent_id", "unit.parent_unknown"),
        ({"host_uscc": "131000005000047290"}, "host_uscc", "uscc.check"),
        ({"host_uscc": "123"}, "host_uscc", "uscc.length"),
        ({"founded_on": "2019-02-30"}, "founded_on", "date.invalid"),
        ({"founded_on": 20190230}, "founded_on", "date.invalid"),
        ({"founded_on": "2999-01-01"}, "founded_on", "date.future"),
        ({"effective_on": "2999-01-01"}, "effective_on", "date.future"),
        ({"founded_on": "0001-01-01"}, "founded_on", "date.too_early"),
        ({"founded_on": "1904-03-09"}, "founded_on", "date.too_early"),
        ({"effective_on": "0001-01-01"}, "effective_on", "date.too_early"),
        ({"region_code": "33010"}, "region_code", "field.pattern"),
        ({"region_code": "3301061"}, "region_code", "unit.region_shape"),
        ({"region_code": "110101"}, "region_code", "unit.region_elsewhere"),
    ],
)
async def test_bad_input(
    office: Office, database: Database, change: dict[str, Any], field: str, code: str
) -> None:
    body = {"name": "社区", "type": "COMMUNITY", "parent_id": office.county, **change}
    before = database.units.count_documents({}), database.outbox.count_documents({})
    for language in ("zh-CN", "en"):
        headers = {**office.registrar, "Accept-Language": language}
        answer = await office.http.post("/v1/units", json=body, headers=headers)
        assert_problem(answer, 422, code, field)
    assert (database.units.count_documents({}), database.outbox.count_documents({})) == before


async def test_parent_rules(office: Office, chapters: dict[str, str]) -> None:
    town = await office.create(type="TOWNSHIP")
    village = await office.create(type="VILLAGE", parent_id=town["id"])

    async def refused(unit_type: str, parent: str, code: str) -> None:
        body = {"name": "x", "type": unit_type, "parent_id": parent}
        who = office.officer("hq", "registrar", unit=chapters["100000"])
        answer = await office.http.post("/v1/units", json=body, headers=who)
        assert_problem(answer, 422, code, "parent_id")

    await refused("SCHOOL", village["id"], "unit.parent_type")
    await refused("TOWNSHIP", town["id"], "unit.parent_type")
    await refused("SUBDISTRICT", chapters["330000"], "unit.parent_type")
    await refused("TOWNSHIP", chapters["330100"], "unit.area_has_counties")

    body = {"name": "东城街道", "type": "SUBDISTRICT", "parent_id": chapters["441900"]}
    who = office.officer("dg", "registrar", unit=chapters["441900"])
    answer = await office.http.post("/v1/units", json=body, headers=who)
    assert answer.status_code == 201


async def test_lists(office: Office, chapters: dict[str, str]) -> None:
    town = await office.active(type="TOWNSHIP", name="测试镇 (a.b)")
    villages = [
        await office.create(type="VILLAGE", parent_id=town["id"], name=f"村 {number}")
        for number in range(5)
    ]

    async def listed(who: dict[str, str], **query: Any) -> list[str]:
        ids: list[str] = []
        cursor: str | None = ""
        while cursor is not None:
            params = {**query, "limit": 2, **({"cursor": cursor} if cursor else {})}
            answer = await office.http.get("/v1/units", params=params, headers=who)
            assert answer.status_code == 200, answer.text
            ids += [item["id"] for item in answer.json()["items"]]
            cursor = answer.json()["next_cursor"]
        assert len(ids) == len(set(ids))
        return ids

    mine = office.registrar
    below = [village["id"] for village in villages]
    assert await listed(mine, parent_id=town["id"]) == below
    assert await listed(mine, within=town["id"]) == [town["id"], *below]
    assert await listed(mine, q="镇 (A.") == [town["id"]]
    assert await listed(mine, q=".*") == []
    assert await listed(mine, parent_id=town["id"], status="ACTIVE") == []
    assert await listed(mine, parent_id=town["id"], type="VILLAGE", status="DRAFT") == below
    assert await listed(mine, region_code=COUNTY) == [office.county]
    foreign = office.officer("zhao", "viewer", unit=chapters[NEIGHBOUR])
    assert await listed(foreign, within=town["id"]) == []
    assert await listed(foreign, parent_id=chapters["330100"]) == [chapters[NEIGHBOUR]]
    nobody = {"Authorization": f"Bearer {office.token('nobody')}"}
    assert await listed(nobody, region_code=COUNTY) == []

    refused = await office.http.get("/v1/units", params={"limit": 201}, headers=mine)
    assert_problem(refused, 422, "field.range", "limit")
    refused = await office.http.get("/v1/units", params={"cursor": "$"}, headers=mine)
    assert_problem(refused, 422, "cursor.invalid", "cursor")


async def test_health(office: Office) -> None:
    assert (await office.http.get("/healthz")).status_code == 200
    ready = await office.http.get("/readyz")
    assert ready.status_code == 200, ready.text
