"""Fences on a real replica set: an entry and a fence of one unit cannot both succeed."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from pymongo.errors import PyMongoError

from shared.base.mongo import AsyncClientSession, AsyncDatabase, connect_async, transact_async
from shared.base.settings import MongoSettings
from shared.register import fences
from shared.register.fences import Fenced, Fences
from shared.register.groupcommit import GroupCommit, Write
from tests.servers import RealServers


@pytest.fixture
async def database(servers: RealServers, database_name: str) -> AsyncIterator[AsyncDatabase]:
    settings = MongoSettings(mongo_uri=servers.mongo_uri, mongo_database=database_name)
    found = connect_async(settings)
    for name in ("people", fences.COLLECTION):
        await found.create_collection(name)
    yield found
    await found.client.drop_database(found.name)
    await found.client.close()


async def people(database: AsyncDatabase) -> int:
    return await database.people.count_documents({})


def entry(number: int, unit: str) -> Write:
    return Write((("people", {"_id": f"p{number}", "unit": unit}),), enters=unit)


async def test_a_fence_waits_for_an_entry_under_way_which_is_then_seen(
    database: AsyncDatabase,
) -> None:
    of_unit, marked, go_on = Fences(database), asyncio.Event(), asyncio.Event()

    async def enter(session: AsyncClientSession) -> None:
        await database.people.insert_one({"_id": "p1"}, session=session)
        await of_unit.enter(["u"], session)
        marked.set()
        await go_on.wait()

    async def close() -> int:
        await of_unit.close("u", "change")
        return await people(database)

    entering = asyncio.create_task(transact_async(database, enter))
    await marked.wait()
    closing = asyncio.create_task(close())
    go_on.set()
    await entering
    assert await closing == 1


async def test_an_entry_that_began_before_a_fence_is_refused(database: AsyncDatabase) -> None:
    of_unit, began, go_on = Fences(database), asyncio.Event(), asyncio.Event()

    async def enter(session: AsyncClientSession) -> None:
        await database.people.insert_one({"_id": "p1"}, session=session)  # the snapshot is of now
        began.set()
        await go_on.wait()
        await of_unit.enter(["u"], session)

    entering = asyncio.create_task(transact_async(database, enter))
    await began.wait()
    await of_unit.close("u", "change")
    assert await people(database) == 0
    go_on.set()
    with pytest.raises(Fenced):
        await entering
    assert await people(database) == 0


async def test_a_fence_does_not_wait_for_ever(
    database: AsyncDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fences, "PATIENCE_SECONDS", 0.2)
    of_unit = Fences(database)

    async def enter(session: AsyncClientSession) -> None:
        await of_unit.enter(["u"], session)
        with pytest.raises(PyMongoError):
            await of_unit.close("u", "change")  # as if this process stood still

    await transact_async(database, enter)


async def test_only_the_fence_of_a_change_that_came_to_nothing_is_lifted(
    database: AsyncDatabase,
) -> None:
    of_unit = Fences(database)
    await of_unit.close("u", "first")
    await of_unit.close("u", "second")
    await of_unit.lift("u", ["first"])
    assert await of_unit.changes("u") == {"second"}
    await of_unit.lift("u", ["second"])
    assert await of_unit.changes("u") == set()


async def test_an_entry_in_a_fenced_unit_harms_no_neighbour(database: AsyncDatabase) -> None:
    of_unit = Fences(database)
    await of_unit.close("closed", "change")
    commits = GroupCommit(database, fences=of_unit)
    units = ["open", "closed", "other", "closed", "open"]
    writes = [commits.submit(entry(number, unit)) for number, unit in enumerate(units)]
    outcomes = await asyncio.gather(*writes, return_exceptions=True)
    await commits.shutdown()
    assert [isinstance(one, Fenced) for one in outcomes] == [False, True, False, True, False]
    assert sorted([one["_id"] async for one in database.people.find()]) == ["p0", "p2", "p4"]


async def test_several_units_are_entered_at_once_and_the_fenced_one_is_named(
    database: AsyncDatabase,
) -> None:
    of_unit = Fences(database)
    await of_unit.close("b", "change")
    with pytest.raises(Fenced) as refused:
        await transact_async(database, lambda session: of_unit.enter(["a", "b", "c"], session))
    assert refused.value.unit == "b"
    await transact_async(database, lambda session: of_unit.enter(["c", "a"], session))
