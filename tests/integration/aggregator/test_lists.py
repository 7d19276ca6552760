"""Lists of the aggregator in pages over a real mongod: every entry once, in order, from an index."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from itertools import chain
from typing import Any

import pytest

from aggregator.deadletters import store as deadletters
from aggregator.intake.documents import DEAD_LETTERS
from aggregator.recount.store import RECOUNTS
from shared.base.mongo import Database, Document, Place, listed
from shared.contract import events
from tests.clients.inside import FiguresInside, figures_inside
from tests.clients.officers import Headers
from tests.histories import MOMENT
from tests.integration.aggregator.planted import COUNTY, HQ, a_registry
from tests.servers import RealServers

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


def plant(mongo: Database) -> None:
    # Stored backwards: the order of insertion is not the one that is shown.
    mongo[DEAD_LETTERS].insert_many([letter(n) for n in reversed(range(MANY))])
    mongo[RECOUNTS].insert_many([comparison(n) for n in reversed(range(MANY))])


@pytest.fixture(scope="module")
def lists(servers: RealServers) -> Iterator[FiguresInside]:
    """The aggregator with long lists, which nobody changes."""
    with a_registry(servers) as mongo:
        plant(mongo)
        with figures_inside(servers, mongo, COUNTY) as found:
            yield found


@pytest.fixture
def admin(lists: FiguresInside) -> Headers:
    return lists.officer("admin", "admin", "viewer", unit=HQ)


def walk(lists: FiguresInside, path: str, who: Headers, **params: Any) -> list[list[str]]:
    """Return the ids of each page."""
    pages: list[list[str]] = []
    while True:
        answer = lists.http.get(path, params=params, headers=who)
        assert answer.status_code == 200, answer.text
        body = answer.json()
        assert set(body) == {"items", "next_cursor"}
        pages.append([item["id"] for item in body["items"]])
        if body["next_cursor"] is None:
            return pages
        params["cursor"] = body["next_cursor"]


def test_pages_of_dead_letters_show_each_once_oldest_first(
    lists: FiguresInside, admin: Headers
) -> None:
    ids = [letter(number)["_id"] for number in range(MANY)]
    assert walk(lists, "/v1/dead-letters", admin, limit=200) == [ids[:200], ids[200:]]
    pages = walk(lists, "/v1/dead-letters", admin, state="open", limit=17)
    assert [len(page) for page in pages] == [17] * 6
    assert list(chain(*pages)) == ids[1::2]
    assert [len(page) for page in walk(lists, "/v1/dead-letters", admin)] == [50] * 4 + [5]


def test_a_list_of_dead_letters_is_read_without_their_bytes(lists: FiguresInside) -> None:
    for state in (None, "open"):
        ask = partial(deadletters.page, lists.service.database, state, after=None, limit=3)
        found = lists.portal.call(ask)
        assert [set(letter(0)) - set(one) for one in found] == [{"raw"}] * 3


def test_pages_of_recounts_show_each_once_newest_first(
    lists: FiguresInside, admin: Headers
) -> None:
    newest = [comparison(number)["_id"] for number in reversed(range(MANY))]
    assert walk(lists, "/v1/recounts", admin, limit=200) == [newest[:200], newest[200:]]
    pages = walk(lists, "/v1/recounts", admin, limit=41)
    assert [len(page) for page in pages] == [41] * 5
    assert list(chain(*pages)) == newest


def test_a_page_of_dead_letters_or_recounts_that_is_none_is_refused(
    lists: FiguresInside, admin: Headers
) -> None:
    for path in ("/v1/dead-letters", "/v1/recounts"):
        for limit in (0, 201):
            answer = lists.http.get(path, params={"limit": limit}, headers=admin)
            assert answer.status_code == 422
            assert answer.json()["errors"][0]["field"] == "limit"
        # Not base64, no place, and an instant that no calendar holds.
        for cursor in ("é", "a", "bm9uZQ==", "OTk5OTk5OTk5OTk5OTk5OTk5L2E="):
            answer = lists.http.get(path, params={"cursor": cursor}, headers=admin)
            assert answer.status_code == 422, cursor
            error = answer.json()["errors"][0]
            assert (error["field"], error["code"]) == ("cursor", "cursor.invalid")


@pytest.mark.parametrize("after", [None, (instant(100), letter(100)["_id"])])
@pytest.mark.parametrize(
    ("name", "wanted", "newest_first"),
    [
        (DEAD_LETTERS, {}, False),
        (DEAD_LETTERS, {"state": "open"}, False),
        (RECOUNTS, {}, True),
    ],
)
def test_an_index_gives_the_order_of_a_list_of_dead_letters_or_recounts(
    lists: FiguresInside,
    name: str,
    wanted: Document,
    newest_first: bool,
    after: Place | None,
) -> None:
    async def explained() -> Document:
        found = listed(lists.service.database, name, wanted, after=after, newest_first=newest_first)
        return await found.limit(51).explain()

    plan = lists.portal.call(explained)["queryPlanner"]["winningPlan"]
    stages = stages_of(plan.get("queryPlan", plan))  # newer servers wrap it
    assert "IXSCAN" in stages
    assert stages.isdisjoint({"SORT", "COLLSCAN"})


def stages_of(plan: Document) -> set[str]:
    below = [*plan.get("inputStages", ()), *([plan["inputStage"]] if "inputStage" in plan else [])]
    return {plan["stage"]}.union(*map(stages_of, below))
