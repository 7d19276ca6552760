"""Group commit on a real replica set: one bad request never fails a neighbour."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from pymongo.errors import PyMongoError

from shared.base.errors import Unavailable
from shared.base.mongo import AsyncDatabase, connect_async
from shared.base.settings import MongoSettings
from shared.register.groupcommit import AlreadyThere, GroupCommit, Write
from tests.servers import RealServers
from tests.waiting import LIMIT, until_async


@asynccontextmanager
async def opened(settings: MongoSettings) -> AsyncIterator[AsyncDatabase]:
    """Yield a database with the collections that are written; it is dropped afterwards."""
    found = connect_async(settings)
    for name in ("idempotency", "identifiers", "people", "outbox"):
        await found.create_collection(name)
    try:
        yield found
        await found.client.drop_database(found.name)
    finally:
        await found.client.close()


@pytest.fixture
async def database(servers: RealServers, database_name: str) -> AsyncIterator[AsyncDatabase]:
    settings = MongoSettings(mongo_uri=servers.mongo_uri, mongo_database=database_name)
    async with opened(settings) as found:
        yield found


@pytest.fixture
async def commits(database: AsyncDatabase) -> AsyncIterator[GroupCommit]:
    opened = GroupCommit(database, collection_order=("idempotency", "identifiers"))
    yield opened
    await opened.shutdown()


def registration(number: int, identifier: str | None = None, *, asked: bool = True) -> Write:
    """Return what a registration writes; ``asked``: uniqueness is declared, as services do."""
    unique = identifier or f"i{number}"
    return Write(
        inserts=(
            ("people", {"_id": f"p{number}", "n": number}),
            ("outbox", {"_id": f"o{number}"}),
            ("identifiers", {"_id": unique, "person": f"p{number}"}),
        ),
        keys=frozenset({unique}) if asked else frozenset(),
        unique={"identifiers": [unique]} if asked else {},
    )


async def counts(database: AsyncDatabase) -> dict[str, int]:
    return {
        name: await database[name].count_documents({})
        for name in ("people", "outbox", "identifiers")
    }


async def submit_all(commits: GroupCommit, writes: list[Write]) -> list[Any]:
    return await asyncio.gather(*(commits.submit(w) for w in writes), return_exceptions=True)


async def test_two_hundred_at_once_share_transactions_of_group_commit(
    database: AsyncDatabase, commits: GroupCommit
) -> None:
    before = await database.client.admin.command("serverStatus")
    outcomes = await submit_all(commits, [registration(n) for n in range(200)])
    assert outcomes == [None] * 200
    assert await counts(database) == {"people": 200, "outbox": 200, "identifiers": 200}
    after = await database.client.admin.command("serverStatus")
    committed = (
        after["transactions"]["totalCommitted"] - before["transactions"]["totalCommitted"]
    )  # fmt: skip
    assert committed <= 6


@pytest.mark.parametrize("asked", [True, False], ids=["declared", "found by the abort"])
async def test_a_duplicate_fails_alone_in_group_commit(
    database: AsyncDatabase, commits: GroupCommit, asked: bool
) -> None:
    await commits.submit(registration(1000, "taken"))
    writes = [registration(n, asked=asked) for n in range(20)]
    writes[7] = registration(7, "taken", asked=asked)
    outcomes = await submit_all(commits, writes)
    refused = outcomes.pop(7)
    assert isinstance(refused, AlreadyThere)
    assert (refused.collection, refused.id, refused.index) == ("identifiers", "taken", ("_id",))
    assert outcomes == [None] * 19
    assert await counts(database) == {"people": 20, "outbox": 20, "identifiers": 20}


async def test_two_with_one_identifier_leave_one_in_group_commit(
    database: AsyncDatabase, commits: GroupCommit
) -> None:
    for asked, first in ((True, 0), (False, 100)):
        numbers = range(first, first + 10)
        writes = [registration(n, f"same-{asked}", asked=asked) for n in numbers]
        outcomes = await submit_all(commits, [*writes, registration(first + 50, asked=asked)])
        assert outcomes.count(None) == 2
        assert sum(isinstance(outcome, AlreadyThere) for outcome in outcomes) == 9
    assert await counts(database) == {"people": 4, "outbox": 4, "identifiers": 4}


async def test_several_failing_writes_do_not_fail_their_neighbours_in_group_commit(
    database: AsyncDatabase, commits: GroupCommit
) -> None:
    await commits.submit(registration(1000, "taken"))
    await commits.submit(registration(1001, "taken too"))
    writes = [registration(n, asked=False) for n in range(10)]
    writes[2] = registration(2, "taken", asked=False)
    writes[5] = registration(5, "taken too", asked=False)
    outcomes = await submit_all(commits, writes)
    assert [n for n, outcome in enumerate(outcomes) if outcome is not None] == [2, 5]
    assert (await counts(database))["people"] == 10


async def test_group_commit_names_the_fields_of_another_unique_index(
    database: AsyncDatabase, commits: GroupCommit
) -> None:
    await database["people"].create_index("n", unique=True)
    await commits.submit(registration(1))
    clash = Write(inserts=(("people", {"_id": "other", "n": 1}),))
    outcomes = await submit_all(commits, [clash, registration(2)])
    assert isinstance(outcomes[0], AlreadyThere)
    assert (outcomes[0].id, outcomes[0].index) == ("other", ("n",))
    assert outcomes[1] is None


@pytest.mark.parametrize(
    "value", [2**70, object(), "x" * 17_000_000], ids=["too big a number", "no BSON", "too large"]
)
async def test_a_document_that_cannot_be_stored_fails_alone_in_group_commit(
    database: AsyncDatabase, commits: GroupCommit, value: object
) -> None:
    bad = Write(inserts=(("people", {"_id": "bad", "value": value}),))
    outcomes = await submit_all(commits, [registration(1), bad, registration(2)])
    assert outcomes[0] is None
    assert outcomes[2] is None
    assert isinstance(outcomes[1], Exception)
    assert not isinstance(outcomes[1], Unavailable)
    assert (await counts(database))["people"] == 2


async def test_a_cancelled_caller_does_not_break_group_commit(
    database: AsyncDatabase, commits: GroupCommit
) -> None:
    tasks = [asyncio.create_task(commits.submit(registration(n))) for n in range(30)]
    await asyncio.sleep(0)
    for task in tasks[::3]:
        task.cancel()
    kept = [task for n, task in enumerate(tasks) if n % 3]
    assert await asyncio.gather(*kept) == [None] * 20
    await asyncio.wait(tasks)
    await commits.submit(registration(99))
    present = await database["people"].distinct("_id")
    assert {f"p{n}" for n in range(30) if n % 3} | {"p99"} <= set(present)
    sizes = await counts(database)
    assert len(set(sizes.values())) == 1  # each write wholly or not at all


async def test_group_commit_keeps_no_neighbour_waiting_for_a_document_another_transaction_holds(
    database: AsyncDatabase, commits: GroupCommit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A killed process leaves such a transaction open; its locks last until the server ends it."""
    async with database.client.start_session() as session:
        await session.start_transaction()
        await database["identifiers"].insert_one({"_id": "held"}, session=session)
        writes = [registration(n) for n in range(12)]
        writes[5] = registration(5, "held")
        outcomes = await submit_all(commits, writes)
        assert isinstance(outcomes.pop(5), Unavailable)
        monkeypatch.setattr("shared.register.groupcommit.transaction._LONE_SECONDS", LIMIT)
        again = asyncio.create_task(commits.submit(writes[5]))
        await until_async(lambda: commits._lone, "it has met the lock")
        # Those who come while it waits for the lock are answered before it is.
        assert await submit_all(commits, [registration(n) for n in range(20, 30)]) == [None] * 10
        assert not again.done()
        monkeypatch.setattr("shared.register.groupcommit.transaction._LONE_SECONDS", 0.0)
        with pytest.raises(Unavailable):
            await again
        assert outcomes == [None] * 11
        assert (await counts(database))["people"] == 21
        await session.abort_transaction()
    await commits.submit(writes[5])
    assert (await counts(database))["people"] == 22


async def found(database: AsyncDatabase) -> None:
    """Return once the client has found the server."""
    async with asyncio.timeout(LIMIT):
        while True:
            with suppress(PyMongoError):
                await database.command("ping")
                return


async def test_group_commit_reports_an_outage_and_goes_on_after_it(
    mortal: RealServers, database_name: str
) -> None:
    settings = MongoSettings(mongo_uri=mortal.mongo_uri, mongo_database=database_name)
    async with opened(settings) as patient:
        soon = settings.model_copy(
            update={"mongo_timeout_ms": 3_000}
        )  # tested: reported after so long
        database = connect_async(soon)
        await found(database)
        commits = GroupCommit(database)
        await asyncio.to_thread(mortal.mongod.kill)
        try:
            outcomes = await submit_all(commits, [registration(n) for n in range(5)])
        finally:
            mortal.mongod.start()
        assert all(isinstance(outcome, Unavailable) for outcome in outcomes)
        await found(database)
        assert await submit_all(commits, [registration(n) for n in range(5, 10)]) == [None] * 5
        await commits.shutdown()
        with pytest.raises(Unavailable):
            await commits.submit(registration(11))
        await database.client.close()
        await found(patient)
