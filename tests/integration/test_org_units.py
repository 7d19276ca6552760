"""org-units over HTTP on a real replica set: the life of a unit, who may do what, bad input, seeds."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import httpx
import orjson
import pytest

from embedded.issuer import Issuer, grant, mint, provide_key
from embedded.servers import RealServers
from org_units import jobs, migrate
from org_units.main import create_app
from shared import events
from shared.access import TokenVerifier
from shared.clock import today
from shared.events.payloads import UnitsImported
from shared.mongo import Database, Document, connect, connect_async
from shared.peers import Peers
from shared.settings import AccessSettings, MongoSettings, PeerSettings, ProcessSettings

COUNTY, NEIGHBOUR = "330106", "330105"
USCC = "13100000500004729P"


@pytest.fixture(scope="module")
def settings(servers: RealServers) -> Iterator[MongoSettings]:
    """A database with every chapter, shared by the tests of this module."""
    name = f"t_{uuid.uuid4().hex[:12]}"
    settings = MongoSettings(mongo_uri=servers.mongo_uri, mongo_database=name)
    database = connect(settings)
    migrate.migrate(database)
    asyncio.run(seed(settings))
    yield settings
    database.client.drop_database(name)
    database.client.close()


@pytest.fixture(scope="module")
def database(settings: MongoSettings) -> Iterator[Database]:
    database = connect(settings)
    yield database
    database.client.close()


@pytest.fixture(scope="module")
def chapters(database: Database) -> dict[str, str]:
    """Ids of the chapters by region code."""
    found = database.units.find({"type": "CHAPTER"}, {"region_code": 1})
    return {unit["region_code"]: unit["_id"] for unit in found}


async def seed(settings: MongoSettings, *provinces: str) -> list[jobs.Outcome]:
    database = connect_async(settings)
    how: Any = {"partitions": 3, "effective_on": date(2021, 1, 1)}
    try:
        outcomes = [await jobs.seed_chapters(database, **how)]
        outcomes += [await jobs.seed_townships(database, code, **how) for code in provinces]
    finally:
        await database.client.close()
    return outcomes


@dataclass
class Office:
    """A client of the service, and what stands beside it."""

    http: httpx.AsyncClient
    people: dict[str, int]
    """How many people member and volunteer report of any unit; a missing one is unreachable."""
    token: Callable[..., str]
    county: str
    """Id of the county chapter whose officers act here."""

    def officer(self, name: str, *roles: str, unit: str | None = None) -> dict[str, str]:
        token = self.token(name, [grant(unit or self.county, *roles)])
        return {"Authorization": f"Bearer {token}"}

    @property
    def registrar(self) -> dict[str, str]:
        return self.officer("li", "registrar")

    @property
    def approver(self) -> dict[str, str]:
        return self.officer("wang", "approver")

    async def create(self, **given: Any) -> Document:
        body = {"name": f"单位 {uuid.uuid4().hex[:6]}", "type": "COMMUNITY", **given}
        body.setdefault("parent_id", self.county)
        answer = await self.http.post("/v1/units", json=body, headers=self.registrar)
        assert answer.status_code == 201, answer.text
        unit: Document = answer.json()
        return unit

    async def act(
        self, unit: Document, action: str, who: dict[str, str], body: Any = None, **headers: str
    ) -> httpx.Response:
        return await self.http.post(
            f"/v1/units/{unit['id']}/{action}",
            json=body or {},
            headers={**who, "If-Match": f'"{unit["version"]}"', **headers},
        )

    async def done(self, unit: Document, *actions: str) -> Document:
        for action in actions:
            who = self.registrar if action == "submit" else self.approver
            answer = await self.act(unit, action, who)
            assert answer.status_code == 200, answer.text
            unit = answer.json()
        return unit

    async def active(self, **given: Any) -> Document:
        return await self.done(await self.create(**given), "submit", "approve", "activate")


@pytest.fixture
async def office(
    servers: RealServers, settings: MongoSettings, chapters: dict[str, str]
) -> AsyncIterator[Office]:
    async with opened(servers, settings, chapters[COUNTY]) as office:
        yield office


@asynccontextmanager
async def opened(
    servers: RealServers, settings: MongoSettings, county: str
) -> AsyncIterator[Office]:
    provide_key(servers.runtime)
    asgi: Any = Issuer(servers.runtime)
    issuer = httpx.AsyncClient(transport=httpx.ASGITransport(asgi))
    people = {"8002": 0, "8003": 0}

    def answer(request: httpx.Request) -> httpx.Response:
        count = people.get(str(request.url.port))
        if count is None:
            raise httpx.ConnectError("refused")
        return httpx.Response(200, json={"people": count})

    access = AccessSettings(oidc_issuer=servers.runtime.issuer_url)
    peers = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    app = create_app(
        process=ProcessSettings(port=8001, instance="test"),
        mongo=settings,
        verifier=TokenVerifier(access, issuer),
        peers=Peers(PeerSettings(), access, peers),
    )
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://org-units") as client,
    ):
        yield Office(client, people, lambda *a, **k: mint(servers.runtime, *a, **k), county)


def assert_problem(
    answer: httpx.Response, status: int, code: str, field: str | None = None
) -> None:
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (status, code), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["detail"]
    if field is not None:
        assert field in [error["field"] for error in problem["errors"]]


def outbox_of(database: Database, unit: str) -> list[Any]:
    """Return what the outbox tells of a unit, each event read by its contract."""
    told = []
    for row in database.outbox.find().sort("_id"):
        event = orjson.loads(row["body"])
        if event["subject"] == unit:
            payload = events.MODELS[event["type"]].model_validate(event["data"])
            told.append((event["type"].split(".")[-2], payload))
    return told


async def test_whole_path(office: Office, database: Database) -> None:
    body = {
        "name": "文三社区红十字会",
        "type": "COMMUNITY",
        "parent_id": office.county,
        "region_code": "330106002",
        "host_uscc": f" {USCC.lower()} ",
        "founded_on": "2019-05-08",
        "effective_on": "2025-01-10",
    }
    answer = await office.http.post("/v1/units", json=body, headers=office.registrar)
    unit = answer.json()
    assert answer.status_code == 201
    assert answer.headers["etag"] == '"1"'
    assert answer.headers["location"] == f"/v1/units/{unit['id']}"
    assert unit["code"].startswith("330106C")
    assert (unit["status"], unit["level"], unit["version"]) == ("DRAFT", "GRASSROOTS", 1)
    assert unit["host_uscc"] == USCC
    assert [step["level"] for step in unit["path"]] == [
        "NATIONAL", "PROVINCE", "PREFECTURE", "COUNTY", "GRASSROOTS",
    ]  # fmt: skip
    assert unit["path"][-1] == {"id": unit["id"], "name": body["name"], "level": "GRASSROOTS"}

    unit = await office.done(unit, "submit", "return", "submit", "approve")
    paper = {"effective_on": today().isoformat(), "document": {"number": "西红〔2026〕8号"}}
    unit = (await office.act(unit, "activate", office.approver, paper)).json()
    unit = await office.done(unit, "deactivate", "activate")
    assert (unit["status"], unit["version"]) == ("ACTIVE", 8)

    seen = await office.http.get(f"/v1/units/{unit['id']}", headers=office.approver)
    assert seen.json() == unit
    assert seen.headers["etag"] == '"8"'

    told = outbox_of(database, unit["id"])
    assert [fact for fact, _ in told] == [
        "created", "submitted", "returned", "submitted", "approved", "activated",
        "deactivated", "activated",
    ]  # fmt: skip
    assert [payload.version for _, payload in told] == list(range(1, 9))
    assert told[0][1].changes[0].effective_on == date(2025, 1, 10)
    assert told[-1][1].unit.status == "ACTIVE"
    assert told[-1][1].unit.code == unit["code"]
    history = list(database.units_versions.find({"entity": unit["id"]}).sort("version"))
    assert len(history) == 7
    assert history[4]["document"]["number"] == "西红〔2026〕8号"
    logged = database.access_log.count_documents({"entity": unit["id"]})
    assert logged == 8


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


async def test_illegal_transition_names_what_is_possible(office: Office) -> None:
    answer = await office.act(await office.create(), "activate", office.approver)
    assert_problem(answer, 409, "state.illegal")
    assert "submit" in answer.json()["detail"]


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


async def test_one_live_unit_for_an_area(office: Office) -> None:
    body = {"name": "镇", "type": "TOWNSHIP", "parent_id": office.county}
    body["region_code"] = "330106199"
    answers = await asyncio.gather(
        *(office.http.post("/v1/units", json=body, headers=office.registrar) for _ in range(4))
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    refused = next(answer for answer in answers if answer.status_code == 409)
    assert_problem(refused, 409, "unit.place_taken", "region_code")
    unit = next(answer.json() for answer in answers if answer.status_code == 201)
    await office.done(unit, "void")
    await office.create(**body)


async def test_activation_needs_an_active_parent(office: Office) -> None:
    town = await office.create(type="TOWNSHIP")
    village = await office.create(type="VILLAGE", parent_id=town["id"])
    village = await office.done(village, "submit", "approve")
    refused = await office.act(village, "activate", office.approver)
    assert_problem(refused, 409, "unit.parent_not_active")
    await office.done(town, "submit", "approve", "activate")
    await office.done(village, "activate")


async def test_dates_of_transitions(office: Office) -> None:
    unit = await office.create(effective_on="2025-03-01")
    early = await office.act(unit, "submit", office.registrar, {"effective_on": "2025-02-28"})
    assert_problem(early, 422, "date.too_early", "effective_on")
    assert "2025-03-01" in early.json()["detail"]
    tomorrow = (today() + timedelta(days=1)).isoformat()
    late = await office.act(unit, "submit", office.registrar, {"effective_on": tomorrow})
    assert_problem(late, 422, "date.future", "effective_on")


async def test_corrections(office: Office, database: Database) -> None:
    unit = await office.active()

    async def patch(body: dict[str, Any]) -> httpx.Response:
        headers = {**office.registrar, "If-Match": f'"{unit["version"]}"'}
        return await office.http.patch(f"/v1/units/{unit['id']}", json=body, headers=headers)

    changed = await patch(
        {"name": "新名称", "host_uscc": USCC, "founded_on": "2020-01-01", "reason": "更名"}
    )
    assert changed.status_code == 200
    unit = changed.json()
    assert (unit["name"], unit["status"], unit["version"]) == ("新名称", "ACTIVE", 5)
    assert unit["path"][-1]["name"] == "新名称"
    cleared = await patch({"host_uscc": None})
    unit = cleared.json()
    assert (unit["host_uscc"], unit["founded_on"]) == (None, "2020-01-01")
    fact, payload = outbox_of(database, unit["id"])[-2]
    assert (fact, payload.changes, payload.unit.name) == ("corrected", [], "新名称")

    assert_problem(await patch({}), 422, "field.empty_change")
    assert_problem(await patch({"reason": "x"}), 422, "field.empty_change")
    assert_problem(await patch({"name": None}), 422, "field.required")
    assert_problem(await patch({"type": "SCHOOL"}), 422, "field.unknown", "type")
    assert_problem(await patch({"host_uscc": "x"}), 422, "uscc.length", "host_uscc")
    unit = await office.done(unit, "void")
    assert_problem(await patch({"name": "y"}), 409, "state.illegal")


async def test_chapters_are_not_changed_by_hand(office: Office, database: Database) -> None:
    chapter = (await office.http.get(f"/v1/units/{office.county}", headers=office.approver)).json()
    answer = await office.act(chapter, "deactivate", office.approver)
    assert_problem(answer, 409, "unit.chapter_by_list")
    headers = {**office.registrar, "If-Match": '"1"'}
    answer = await office.http.patch(
        f"/v1/units/{office.county}", json={"name": "x"}, headers=headers
    )
    assert_problem(answer, 409, "unit.chapter_by_list")


async def test_void(office: Office, database: Database) -> None:
    town = await office.active(type="TOWNSHIP")
    village = await office.create(type="VILLAGE", parent_id=town["id"])
    refused = await office.act(town, "void", office.approver)
    assert_problem(refused, 409, "unit.has_children")
    assert village["code"] in refused.json()["detail"]
    office.people.clear()  # a draft was nobody's unit: nobody need be asked
    await office.done(village, "void")

    assert_problem(await office.act(town, "void", office.approver), 503, "unit.peers_unavailable")
    office.people.update({"8002": 0, "8003": 2})
    assert_problem(await office.act(town, "void", office.approver), 409, "unit.has_people")
    office.people["8003"] = 0
    unchanged = await office.http.get(f"/v1/units/{town['id']}", headers=office.approver)
    assert unchanged.json() == town
    voided = await office.done(town, "void")
    assert voided["status"] == "VOIDED"
    stored = database.units.find_one({"_id": town["id"]})
    assert stored is not None
    assert stored["timeline"] == []
    _, payload = outbox_of(database, town["id"])[-1]
    assert [change.now for change in payload.changes] == [None]
    body = {"name": "x", "type": "VILLAGE", "parent_id": town["id"]}
    late = await office.http.post("/v1/units", json=body, headers=office.registrar)
    assert_problem(late, 409, "unit.parent_closed")


async def test_a_parent_is_not_voided_under_a_new_child(office: Office) -> None:
    for _ in range(5):
        town = await office.create(type="TOWNSHIP")
        body = {"name": "村", "type": "VILLAGE", "parent_id": town["id"]}
        created, voided = await asyncio.gather(
            office.http.post("/v1/units", json=body, headers=office.registrar),
            office.act(town, "void", office.approver),
        )
        assert (created.status_code, voided.status_code) in [(201, 409), (409, 200)]


async def test_many_at_once_get_codes_of_their_own(office: Office) -> None:
    units = await asyncio.gather(*(office.create(type="HOSPITAL") for _ in range(24)))
    assert len({unit["code"] for unit in units}) == 24


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


def test_seed_is_idempotent_and_resumes(
    servers: RealServers, mongo: Database, database_name: str
) -> None:
    settings = MongoSettings(mongo_uri=servers.mongo_uri, mongo_database=database_name)
    migrate.migrate(mongo)
    migrate.migrate(mongo)
    first = asyncio.run(seed(settings, "33"))
    assert [outcome.inserted for outcome in first] == [3_219, 1_387]
    again = asyncio.run(seed(settings, "330000"))
    assert again == [jobs.Outcome(0, 3_219), jobs.Outcome(0, 1_387)]

    lost = [unit["_id"] for unit in mongo.units.find({"region_code": {"$gte": "330200200"}})]
    mongo.units.delete_many({"_id": {"$in": lost}, "level": "GRASSROOTS"})
    both = run_together(settings)
    assert sum(outcome.inserted for pair in both for outcome in pair[1:]) > 0
    assert mongo.units.count_documents({}) == 3_219 + 1_387

    by_hand = {"region_code": "330106109"}
    mongo.units.update_one(by_hand, {"$unset": {"seeded_as": ""}})
    assert asyncio.run(seed(settings, "33"))[1].inserted == 0
    assert len(mongo.units.distinct("code")) == 3_219 + 1_387
    assert mongo.units.count_documents({"status": {"$ne": "ACTIVE"}}) == 0


def run_together(settings: MongoSettings) -> list[list[jobs.Outcome]]:
    async def both() -> list[list[jobs.Outcome]]:
        return list(await asyncio.gather(seed(settings, "33"), seed(settings, "33")))

    return asyncio.run(both())


def test_seeded_units_are_told_in_packed_events(database: Database) -> None:
    told: dict[str, str] = {}
    for row in database.outbox.find({}):
        event = orjson.loads(row["body"])
        payload = events.MODELS[event["type"]].model_validate(event["data"])
        if not isinstance(payload, UnitsImported):
            continue
        assert len(payload.rows) == len(payload.units)
        for (entity, version, positions), card in zip(payload.rows, payload.units, strict=True):
            (step,) = [payload.steps[position] for position in positions]
            assert (entity, version) == (card.id, 1)
            assert step.now is not None
            assert (step.effective_on, step.now.status) == (date(2021, 1, 1), "ACTIVE")
            told[card.id] = card.code
    stored = {unit["_id"]: unit["code"] for unit in database.units.find({"type": "CHAPTER"})}
    assert told == stored
