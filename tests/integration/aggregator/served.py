"""A small registry's figures, and the aggregator's HTTP over them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from functools import partial
from typing import Any

import httpx
from fastapi import FastAPI

from aggregator import api, store
from aggregator.plans import load_plans
from aggregator.projection import Delta
from aggregator.settings import AggregatorSettings
from aggregator.stream import Hub
from embedded.servers import RealServers
from shared.access import Grant, Principal
from shared.events.payloads import MemberChanged, UnitCard, UnitChanged
from shared.mongo import Database, connect_async, transact
from shared.settings import HttpSettings, MongoSettings
from shared.web import create_app
from tests.histories import MOMENT, member_state

HQ, COUNTY, UNIT = "hq", "county-1", "unit-1"
NATIONAL_ADMIN = Principal("admin", (Grant(HQ, frozenset({"admin", "viewer"})),))
OFFICER = Principal("officer", (Grant(COUNTY, frozenset({"viewer"})),))
STRANGER = Principal("stranger", (Grant("elsewhere", frozenset({"viewer", "admin"})),))


class Verifier:
    """Believes a token that names one of the test's principals."""

    async def verify(self, token: str) -> Principal:
        return {"admin": NATIONAL_ADMIN, "officer": OFFICER, "stranger": STRANGER}[token]

    def known(self, token: str) -> Principal | None:
        return None

    async def close(self) -> None:
        """Nothing is held."""


def card(unit: str, level: str, parent: str | None, **fields: Any) -> UnitCard:
    return UnitCard(
        id=unit, version=1, name=f"{unit}红十字会", code="", level=level,
        region_code=fields.get("region_code"), type=fields.get("type", "CHAPTER"),
        status="ACTIVE", parent=parent, flags=[],
    )  # fmt: skip


CARDS = [
    card(HQ, "NATIONAL", None, region_code="100000"),
    card("province-1", "PROVINCE", HQ, region_code="330000"),
    card(COUNTY, "COUNTY", "province-1", region_code="330106"),
    card(UNIT, "GRASSROOTS", COUNTY, type="COMMUNITY"),
]


def unit_event(one: UnitCard, day: date) -> UnitChanged:
    state: dict[str, Any] = {
        "unit": one.id, "level": one.level, "type": one.type, "status": "ACTIVE",
        "parent": one.parent, "flags": [],
    }  # fmt: skip
    return UnitChanged.model_validate(
        {
            "entity": one.id,
            "version": 1,
            "recorded_at": MOMENT,
            "unit": one.model_dump(),
            "changes": [{"effective_on": day, "was": None, "now": state}],
        }
    )


def members(count: int, day: date, **fields: Any) -> list[MemberChanged]:
    state = member_state(UNIT, "ACTIVE", **fields)
    change = {"effective_on": day, "was": None, "now": state}
    return [
        MemberChanged.model_validate(
            {"entity": f"m{n}", "version": 1, "recorded_at": MOMENT, "changes": [change]}
        )
        for n in range(count)
    ]


def write(mongo: Database, *payloads: tuple[str, Any]) -> None:
    delta = Delta()
    for topic, payload in payloads:
        delta.apply(topic, payload)
    transact(mongo, lambda session: store.write_delta(mongo, delta, session))


@asynccontextmanager
async def running(servers: RealServers, mongo: Database) -> AsyncIterator[httpx.AsyncClient]:
    settings = MongoSettings(mongo_uri=servers.mongo_uri, mongo_database=mongo.name)
    database = connect_async(settings)
    plans = load_plans()
    hub = Hub(
        database,
        AggregatorSettings(stream_frames_per_second=20.0),
        partial(api.describe, plans=plans),
    )
    app: FastAPI = create_app(
        "test", settings=HttpSettings(), instance="test", routers=[api.router],
        verifier=Verifier(),  # type: ignore[arg-type]
    )  # fmt: skip
    app.state.hub, app.state.plans, app.state.database = hub, plans, mongo
    await hub.start(app.state.closing)
    async with asyncio.timeout(60):
        while not hub.ready:
            await asyncio.sleep(0.01)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        client.hub = hub  # type: ignore[attr-defined]
        try:
            yield client
        finally:
            await hub.stop()
            await database.client.close()


def bearer(name: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {name}"}
