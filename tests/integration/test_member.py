"""member over HTTP on a real replica set: the life of a membership, who may do what, bad input."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from embedded.issuer import Issuer, grant, mint, provide_key
from embedded.servers import RealServers
from member import migrate
from member.main import create_app
from member.settings import MemberSettings, Settings
from shared import directory, events
from shared.access import TokenVerifier
from shared.clock import today
from shared.messages import text
from shared.mongo import Database, Document, connect
from shared.peers import Peers
from shared.personal.encryption import new_key_ring
from shared.settings import MongoSettings

PHONE = "13812345678"
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def id_number(serial: int, born: str = "19900307", area: str = "330199") -> str:
    """Return a synthetic number; county number 99 belongs to no county."""
    body = f"{area}{born}{serial:03d}"
    total = sum(int(digit) * weight for digit, weight in zip(body, _WEIGHTS, strict=True))
    return body + "10X98765432"[total % 11]


def a_unit(
    unit: str, parent: str | None, level: str = "GRASSROOTS", **fields: Any
) -> dict[str, Any]:
    chapter = level != "GRASSROOTS"
    return {
        "id": unit,
        "version": 1,
        "name": f"{unit}名",
        "code": f"code-{unit}",
        "region_code": None,
        "type": "CHAPTER" if chapter else "COMMUNITY",
        "level": level,
        "status": "ACTIVE",
        "parent": parent,
        **fields,
    }


TREE = [
    a_unit("hq", None, "NATIONAL"),
    a_unit("prov", "hq", "PROVINCE", region_code="330000"),
    a_unit("city", "prov", "PREFECTURE", region_code="330100"),
    a_unit("county", "city", "COUNTY", region_code="330106", name="西湖区红十字会"),
    a_unit("other", "city", "COUNTY", region_code="330105", name="拱墅区红十字会"),
    a_unit("town", "county", type="TOWNSHIP"),
    a_unit("school", "town", type="SCHOOL"),
    a_unit("draft", "county", status="DRAFT"),
    a_unit("far", "other", type="HOSPITAL"),
]


@pytest.fixture(scope="module")
def settings(servers: RealServers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    name = f"t_{uuid.uuid4().hex[:12]}"
    keyring = tmp_path_factory.mktemp("keys") / "keyring.json"
    keyring.write_text(json.dumps(new_key_ring()))
    settings = Settings(
        mongo_uri=servers.mongo_uri,
        mongo_database=name,
        keyring_file=keyring,
        oidc_issuer=servers.runtime.issuer_url,
        port=8002,
        instance="test",
        kafka_partitions=3,
        requests_per_minute=10_000_000,
    )
    database = connect(MongoSettings(mongo_uri=servers.mongo_uri, mongo_database=name))
    migrate.migrate(database)
    migrate.migrate(database)
    directory.apply_cards(database, TREE)
    yield settings
    database.client.drop_database(name)
    database.client.close()


@pytest.fixture(scope="module")
def database(settings: Settings) -> Iterator[Database]:
    database = connect(settings)
    yield database
    database.client.close()


@dataclass
class Office:
    """A client of the service, and what org-units says at this moment."""

    http: httpx.AsyncClient
    servers: RealServers
    truth: dict[str, dict[str, Any]]
    asked: list[str] = field(default_factory=list)
    serial: int = 0

    def officer(self, name: str, *roles: str, unit: str = "county") -> dict[str, str]:
        token = mint(self.servers.runtime, name, [grant(unit, *roles)])
        return {"Authorization": f"Bearer {token}"}

    @property
    def registrar(self) -> dict[str, str]:
        return self.officer("li", "registrar")

    @property
    def approver(self) -> dict[str, str]:
        return self.officer("wang", "approver")

    def person(self, **given: Any) -> dict[str, Any]:
        return {
            "kind": "INDIVIDUAL_ADULT",
            "unit_id": "town",
            "name": "张三丰",
            "id_type": "RESIDENT_ID",
            "id_number": fresh_number(),
            "phone": PHONE,
            "consent": a_consent(),
            **given,
        }

    async def post(self, body: Any, who: dict[str, str] | None = None, **headers: Any) -> Any:
        return await self.http.post(
            "/v1/members", json=body, headers={**(who or self.registrar), **headers}
        )

    async def applied(self, **given: Any) -> Document:
        answer = await self.post(self.person(**given))
        assert answer.status_code == 201, answer.text
        member: Document = answer.json()
        return member

    async def act(
        self, member: Document, action: str, who: dict[str, str] | None = None,
        body: Any = None, **headers: Any,
    ) -> httpx.Response:  # fmt: skip
        return await self.http.post(
            f"/v1/members/{member['id']}/{action}",
            json={"reason": "a reason"} if body is None else body,
            headers={**(who or self.approver), "If-Match": f'"{member["version"]}"', **headers},
        )

    async def done(self, member: Document, *actions: str) -> Document:
        for action in actions:
            registrars = {"withdraw", "decease", "reapply"}
            who = self.registrar if action in registrars else self.approver
            answer = await self.act(member, action, who)
            assert answer.status_code == 200, answer.text
            member = answer.json()
        return member

    async def bulk(
        self, rows: list[dict[str, Any]], who: dict[str, str] | None = None,
        mode: str = "applications", **given: Any,
    ) -> httpx.Response:  # fmt: skip
        headers = {"Idempotency-Key": given.pop("key", uuid.uuid4().hex)}
        body = {"mode": mode, "consent": a_consent(), "rows": rows, **given}
        return await self.http.post(
            "/v1/members/bulk", json=body, headers={**(who or self.registrar), **headers}
        )


_serials = iter(range(1_000_000))


def fresh_number(born_year: int = 1950) -> str:
    serial = next(_serials)
    born = date(born_year, 1, 1) + timedelta(days=serial // 999)
    return id_number(serial % 999 + 1, born.strftime("%Y%m%d"))


def a_consent(**given: Any) -> dict[str, Any]:
    return {"version": "2025-1", "channel": "paper", "given_on": "2025-01-05", **given}


def a_guardian(**given: Any) -> dict[str, Any]:
    return {
        "name": "李四光",
        "relation": "母亲",
        "phone": "13900001111",
        "consent": a_consent(),
        **given,
    }


def born(age: int, days: int = 0) -> str:
    day = today()
    return (day.replace(year=day.year - age) + timedelta(days=days)).strftime("%Y%m%d")


@pytest.fixture
async def office(servers: RealServers, settings: Settings) -> AsyncIterator[Office]:
    async with opened(servers, settings) as office:
        yield office


@asynccontextmanager
async def opened(
    servers: RealServers, settings: Settings, rules: MemberSettings | None = None
) -> AsyncIterator[Office]:
    provide_key(servers.runtime)
    issuer = httpx.AsyncClient(transport=httpx.ASGITransport(Issuer(servers.runtime)))
    truth = {unit["id"]: {**unit, "parent_id": unit["parent"]} for unit in TREE}
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        unit = request.url.path.rsplit("/", 1)[-1]
        asked.append(unit)
        return httpx.Response(200, json=truth[unit]) if unit in truth else httpx.Response(404)

    client = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    app = create_app(
        settings=settings,
        rules=rules,
        verifier=TokenVerifier(settings, issuer),
        peers=Peers(settings, settings, client),
    )
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://member") as http,
    ):
        yield Office(http, servers, truth, asked)


def assert_problem(
    answer: httpx.Response, status: int, code: str, where: str | None = None
) -> None:
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (status, code), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["detail"]
    if where is not None:
        assert where in [error["field"] for error in problem["errors"]]


def told_of(database: Database, member: str) -> list[Any]:
    """Return what the outbox tells of a member, each event read by its contract."""
    told = []
    for row in database.outbox.find().sort("_id"):
        event = orjson.loads(row["body"])
        if event["subject"] == member:
            payload = events.MODELS[event["type"]].model_validate(event["data"])
            told.append((event["type"].split(".")[-2], payload))
    return told


# --- the whole path --------------------------------------------------------------------------


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


# --- joining again ---------------------------------------------------------------------------


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
        "member.registration_required",
    )  # fmt: skip
    mismatch = {"registration": office.person()}
    assert_problem(
        await office.act(wrong, "reapply", office.registrar, mismatch), 422,
        "member.number_differs",
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


# --- bad input -------------------------------------------------------------------------------


async def test_bad_input_is_refused_by_field_in_both_languages(
    office: Office, database: Database
) -> None:
    before = database.members.estimated_document_count(), database.outbox.estimated_document_count()
    future = (today() + timedelta(days=1)).isoformat()
    cases: list[tuple[dict[str, Any], str, str]] = [
        ({"id_number": "110105194912310021"}, "identifier.check_digit", "id_number"),
        ({"id_number": id_number(1, "20991231")}, "identifier.birth_in_future", "id_number"),
        ({"id_number": id_number(1, "19900231")}, "identifier.birth_date", "id_number"),
        ({"id_number": None}, "identifier.required", "id_number"),
        ({"birth_date": "2099-01-01"}, "date.future", "birth_date"),
        ({"birth_date": 631152000}, "date.invalid", "birth_date"),
        ({"unit_id": "nowhere"}, "unit.unknown", "unit_id"),
        ({"unit_id": "draft"}, "unit.not_active", "unit_id"),
        ({"unit_id": "county"}, "member.unit_is_chapter", "unit_id"),
        ({"id_type": "PASSPORT", "id_number": "E12345678"}, "member.not_citizen", "id_type"),
        ({"id_type": "FPR_NEW", "id_number": "911156198108221219"}, "member.not_citizen", "id_type"),
        ({"id_type": "HMT_RESIDENCE", "id_number": "810000199003072715"},
         "member.hmt_not_admitted", "id_type"),
        ({"id_type": "NONE", "id_number": None}, "member.number_required", "id_type"),
        ({"name": " "}, "name.required", "name"),
        ({"phone": "12345"}, "phone.number", "phone"),
        ({"ethnicity": "77"}, "code.unknown", "ethnicity"),
        ({"kind": "GROUP"}, "field.choice", "kind"),
        ({"consent": None}, "consent.missing", "consent"),
        ({"consent": a_consent(given_on=future)}, "date.future", "consent.given_on"),
        ({"effective_on": future}, "date.future", "effective_on"),
        ({"shoe_size": 44}, "field.unknown", "shoe_size"),
        ({"id_number": id_number(5, born(8, 1))}, "member.too_young", "birth_date"),
        ({"id_number": id_number(5, born(14, 1))}, "guardian.required", "guardian"),
        ({"id_number": id_number(6, born(17))}, "guardian.required", "guardian"),
        ({"id_number": id_number(7, born(13)), "guardian": a_guardian(consent=None)},
         "guardian.required", "guardian.consent"),
        ({"guardian": a_guardian(phone="1")}, "phone.number", "guardian.phone"),
    ]  # fmt: skip
    for change, code, where in cases:
        answer = await office.post(office.person(**change))
        assert_problem(answer, 422, code, where)
        english = await office.post(office.person(**change), **{"Accept-Language": "en"})
        for chinese_error, english_error in zip(
            answer.json()["errors"], english.json()["errors"], strict=True
        ):
            assert chinese_error["message"] != english_error["message"]
            assert english_error["message"].isprintable()
    after = database.members.estimated_document_count(), database.outbox.estimated_document_count()
    assert before == after


async def test_broken_bodies(office: Office, database: Database) -> None:
    before = database.members.estimated_document_count()
    json_type = {**office.registrar, "Content-Type": "application/json"}
    good = orjson.dumps(office.person())
    for content, headers, status, code in (
        (good.replace("张三丰".encode(), b"a\\u0000b"), json_type, 400, "body.nul"),
        (good.replace("张三丰".encode(), b"\xff\xfe"), json_type, 400, "body.encoding"),
        (good[:-1], json_type, 400, "body.json"),
        (good, {**office.registrar, "Content-Type": "text/plain"}, 415, "media.unsupported"),
        (b'{"name": "' + b"x" * 3_000_000 + b'"}', json_type, 413, "body.too_large"),
        (b"[]", json_type, 422, "field.type"),
        (b"", json_type, 422, "body.required"),
    ):
        answer = await office.http.post("/v1/members", content=content, headers=headers)
        assert answer.status_code == status, (code, answer.text)
        assert answer.json()["code"] == code
    assert database.members.estimated_document_count() == before


async def test_minors_with_their_guardians(office: Office, database: Database) -> None:
    for age, guardian in ((8, a_guardian()), (13, a_guardian()), (17, a_guardian(consent=None))):
        member = await office.applied(
            kind="INDIVIDUAL_YOUTH", unit_id="school", guardian=guardian,
            id_number=id_number(300 + age, born(age)),
        )  # fmt: skip
        assert member["guardian"]["name"] == "李*"
        assert member["guardian"]["phone"] == "139****1111"


async def test_settings_open_what_chapters_may_decide(
    servers: RealServers, settings: Settings
) -> None:
    rules = MemberSettings(hmt_admitted=True, chapters_admit=True, youngest_age=6)
    async with opened(servers, settings, rules) as office:
        await office.applied(id_type="HMT_RESIDENCE", id_number="810000199003072715")
        await office.applied(unit_id="county")
        await office.applied(guardian=a_guardian(), id_number=id_number(9, born(6)))


async def test_a_duplicate_names_unit_type_and_county_never_the_person(office: Office) -> None:
    body = office.person(unit_id="school", name="周吴郑")
    first = (await office.post(body)).json()
    elsewhere = office.officer("zhao", "registrar", unit="other")
    answer = await office.post({**body, "unit_id": "far", "name": "Other"}, elsewhere)
    assert_problem(answer, 409, "person.duplicate", "id_number")
    assert "西湖区" in answer.text
    assert "学校" in answer.text
    for secret in ("周", body["id_number"], first["id"], "school名"):
        assert secret not in answer.text


# --- who may do what -------------------------------------------------------------------------


async def test_four_eyes(office: Office) -> None:
    both = office.officer("li", "registrar", "approver")
    member = await office.applied()
    assert_problem(await office.act(member, "approve", both), 403, "four_eyes")
    approved = await office.act(member, "approve")
    assert (await office.act(approved.json(), "file", both)).status_code == 403
    assert (await office.act(approved.json(), "file")).status_code == 200


async def test_the_last_editor_may_not_approve(office: Office) -> None:
    member = await office.applied()
    editor = office.officer("chen", "registrar", "approver")
    answer = await office.http.patch(
        f"/v1/members/{member['id']}", json={"political": "13"},
        headers={**editor, "If-Match": '"1"'},
    )  # fmt: skip
    assert_problem(await office.act(answer.json(), "approve", editor), 403, "four_eyes")
    assert (await office.act(answer.json(), "approve")).status_code == 200


async def test_scope_of_a_county(office: Office) -> None:
    member = await office.applied()
    path = f"/v1/members/{member['id']}"
    outside = office.officer("zhao", "registrar", "approver", "privacy", unit="other")
    viewer = office.officer("sun", "viewer")
    reveal = {"fields": ["phone"], "reason": "call back"}
    for who, read, write in ((outside, 404, 404), (viewer, 200, 403)):
        assert (await office.http.get(path, headers=who)).status_code == read
        assert (await office.act(member, "approve", who)).status_code == write
        assert (await office.act(member, "reapply", who, {})).status_code == write
        assert (
            await office.http.patch(path, json={"sex": "1"}, headers={**who, "If-Match": "1"})
        ).status_code == write
        assert (
            await office.http.post(f"{path}/reveal", json=reveal, headers=who)
        ).status_code == write
        assert (await office.post(office.person(), who)).status_code == 403
    anonymous = await office.http.post("/v1/members", json=office.person())
    assert_problem(anonymous, 401, "auth.missing")
    assert (await office.http.get(path)).status_code == 401


async def test_filing_needs_a_grant_at_county_or_above(office: Office) -> None:
    member = await office.done(await office.applied(), "approve")
    low = office.officer("qian", "approver", unit="town")
    assert_problem(await office.act(member, "file", low), 403, "scope.level")
    by_code = office.officer("qian", "approver", unit="330106")
    assert (await office.act(member, "file", by_code)).status_code == 200


async def test_versions_and_illegal_steps(office: Office) -> None:
    member = await office.applied()
    url = f"/v1/members/{member['id']}/approve"
    assert_problem(
        await office.http.post(url, json={}, headers=office.approver), 428, "version.missing"
    )
    stale = await office.http.post(url, json={}, headers={**office.approver, "If-Match": '"7"'})
    assert_problem(stale, 412, "version.stale")
    illegal = await office.act(member, "file")
    assert_problem(illegal, 409, "state.illegal")
    assert "approve" in illegal.text
    early = (today() - timedelta(days=3)).isoformat()
    assert_problem(
        await office.act(member, "approve", body={"effective_on": early}), 422, "date.too_early",
        "effective_on",
    )  # fmt: skip
    assert_problem(await office.act(member, "reject", body={}), 422, "reason.required", "reason")
    assert (await office.act({**member, "id": "none"}, "approve")).status_code == 404


# --- what org-units knows better -------------------------------------------------------------


async def test_a_unit_activated_a_moment_ago_is_never_refused(office: Office) -> None:
    late = uuid.uuid4().hex[:8]
    office.truth[late] = {**a_unit(late, "county"), "parent_id": "county"}
    office.truth[late]["status"] = "DRAFT"
    answer = await office.post(office.person(unit_id=late))
    assert_problem(answer, 422, "unit.not_active", "unit_id")
    office.truth[late] |= {"status": "ACTIVE", "version": 2}
    await office.applied(unit_id=late)


async def test_known_units_are_not_asked_for(office: Office) -> None:
    await office.applied()
    assert office.asked == []


# --- the same request again ------------------------------------------------------------------


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


async def test_racing_processes_make_one_member(servers: RealServers, settings: Settings) -> None:
    async with opened(servers, settings) as one, opened(servers, settings) as two:
        body = one.person()
        answers = await asyncio.gather(
            *(office.post(body) for _ in range(10) for office in (one, two))
        )
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 19


# --- privacy ---------------------------------------------------------------------------------


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


# --- pages of a roster -----------------------------------------------------------------------


def a_row(row: int, **given: Any) -> dict[str, Any]:
    return {
        "row": row,
        "unit_id": "town",
        "kind": "INDIVIDUAL_ADULT",
        "name": f"第{row}人",
        "id_type": "RESIDENT_ID",
        "id_number": fresh_number(),
        "phone": None,
        "ethnicity": "",
        "joined_on": "2024-05-01",
        **given,
    }


async def test_a_mixed_page(office: Office, database: Database) -> None:
    held = (await office.applied())["id"]
    stored = database.identifiers.find_one({"person": held})
    assert stored is not None
    taken = office.person()
    await office.post(taken)
    twin = a_row(2)
    rows = [
        a_row(1), twin, a_row(3, id_number=twin["id_number"]),
        a_row(4, id_number=taken["id_number"]), a_row(5, id_number="110105194912310021"),
        a_row(6, unit_id="nowhere"), a_row(7, unit_id="far"), a_row(8, name=None),
        a_row(9, birth_date="1990/1/1"), a_row(10, shoe=1), a_row(11, joined_on="2999-01-01"),
        a_row(12, unit_id="draft"), a_row(13),
    ]  # fmt: skip
    key = uuid.uuid4().hex
    answer = await office.bulk(rows, key=key)
    assert answer.status_code == 200, answer.text
    result = answer.json()
    assert (result["accepted"], result["refused"]) == (3, 10)
    assert [(one["row"], one["status"], [e["code"] for e in one["errors"]])
            for one in result["results"]] == [
        (1, 201, []), (2, 201, []), (3, 409, ["rows.duplicate"]), (4, 409, ["person.duplicate"]),
        (5, 422, ["identifier.check_digit"]), (6, 422, ["unit.unknown"]),
        (7, 403, ["scope.forbidden"]), (8, 422, ["field.required"]), (9, 422, ["date.invalid"]),
        (10, 422, ["field.unknown"]), (11, 422, ["date.future"]), (12, 422, ["unit.not_active"]),
        (13, 201, []),
    ]  # fmt: skip
    assert all(error["message"] for one in result["results"] for error in one["errors"])

    again = await office.bulk(rows, key=key)
    assert again.json() == result
    ids = [one["id"] for one in result["results"] if one["id"]]
    assert database.members.count_documents({"_id": {"$in": ids}}) == 3
    packed = [
        event["data"]
        for row in database.outbox.find()
        if (event := orjson.loads(row["body"]))["type"].endswith("members-imported.v1")
    ]
    told = [row[0] for data in packed for row in data["rows"]]
    assert sorted(told) == sorted(ids)
    member = await office.http.get(f"/v1/members/{ids[0]}", headers=office.registrar)
    assert (member.json()["status"], member.json()["applied_on"]) == ("APPLIED", "2024-05-01")
    assert_problem(await office.bulk(rows[:1], key=key), 422, "idempotency.reused")


async def test_paper_stock(office: Office, database: Database) -> None:
    chief = office.officer("ma", "registrar", "approver")
    rows = [
        a_row(1),
        a_row(2, id_type="NONE", id_number=None, sex="男", birth_date="1951-02-03"),
        a_row(3, id_type="NONE", id_number=None, birth_date="1951-02-03"),
        a_row(4, id_type="NONE", id_number=None, sex="女"),
        a_row(5, joined_on=None),
    ]
    paper = {"number": "西红〔2026〕1号", "issued_on": "2026-01-05"}
    assert_problem(await office.bulk(rows, chief, "existing"), 422, "document.required", "document")
    answer = await office.bulk(rows, chief, "existing", document=paper)
    results = answer.json()["results"]
    assert [(one["status"], [e["code"] for e in one["errors"]]) for one in results] == [
        (201, []), (201, []), (422, ["member.sex_required"]),
        (422, ["member.birth_date_required"]), (422, ["member.joined_on_required"]),
    ]  # fmt: skip
    stored = database.members.find_one({"_id": results[1]["id"]})
    assert stored is not None
    assert stored["timeline"][0]["state"]["unverified"] is True
    assert (stored["status"], stored["registered_on"]) == ("ACTIVE", "2024-05-01")
    assert stored["filing"] == paper
    for who, code in (
        (office.registrar, "scope.forbidden"),
        (office.officer("ma", "registrar", "approver", unit="town"), "scope.level"),
    ):
        refused = (await office.bulk([a_row(1)], who, "existing", document=paper)).json()
        assert refused["results"][0]["status"] == 403
        assert refused["results"][0]["errors"][0]["code"] == code


async def test_pages_as_a_whole(office: Office) -> None:
    rows = [a_row(n) for n in range(3)]
    assert_problem(await office.bulk(rows, consent=None), 422, "consent.missing", "consent")
    assert_problem(await office.bulk([*rows, a_row(1)]), 422, "member.rows_unnumbered", "rows")
    many = [{"row": n} for n in range(501)]
    assert_problem(await office.bulk(many), 422, "rows.too_many", "rows")
    assert_problem(await office.bulk([]), 422, "field.too_short", "rows")


async def test_racing_pages_with_the_same_people(
    servers: RealServers, settings: Settings, database: Database
) -> None:
    rows = [a_row(n) for n in range(40)]
    async with opened(servers, settings) as one, opened(servers, settings) as two:
        answers = await asyncio.gather(
            *(office.bulk(rows if turn % 2 else rows[::-1]) for turn in range(3)
              for office in (one, two))
        )  # fmt: skip
    assert {answer.status_code for answer in answers} == {200}
    made = [
        (result["row"], result["id"])
        for answer in answers
        for result in answer.json()["results"]
        if result["status"] == 201
    ]
    assert sorted(row for row, _ in made) == list(range(40))
    assert database.members.count_documents({"_id": {"$in": [one for _, one in made]}}) == 40


async def test_a_page_killed_half_way_and_sent_again_at_once(office: Office) -> None:
    rows, key = [a_row(n) for n in range(30)], uuid.uuid4().hex
    answers = await asyncio.gather(*(office.bulk(rows, key=key) for _ in range(4)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert answers[0].json()["accepted"] == 30


# --- the process -----------------------------------------------------------------------------


async def test_readiness_and_messages(office: Office) -> None:
    assert (await office.http.get("/readyz")).status_code == 200
    from member.messages import MESSAGES

    for code in MESSAGES:
        assert text(code, "zh") != text(code, "en")


def test_the_key_ring_is_required(servers: RealServers, tmp_path: Path) -> None:
    settings = Settings(mongo_uri=servers.mongo_uri, mongo_database="x", port=1, instance="t")
    with pytest.raises(ValueError, match="KEYRING"):
        create_app(settings=settings)
