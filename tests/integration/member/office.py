"""A client of the member service on a real replica set, and a few units to register in."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import httpx
import orjson

from embedded.issuer import Issuer, grant, mint, provide_key
from embedded.servers import RealServers
from member.main import create_app
from member.settings import MemberSettings, Settings
from shared import events
from shared.access import TokenVerifier
from shared.clock import today
from shared.mongo import Database, Document
from shared.peers import Peers

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

    async def post(self, body: Any, who: dict[str, str] | None = None, /, **headers: Any) -> Any:
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
        /,
        body: Any = None,
        **headers: Any,
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
    if (day.month, day.day) == (2, 29):
        day = day.replace(day=28)
    return (day.replace(year=day.year - age) + timedelta(days=days)).strftime("%Y%m%d")


@asynccontextmanager
async def opened(
    servers: RealServers, settings: Settings, rules: MemberSettings | None = None
) -> AsyncIterator[Office]:
    provide_key(servers.runtime)
    issuing: Any = Issuer(servers.runtime)
    issuer = httpx.AsyncClient(transport=httpx.ASGITransport(issuing))
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
