"""A client of org-units with officers of one county, and what tests ask of its answers."""

import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

import httpx
import orjson

from embedded.issuer import Issuer, grant, mint, provide_key
from embedded.servers import RealServers
from org_units import jobs
from org_units.main import create_app
from shared import events
from shared.access import TokenVerifier
from shared.mongo import Database, Document, connect_async
from shared.peers import Peers
from shared.settings import AccessSettings, MongoSettings, PeerSettings, ProcessSettings

COUNTY, NEIGHBOUR = "330106", "330105"
USCC = "13100000500004729P"


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
