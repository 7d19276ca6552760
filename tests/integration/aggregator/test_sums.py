"""Sums the database makes: of the counters that are wanted, by few at once, over a tree that stays."""

from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial

import pytest

from aggregator.figures import queries
from aggregator.figures.rules import SERIES, breakdown, topic_of
from aggregator.figures.service import SUMS_AT_ONCE, SUMS_WAITING
from aggregator.figures.tree import Figures
from aggregator.intake import documents
from shared.base.mongo import AsyncDatabase, Database
from shared.contract import events
from shared.contract.definitions import DEFINITIONS, DIMENSIONS, dimensions_of
from tests.clients.inside import FiguresInside
from tests.clients.register import check_problem
from tests.integration.aggregator.planted import UNIT, a_registry
from tests.servers import RealServers
from tests.waiting import LIMIT, until

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


def plant(mongo: Database) -> dict[str, Counter[str]]:
    """Store one document of counters, now and in the past, for each topic; return them."""
    whole: dict[str, Counter[str]] = {}
    for topic, names in NAMES.items():
        counts = Counter({name: 5 + number for number, name in enumerate(names)})
        entry = {"g": documents.GENERATION, "t": topic, "u": "elsewhere", "c": dict(counts)}
        mongo[documents.COUNTERS].insert_one({"_id": f"1/{topic}/elsewhere", **entry})
        mongo[documents.HISTORY].insert_one(
            {"_id": f"1/{topic}/elsewhere/{PAST}", "d": PAST, **entry}
        )
        whole[topic] = counts
    return whole


@pytest.fixture(scope="module")
def elsewhere(
    servers: RealServers, figures: FiguresInside
) -> Iterator[tuple[AsyncDatabase, dict[str, Counter[str]]]]:
    """A database with every counter at one more unit, and these counters by topic."""
    with a_registry(servers) as mongo:
        whole = plant(mongo)
        yield figures.service.database.client[mongo.name], whole


@pytest.mark.parametrize("day", [None, PAST])
def test_what_is_left_out_of_a_sum_of_figures_is_of_no_use_to_it(
    figures: FiguresInside,
    elsewhere: tuple[AsyncDatabase, dict[str, Counter[str]]],
    day: str | None,
) -> None:
    database, whole = elsewhere
    for series in SERIES:
        counts = whole[topic_of(series)]
        for dimension in dimensions_of(series):
            totals = figures.portal.call(
                queries.counter_totals, database, series, dimension.id, ["elsewhere"], day
            )
            expected = breakdown(series, dimension.id, counts)
            assert expected
            assert breakdown(series, dimension.id, totals) == expected
            assert len(totals) < len(counts)
        subtrees = {"elsewhere": {"elsewhere"}, UNIT: {UNIT}}
        past = figures.portal.call(queries.figures_on, database, subtrees, PAST)
        assert past["elsewhere"][series] == DEFINITIONS[series].total(counts)
        assert past[UNIT]["members"] == 7


def test_who_would_wait_too_long_for_a_sum_of_figures_is_refused(figures: FiguresInside) -> None:
    past, by_sex = {"as_of": PAST}, {"by": "sex"}
    ask = partial(figures.http.get, "/v1/progress", params=past)
    with ThreadPoolExecutor(SUMS_WAITING) as threads:
        with ExitStack() as busy:
            for _ in range(SUMS_AT_ONCE):
                held = figures.portal.wrap_async_context_manager(figures.service.summing())
                busy.enter_context(held)
            patient = [threads.submit(ask) for _ in range(SUMS_WAITING)]
            until(lambda: figures.service.waiting >= SUMS_WAITING, "as many wait as may")
            for path, params in (("/v1/progress", past), ("/v1/counters", by_sex)):
                check_problem(figures.http.get(path, params=params), 503, "overloaded")
            assert figures.http.get("/v1/progress").status_code == 200
        answers = [waiting.result(LIMIT) for waiting in patient]
    assert [answer.status_code for answer in answers] == [200] * SUMS_WAITING
    assert figures.http.get("/v1/counters", params=by_sex).status_code == 200


def test_a_tree_loaded_anew_during_a_sum_of_figures_asks_to_come_again(
    figures: FiguresInside, monkeypatch: pytest.MonkeyPatch
) -> None:
    summed = queries.figures_on

    async def meanwhile(
        database: AsyncDatabase, subtrees: Mapping[str, set[str]], day: str
    ) -> Mapping[str, dict[str, int]]:
        monkeypatch.setattr(figures.service.live, "figures", Figures())
        return await summed(database, subtrees, day)

    monkeypatch.setattr(queries, "figures_on", meanwhile)
    answer = figures.http.get("/v1/progress", params={"as_of": PAST})
    check_problem(answer, 503, "figures.starting")
