"""A client of the volunteer service on a real replica set, and an org-units that says what it is told."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import orjson

from embedded.issuer import Issuer, grant, mint, provide_key
from embedded.servers import RealServers
from shared import events
from shared.access import TokenVerifier
from shared.clock import today
from shared.mongo import Database, Document
from shared.peers import Peers
from tests import people
from volunteer.main import create_app
from volunteer.settings import RegisteredRuleSettings, Settings, VolunteerSettings

PAPER = {"number": "杭红会〔2026〕8号", "issued_on": "2026-03-01"}
GUARDIAN = {
    "name": "李四光", "relation": "母亲", "phone": "13900001111", "consent": people.consent(),
}  # fmt: skip
Headers = dict[str, str]


def unit(name: str, parent: str | None, level: str = "GRASSROOTS", **fields: Any) -> Document:
    card = {
        "id": name, "version": 1, "name": f"{name}红十字会", "code": name, "region_code": None,
        "type": "CHAPTER", "level": level, "status": "ACTIVE", "parent": parent,
    }  # fmt: skip
    return {**card, **fields}


TREE = [
    unit("hq", None, "NATIONAL"),
    unit("prov", "hq", "PROVINCE", region_code="330000"),
    unit("county", "prov", "COUNTY", region_code="330106"),
    unit("other", "prov", "COUNTY", region_code="330105"),
    unit("town", "county", type="TOWNSHIP"),
    unit("school", "town", type="SCHOOL"),
    unit("draft", "county", type="SCHOOL", status="DRAFT"),
    unit("fresh", "county", type="SCHOOL", status="DRAFT"),
    unit("far", "other", type="HOSPITAL"),
]


@dataclass
class Desk:
    """A client of the service, and what org-units says at this moment."""

    http: httpx.AsyncClient
    servers: RealServers
    truth: dict[str, Document]

    def officer(self, name: str, *roles: str, unit: str = "county") -> Headers:
        return self.bearer(name, [grant(unit, *roles)])

    def bearer(self, name: str, grants: list[Any], **claims: Any) -> Headers:
        return {"Authorization": f"Bearer {mint(self.servers.runtime, name, grants, **claims)}"}

    @property
    def registrar(self) -> Headers:
        return self.officer("li", "registrar")

    @property
    def approver(self) -> Headers:
        return self.officer("wang", "approver")

    async def post(self, who: Headers | None = None, **given: Any) -> httpx.Response:
        body = people.volunteer(given.pop("unit_id", "town"), **given)
        return await self.http.post("/v1/volunteers", json=body, headers=who or self.registrar)

    async def enrolled(self, **given: Any) -> Document:
        answer = await self.post(**given)
        assert answer.status_code == 201, answer.text
        found: Document = answer.json()
        return found

    async def act(
        self, entry: Document, action: str, who: Headers | None = None, **body: Any
    ) -> httpx.Response:
        headers = {**(who or self.registrar), "If-Match": f'"{entry["version"]}"'}
        path = f"/v1/volunteers/{entry['id']}/{action}"
        return await self.http.post(path, json=body, headers=headers)

    async def done(
        self, entry: Document, action: str, who: Headers | None = None, **body: Any
    ) -> Document:
        answer = await self.act(entry, action, who, **body)
        assert answer.status_code == 200, answer.text
        found: Document = answer.json()
        return found

    async def registered(self, **given: Any) -> Document:
        entry = await self.enrolled(**given)
        entry = await self.done(entry, "apply-registration", document=PAPER, declared_hours=24)
        return await self.done(entry, "register", self.approver)


@asynccontextmanager
async def opened(
    servers: RealServers, settings: Settings, rule: RegisteredRuleSettings | None = None
) -> AsyncIterator[Desk]:
    provide_key(servers.runtime)
    issuer = httpx.AsyncClient(transport=httpx.ASGITransport(Issuer(servers.runtime)))
    truth = {card["id"]: {**card, "parent_id": card["parent"]} for card in TREE}

    def answer(request: httpx.Request) -> httpx.Response:
        found = truth.get(request.url.path.rsplit("/", 1)[-1])
        return httpx.Response(200, json=found) if found else httpx.Response(404)

    client = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    app = create_app(
        settings,
        VolunteerSettings(registered_rule=rule or RegisteredRuleSettings()),
        verifier=TokenVerifier(settings, issuer),
        peers=Peers(settings, settings, client),
    )
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://volunteer") as http,
    ):
        yield Desk(http, servers, truth)


def assert_problem(answer: httpx.Response, status: int, code: str, where: str = "") -> None:
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (status, code), answer.text
    assert not where or where in [error["field"] for error in problem["errors"]]


def told_of(database: Database, entity: str) -> list[tuple[str, str | None]]:
    """Return fact and status of each event about a volunteer, read by its contract."""
    told = []
    for row in database.outbox.find().sort("_id"):
        event = orjson.loads(row["body"])
        if event["subject"] == entity:
            data: Any = events.MODELS[event["type"]].model_validate(event["data"])
            last = data.changes[-1].now if data.changes else None
            told.append((event["type"].split(".")[-2], last and last.status))
    return told


def child(age: int = 15) -> Document:
    return {
        "id_type": "PASSPORT", "id_number": f"E{uuid.uuid4().hex[:8]}",
        "birth_date": f"{today().year - age}-01-01",
    }  # fmt: skip
