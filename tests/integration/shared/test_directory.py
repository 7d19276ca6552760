"""The unit directory on a real replica set: versions decide, the mirror follows, misses are asked."""

import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from typing import Any

import orjson
import pytest

from shared.base.errors import Unavailable
from shared.base.mongo import AsyncDatabase, Database, connect, connect_async
from shared.base.settings import AccessSettings, MongoSettings, PeerSettings
from shared.contract import events
from shared.contract.events import envelope
from shared.pipeline.eventlog import Record
from shared.pipeline.memorylog import MemoryLog
from shared.register.directory import (
    COLLECTION,
    Directory,
    apply_cards,
    doubt,
    ids_below,
)
from shared.register.directory_worker import DirectoryHandler
from shared.register.scope import names
from tests.clients.peers import UnitsAsGiven
from tests.servers import RealServers
from tests.waiting import until_async


def card(name: str, version: int = 1, **changes: Any) -> dict[str, Any]:
    given = {
        "id": name, "version": version, "name": f"$单位 {name}", "code": f"C-{name}",
        "region_code": None, "type": "SCHOOL", "level": "GRASSROOTS", "status": "ACTIVE",
        "parent": None, "flags": [],
    }  # fmt: skip
    return {**given, **changes}


TREE = [
    card("hq", type="CHAPTER", level="NATIONAL"),
    card("province", type="CHAPTER", level="PROVINCE", region_code="110000", parent="hq"),
    card("county", type="CHAPTER", level="COUNTY", region_code="110101", parent="province"),
    card("school", region_code="110101001", parent="county"),
]


@pytest.fixture
def org_units() -> UnitsAsGiven:
    """It knows no unit until a test adds some."""
    return UnitsAsGiven(truth={})


@asynccontextmanager
async def opened(database: AsyncDatabase, org_units: UnitsAsGiven) -> AsyncIterator[Directory]:
    peers = org_units.peers(PeerSettings(), AccessSettings())
    found = Directory(database, peers, math.inf)
    await found.start()
    try:
        yield found
    finally:
        await found.stop()
        await peers.close()


@pytest.fixture
async def directory(
    mongo: Database, database: AsyncDatabase, org_units: UnitsAsGiven
) -> AsyncIterator[Directory]:
    apply_cards(mongo, TREE)
    async with opened(database, org_units) as found:
        yield found


def test_the_directory_takes_only_a_higher_version_of_a_card(mongo: Database) -> None:
    apply_cards(mongo, [card("a", 3, status="ACTIVE"), card("a", 2, status="APPROVED")])
    apply_cards(mongo, [card("a", 3, status="DRAFT"), card("b", 1)])
    apply_cards(mongo, [card("a", 1, status="DRAFT")])
    apply_cards(mongo, [])
    stored = {one["_id"]: one for one in mongo[COLLECTION].find()}
    assert (stored["a"]["version"], stored["a"]["status"]) == (3, "ACTIVE")
    assert stored["b"]["name"] == "$单位 b"
    apply_cards(mongo, [card("a", 4, status="INACTIVE")])
    found = mongo[COLLECTION].find_one({"_id": "a"})
    assert found is not None
    assert found["status"] == "INACTIVE"
    assert "flags" not in found


async def test_a_card_of_the_directory_says_since_when_its_unit_is_there(
    directory: Directory, org_units: UnitsAsGiven, mongo: Database
) -> None:
    founded, before = date(2019, 5, 8), date(1956, 1, 1)
    apply_cards(mongo, [card("old", founded_on=founded, predecessor_founded_on=before)])
    apply_cards(mongo, [card("new", founded_on=founded)])
    await until_async(lambda: directory.known("new") is not None)
    days = {"founded_on": str(founded), "predecessor_founded_on": str(before)}
    org_units.show({**card("asked", parent="county"), **days})
    since = {}
    for unit in ("old", "new", "asked", "school"):
        found = await directory.get(unit)
        assert found is not None
        since[unit] = found.since
    assert since == {"old": before, "new": founded, "asked": before, "school": None}


async def test_the_directory_answers_paths_from_memory(
    directory: Directory, org_units: UnitsAsGiven
) -> None:
    path = await directory.path("school")
    assert [one.id for one in path] == ["school", "county", "province", "hq"]
    assert [name for name, _ in names(path)] == [
        "school",
        "county",
        "110101",
        "province",
        "110000",
        "hq",
    ]
    assert ("110101", "COUNTY") in names(path)
    assert org_units.asked == []


async def test_the_mirror_of_the_directory_follows_the_collection(
    directory: Directory, mongo: Database
) -> None:
    apply_cards(mongo, [card("school", 2, status="INACTIVE", parent="county"), card("new")])
    await until_async(lambda: directory.known("new") is not None)
    await until_async(lambda: directory.known_path("school")[0].version == 2)
    apply_cards(mongo, [card("school", 1)])
    apply_cards(mongo, [card("last")])
    await until_async(lambda: directory.known("last") is not None)
    found = directory.known("school")
    assert found is not None
    assert (found.version, found.status) == (2, "INACTIVE")


async def test_a_miss_in_the_directory_asks_org_units_for_the_unit_and_its_parents(
    directory: Directory, org_units: UnitsAsGiven, mongo: Database
) -> None:
    org_units.show(
        card("village", parent="town"), card("town", type="TOWNSHIP", parent="county")
    )  # fmt: skip
    path = await directory.path("village")
    assert [one.id for one in path] == ["village", "town", "county", "province", "hq"]
    assert org_units.asked == ["village", "town"]
    assert await directory.path("village") == path
    assert len(org_units.asked) == 2
    assert mongo[COLLECTION].find_one({"_id": "town"}) is not None


async def test_a_unit_unknown_to_the_directory_is_none_and_no_path(
    directory: Directory, org_units: UnitsAsGiven
) -> None:
    assert await directory.get("nowhere") is None
    assert await directory.path("nowhere") == []
    assert await directory.get("../v1/units/x?") is None
    assert org_units.asked == ["nowhere", "nowhere"]


async def test_a_refresh_of_the_directory_sees_what_no_event_has_published_yet(
    directory: Directory, org_units: UnitsAsGiven
) -> None:
    org_units.show(*TREE, card("school", 5, status="CLOSING", parent="province"))
    found = await directory.refresh("school")
    assert found is not None
    assert found.status == "CLOSING"
    assert [one.id for one in await directory.refresh_path("school")] == [
        "school", "province", "hq",
    ]  # fmt: skip


async def test_an_older_answer_changes_nothing_in_the_directory(
    directory: Directory, org_units: UnitsAsGiven, mongo: Database
) -> None:
    apply_cards(mongo, [card("school", 9, parent="county")])
    await until_async(lambda: directory.known_path("school")[0].version == 9)
    org_units.show(card("school", 4, status="DRAFT", parent="county"))
    found = await directory.refresh("school")
    assert found is not None
    assert (found.version, found.status) == (9, "ACTIVE")


async def test_without_org_units_the_directory_still_answers_what_it_knows(
    directory: Directory, org_units: UnitsAsGiven
) -> None:
    org_units.down = True
    assert len(await directory.path("school")) == 4
    with pytest.raises(Unavailable):
        await directory.get("elsewhere")
    with pytest.raises(Unavailable):
        await directory.refresh("school")


def test_an_unreadable_event_makes_its_unit_doubtful_in_the_directory_and_no_other(
    mongo: Database,
) -> None:
    apply_cards(mongo, TREE)
    handler = DirectoryHandler(mongo, MemoryLog({events.UNIT_TOPIC: 1}))
    place = (events.UNIT_TOPIC, 0)
    handler.positions([place])
    poison = {"specversion": "1.0", "subject": "school", "type": "org.redcross.unit.closed.v1"}
    forged = card("county", 99, status="VOIDED")
    for offset, (source, value) in enumerate(
        [("/services/org-units", [poison]), ("/services/member", [forged]), (None, [forged])]
    ):
        headers = () if source is None else envelope.headers(envelope.Span(source, 1, 1, 1))
        handler.fold(Record(*place, offset, orjson.dumps(value), tuple(headers)))
    handler.commit()
    stored = {one["_id"]: (one["version"], one.get("doubtful")) for one in mongo[COLLECTION].find()}
    assert stored == {**dict.fromkeys(["hq", "province", "county"], (1, None)), "school": (1, True)}
    assert handler.positions([place]) == {place: 3}


@pytest.mark.parametrize("version", [1, 2])
async def test_a_doubtful_unit_of_the_directory_is_asked_for_once_and_stays_in_lists(
    directory: Directory,
    org_units: UnitsAsGiven,
    mongo: Database,
    database: AsyncDatabase,
    version: int,
) -> None:
    org_units.show(card("school", version, status="INACTIVE", parent="county"))
    doubt(mongo, ["school"])
    await until_async(lambda: directory.known("school") is None)
    assert await ids_below(database, ["110101"]) == ["county", "school"]
    found = await directory.get("school")
    assert found is not None
    assert found.status == "INACTIVE"
    asked = len(org_units.asked)
    await until_async(lambda: directory.known("school") is not None)
    assert (await directory.path("school"))[0].status == "INACTIVE"
    assert len(org_units.asked) == asked
    stored = mongo[COLLECTION].find_one({"_id": "school"})
    assert stored is not None
    assert "doubtful" not in stored


async def test_the_mirror_of_the_directory_recovers_after_the_database_was_away(
    mortal: RealServers, database_name: str, org_units: UnitsAsGiven
) -> None:
    settings = MongoSettings(mongo_uri=mortal.mongo_uri, mongo_database=database_name)
    mongo, database = connect(settings), connect_async(settings)
    apply_cards(mongo, TREE)
    async with opened(database, org_units) as directory:
        mortal.mongod.restart()
        apply_cards(mongo, [card("after")])
        await until_async(lambda: directory.known("after") is not None)
        await directory.ready()
    mongo.client.drop_database(database_name)
    mongo.client.close()
    await database.client.close()


async def test_paths_of_the_directory_are_shown_without_org_units(
    directory: Directory, org_units: UnitsAsGiven, mongo: Database
) -> None:
    doubt(mongo, ["school"])
    await until_async(lambda: directory.known("school") is None)
    org_units.down = True
    shown = await directory.paths(["school", "elsewhere", "school"])
    assert [[one.id for one in path] for path in shown] == [
        ["school", "county", "province", "hq"], [], ["school", "county", "province", "hq"],
    ]  # fmt: skip
    assert org_units.asked == ["elsewhere"]
