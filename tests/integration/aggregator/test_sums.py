"""Sums the database makes: of the counters that are wanted, by few at once, over a tree that stays."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from contextlib import AsyncExitStack
from datetime import date

import pytest

from aggregator import queries, store
from aggregator.figures import SERIES, Figures
from aggregator.queries import breakdown
from aggregator.stream import SUMS_AT_ONCE, SUMS_WAITING, Hub
from embedded.servers import RealServers
from shared import events
from shared.definitions import DEFINITIONS, DIMENSIONS, dimensions_of
from shared.mongo import AsyncDatabase, Database, connect_async
from shared.settings import MongoSettings
from tests.integration.aggregator.served import UNIT, running

PAST = "2024-05-01"
STATUSES = ("APPLIED", "ACTIVE", "ARREARS", "ENROLLED", "REG_APPLIED", "REGISTERED", "ACTIVE_ONCE")
NAMES = {
    events.UNIT_TOPIC: [
        f"{level}|{status}|{type_}"
        for level in ("GRASSROOTS", "COUNTY")
        for status in ("ACTIVE", "CLOSING", "INACTIVE")
        for type_ in ("SCHOOL", "ENTERPRISE", "ACTIVE")
    ],
    **{
        topic: [
            *STATUSES,
            *(
                f"{status}|{dimension.id}|{value}"
                for status in STATUSES
                for dimension in DIMENSIONS
                for value in ("1-1990", "ACTIVE", "yes")
            ),
        ]
        for topic in (events.MEMBER_TOPIC, events.VOLUNTEER_TOPIC)
    },
}
"""Those of every dimension, and some that resemble the wanted ones."""


def planted(mongo: Database) -> dict[str, Counter[str]]:
    """Store one document of counters, now and in the past, for each topic; return them."""
    whole: dict[str, Counter[str]] = {}
    for topic, names in NAMES.items():
        counts = Counter({name: 5 + number for number, name in enumerate(names)})
        entry = {"g": store.GENERATION, "t": topic, "u": "elsewhere", "c": dict(counts)}
        mongo[store.COUNTERS].insert_one({"_id": f"1/{topic}/elsewhere", **entry})
        mongo[store.HISTORY].insert_one({"_id": f"1/{topic}/elsewhere/{PAST}", "d": PAST, **entry})
        whole[topic] = counts
    return whole


@pytest.mark.parametrize("day", [None, PAST])
async def test_what_is_left_out_of_a_sum_is_of_no_use_to_it(
    servers: RealServers, filled: Database, day: str | None
) -> None:
    whole = planted(filled)
    database = connect_async(MongoSettings(mongo_uri=servers.mongo_uri, mongo_database=filled.name))
    for series in SERIES:
        counts = whole[queries.TOPIC_OF_ENTITY[DEFINITIONS[series].entity]]
        for dimension in dimensions_of(series):
            totals = await queries.counter_totals(
                database, series, dimension.id, ["elsewhere"], day
            )
            expected = breakdown(series, dimension.id, counts)
            assert expected
            assert breakdown(series, dimension.id, totals) == expected
            assert len(totals) < len(counts)
        figures = await queries.figures_on(database, PAST)
        assert figures["elsewhere"][series] == DEFINITIONS[series].total(counts)
        assert figures[UNIT]["members"] == 7
    await database.client.close()


async def test_who_would_wait_too_long_for_a_sum_is_refused(
    servers: RealServers, filled: Database
) -> None:
    past, by_sex = {"as_of": date(2024, 5, 1).isoformat()}, {"by": "sex"}
    async with running(servers, filled) as client:
        hub: Hub = client.hub  # type: ignore[attr-defined]
        async with AsyncExitStack() as busy:
            for _ in range(SUMS_AT_ONCE):
                await busy.enter_async_context(hub.summing())
            patient = [
                asyncio.create_task(client.get("/v1/progress", params=past))
                for _ in range(SUMS_WAITING)
            ]
            async with asyncio.timeout(60):
                while hub.waiting < SUMS_WAITING:
                    await asyncio.sleep(0)
            for path, params in (("/v1/progress", past), ("/v1/counters", by_sex)):
                refused = await client.get(path, params=params)
                assert (refused.status_code, refused.json()["code"]) == (503, "overloaded")
            assert (await client.get("/v1/progress")).status_code == 200
        answers = await asyncio.gather(*patient)
        assert [answer.status_code for answer in answers] == [200] * SUMS_WAITING
        assert (await client.get("/v1/counters", params=by_sex)).status_code == 200


async def test_a_tree_loaded_anew_during_a_sum_asks_to_come_again(
    servers: RealServers, filled: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    summed = queries.figures_on
    async with running(servers, filled) as client:
        hub: Hub = client.hub  # type: ignore[attr-defined]

        async def meanwhile(database: AsyncDatabase, day: str) -> Mapping[str, dict[str, int]]:
            hub.figures = Figures()
            return await summed(database, day)

        monkeypatch.setattr(queries, "figures_on", meanwhile)
        answer = await client.get("/v1/progress", params={"as_of": PAST})
        assert (answer.status_code, answer.json()["code"]) == (503, "figures.starting")
