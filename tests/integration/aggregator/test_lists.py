"""Lists of the aggregator in pages over a real mongod: every entry once, in order, from an index."""

from datetime import datetime, timedelta
from itertools import chain
from typing import Any

import httpx
import pytest

from aggregator import queries, store
from embedded.servers import RealServers
from shared import events
from shared.mongo import Database, Document, connect_async
from shared.settings import MongoSettings
from tests.histories import MOMENT
from tests.integration.aggregator.served import bearer, running

MANY = 205
"""More than a page may hold."""


def instant(number: int) -> datetime:
    """Three entries share each instant, so that pages end between equals."""
    return MOMENT + timedelta(seconds=number // 3)


def letter(number: int) -> Document:
    return {
        "_id": f"foreign/{events.MEMBER_TOPIC}/0/{number:03}", "topic": events.MEMBER_TOPIC,
        "partition": 0, "offset": number, "source": "", "epoch": 0, "first": 0, "last": 0,
        "reason": "planted", "raw": b"?", "state": "open" if number % 2 else "dismissed",
        "at": instant(number),
    }  # fmt: skip


def comparison(number: int) -> Document:
    return {"_id": f"recount-{number:03}", "at": instant(number), "equal": True, "differences": []}


def planted(mongo: Database) -> None:
    # Stored backwards: the order of insertion is not the one that is shown.
    mongo[store.DEAD_LETTERS].insert_many([letter(n) for n in reversed(range(MANY))])
    mongo[store.RECOUNTS].insert_many([comparison(n) for n in reversed(range(MANY))])


async def walk(client: httpx.AsyncClient, path: str, **params: Any) -> list[list[str]]:
    """Return the ids of each page."""
    pages: list[list[str]] = []
    while True:
        answer = await client.get(path, params=params, headers=bearer("admin"))
        assert answer.status_code == 200, answer.text
        body = answer.json()
        assert set(body) == {"items", "next_cursor"}
        pages.append([item["id"] for item in body["items"]])
        if body["next_cursor"] is None:
            return pages
        params["cursor"] = body["next_cursor"]


async def test_every_page_of_dead_letters(servers: RealServers, filled: Database) -> None:
    planted(filled)
    ids = [letter(number)["_id"] for number in range(MANY)]
    async with running(servers, filled) as client:
        assert await walk(client, "/v1/dead-letters", limit=200) == [ids[:200], ids[200:]]
        pages = await walk(client, "/v1/dead-letters", state="open", limit=17)
        assert [len(page) for page in pages] == [17] * 6
        assert list(chain(*pages)) == ids[1::2]
        assert [len(page) for page in await walk(client, "/v1/dead-letters")] == [50] * 4 + [5]


async def test_a_list_of_dead_letters_is_read_without_their_bytes(
    servers: RealServers, filled: Database
) -> None:
    planted(filled)
    database = connect_async(MongoSettings(mongo_uri=servers.mongo_uri, mongo_database=filled.name))
    for state in (None, "open"):
        found = await queries.dead_letters(database, state, after=None, limit=3)
        assert [set(letter(0)) - set(one) for one in found] == [{"raw"}] * 3
    await database.client.close()


async def test_every_page_of_recounts(servers: RealServers, filled: Database) -> None:
    planted(filled)
    newest = [comparison(number)["_id"] for number in reversed(range(MANY))]
    async with running(servers, filled) as client:
        assert await walk(client, "/v1/recounts", limit=200) == [newest[:200], newest[200:]]
        pages = await walk(client, "/v1/recounts", limit=41)
        assert [len(page) for page in pages] == [41] * 5
        assert list(chain(*pages)) == newest


async def test_a_page_that_is_none_is_refused(servers: RealServers, filled: Database) -> None:
    planted(filled)
    async with running(servers, filled) as client:
        for path in ("/v1/dead-letters", "/v1/recounts"):
            for limit in (0, 201):
                answer = await client.get(path, params={"limit": limit}, headers=bearer("admin"))
                assert answer.status_code == 422
                assert answer.json()["errors"][0]["field"] == "limit"
            # Not base64, no place, and an instant that no calendar holds.
            for cursor in ("é", "a", "bm9uZQ==", "OTk5OTk5OTk5OTk5OTk5OTk5L2E="):
                answer = await client.get(path, params={"cursor": cursor}, headers=bearer("admin"))
                assert answer.status_code == 422, cursor
                error = answer.json()["errors"][0]
                assert (error["field"], error["code"]) == ("cursor", "cursor.invalid")


@pytest.mark.parametrize("after", [None, (instant(100), letter(100)["_id"])])
@pytest.mark.parametrize(
    ("name", "wanted", "newest_first"),
    [
        (store.DEAD_LETTERS, {}, False),
        (store.DEAD_LETTERS, {"state": "open"}, False),
        (store.RECOUNTS, {}, True),
    ],
)
async def test_an_index_gives_the_order(
    servers: RealServers,
    filled: Database,
    name: str,
    wanted: Document,
    newest_first: bool,
    after: store.Place | None,
) -> None:
    planted(filled)
    database = connect_async(MongoSettings(mongo_uri=servers.mongo_uri, mongo_database=filled.name))
    found = store.listed(database, name, wanted, after=after, newest_first=newest_first)
    explained = await found.limit(51).explain()
    await database.client.close()
    plan = explained["queryPlanner"]["winningPlan"]
    stages = stages_of(plan.get("queryPlan", plan))  # newer servers wrap it
    assert "IXSCAN" in stages
    assert stages.isdisjoint({"SORT", "COLLSCAN"})


def stages_of(plan: Document) -> set[str]:
    below = [*plan.get("inputStages", ()), *([plan["inputStage"]] if "inputStage" in plan else [])]
    return {plan["stage"]}.union(*map(stages_of, below))
