"""The aggregator's HTTP over a real mongod: figures, past days, breakdowns, stream, dead letters."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from functools import partial
from typing import Any

import httpx
import orjson
import pytest
from fastapi import FastAPI

from aggregator import api, store
from aggregator.api import edge
from aggregator.plans import load_plans
from aggregator.projection import Delta
from aggregator.settings import AggregatorSettings
from aggregator.stream import Hub
from embedded.servers import RealServers
from shared import events
from shared.access import Grant, Principal
from shared.clock import today
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


@pytest.fixture
def filled(mongo: Database) -> Database:
    store.migrate(mongo)
    for name in (store.COUNTERS, store.HISTORY, store.UNITS, store.MARKS, store.DEAD_LETTERS):
        if name not in mongo.list_collection_names():
            mongo.create_collection(name)
    write(mongo, *((events.UNIT_TOPIC, unit_event(one, date(2021, 1, 1))) for one in CARDS))
    write(
        mongo,
        *((events.MEMBER_TOPIC, one) for one in members(7, date(2024, 5, 1))),
        *((events.MEMBER_TOPIC, one) for one in members(3, date(2025, 5, 1), sex="2")),
    )
    return mongo


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
        yield client
    await hub.stop()
    await database.client.close()


def bearer(name: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {name}"}


async def test_progress_now_and_on_past_days(servers: RealServers, filled: Database) -> None:
    async with running(servers, filled) as client:
        now = (await client.get("/v1/progress")).json()
        assert now["unit"]["region_code"] == "100000"
        assert now["indicators"]["members"]["value"] == 10
        assert now["indicators"]["units"]["value"] == 1
        assert now["indicators"]["members"]["target"] == 20_000_000
        assert now["indicators"]["members"]["progress_target"] == 10 / 20_000_000
        assert now["plan"]["ended"] is True
        for day, expected in (("2024-04-30", 0), ("2024-05-01", 7), ("2025-05-01", 10)):
            past = (await client.get("/v1/progress", params={"as_of": day})).json()
            assert past["indicators"]["members"]["value"] == expected, day
            assert past["as_of"] == day
        county = (await client.get("/v1/progress", params={"unit": "330106"})).json()
        assert county["indicators"]["members"]["value"] == 10
        assert county["indicators"]["members"]["target"] is None


async def test_a_future_day_and_an_unknown_unit_are_refused(
    servers: RealServers, filled: Database
) -> None:
    async with running(servers, filled) as client:
        future = date(today().year + 1, 1, 1).isoformat()
        answer = await client.get("/v1/progress", params={"as_of": future})
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "as_of")
        answer = await client.get("/v1/progress", params={"unit": "nowhere"})
        assert answer.status_code == 404


async def test_grassroots_figures_need_a_token_of_that_place(
    servers: RealServers, filled: Database
) -> None:
    async with running(servers, filled) as client:
        assert (await client.get("/v1/progress", params={"unit": UNIT})).status_code == 401
        for name, status in (("officer", 200), ("stranger", 404)):
            answer = await client.get("/v1/progress", params={"unit": UNIT}, headers=bearer(name))
            assert answer.status_code == status
        table = (await client.get("/v1/counters", params={"unit": COUNTY})).json()
        assert (table["rows"], table["rows_need_token"]) == ([], True)
        answer = await client.get(
            "/v1/counters", params={"unit": COUNTY}, headers=bearer("officer")
        )
        assert [row["members"] for row in answer.json()["rows"]] == [10]


async def test_breakdowns_hide_small_cells(servers: RealServers, filled: Database) -> None:
    async with running(servers, filled) as client:
        params = {"metric": "members", "by": "sex"}
        cells = (await client.get("/v1/counters", params=params)).json()["cells"]
        # The total of 10 is public: a 7 beside the hidden cell would tell it.
        assert cells == [{"value": "1", "count": "≥5"}, {"value": "2", "count": "<5"}]
        past = await client.get("/v1/counters", params={**params, "as_of": "2024-12-31"})
        assert past.json()["cells"] == [{"value": "1", "count": 7}]
        wrong = await client.get("/v1/counters", params={"metric": "members", "by": "colour"})
        assert (wrong.status_code, wrong.json()["code"]) == (422, "dimension.unknown")


async def test_the_stream_shows_what_is_committed(servers: RealServers, filled: Database) -> None:
    async with running(servers, filled) as client:
        hub: Hub = client.hub  # type: ignore[attr-defined]
        frames = hub.frames(HQ, levels=edge.ALL_LEVELS)
        await anext(frames)
        snapshot = orjson.loads((await anext(frames)).split(b"data: ", 1)[1])
        assert snapshot["indicators"]["members"]["value"] == 10
        assert [row["members"] for row in snapshot["rows"]] == [10]
        write(filled, *((events.MEMBER_TOPIC, one) for one in members(5, date(2026, 1, 1))))
        async with asyncio.timeout(60):
            async for frame in frames:
                body = orjson.loads(frame.split(b"data: ", 1)[1])
                if body["indicators"]["members"]["value"] == 15:
                    break
        assert hub.viewers() == 1
        await frames.aclose()  # type: ignore[attr-defined]
        assert hub.viewers() == 0


async def test_dead_letters_are_for_the_national_administrator(
    servers: RealServers, filled: Database
) -> None:
    filled[store.DEAD_LETTERS].insert_one(
        {
            "_id": "foreign.1",
            "topic": events.MEMBER_TOPIC,
            "partition": 0,
            "offset": 3,
            "source": "",
            "epoch": 0,
            "first": 0,
            "last": 0,
            "reason": "planted",
            "raw": b"\xff?",
            "state": "open",
            "at": MOMENT,
        }
    )
    async with running(servers, filled) as client:
        progress = (await client.get("/v1/progress")).json()
        assert "dead_letter" in progress["incomplete_reasons"]
        for name, status in (("officer", 403), ("stranger", 403), ("admin", 200)):
            answer = await client.get("/v1/dead-letters", headers=bearer(name))
            assert answer.status_code == status
        assert [item["id"] for item in answer.json()["items"]] == ["foreign.1"]
        path = "/v1/dead-letters/foreign.1"
        assert (await client.get(path, headers=bearer("admin"))).json()["raw"] == "\ufffd?"
        refused = await client.post(f"{path}/replay", json={}, headers=bearer("admin"))
        assert refused.status_code == 422
        body = {"reason": "a test record"}
        keyed = bearer("admin") | {"Idempotency-Key": "dismiss-1"}
        done = await client.post(f"{path}/dismiss", json=body, headers=keyed)
        assert (done.status_code, done.json()["state"]) == (200, "dismissed")
        repeated = await client.post(f"{path}/dismiss", json=body, headers=keyed)
        assert (repeated.status_code, repeated.json()) == (200, done.json())
        other = await client.post(f"{path}/dismiss", json={"reason": "another"}, headers=keyed)
        assert (other.status_code, other.json()["code"]) == (422, "idempotency.reused")
        again = await client.post(f"{path}/dismiss", json=body, headers=bearer("admin"))
        assert again.status_code == 409
        async with asyncio.timeout(60):
            while "dead_letter" in (await client.get("/v1/progress")).json()["incomplete_reasons"]:
                await asyncio.sleep(0.02)
