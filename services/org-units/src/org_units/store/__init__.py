"""Units in MongoDB: their document class, paths in their tree, and every query."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pymongo import ASCENDING, ReturnDocument
from pymongo.errors import BulkWriteError, DuplicateKeyError

from org_units.store.document import UNITS, UnitDocument, checked, indexes, shape
from org_units.store.tree import Node, Tree, scope
from shared.base.mongo import AsyncClientSession, AsyncDatabase, Document
from shared.contract import events
from shared.register.entities import EntityWriter, Insert

SOURCE = "/services/org-units"
COUNTERS = "counters"
DUPLICATE_KEY = 11000
IDENTIFIED_TYPES = ("TOWNSHIP", "SUBDISTRICT")


class Duplicate(Exception):
    """A unique index stands against one of many inserts."""


DUPLICATES = (Duplicate, DuplicateKeyError)


def writer(database: AsyncDatabase, partitions: int) -> EntityWriter:
    """Return the one way units are written."""
    return EntityWriter(database, UNITS, SOURCE, events.UNIT_TOPIC, partitions)


@dataclass(frozen=True)
class Filter:
    """What a list asks for; None asks for everything.

    Args:
        scope: ids whose subtrees the reader may see; None for the registry's own services.
        text: part of the name, as typed.
        within: id of a unit whose subtree is meant.
    """

    scope: Sequence[str] | None
    parent_id: str | None = None
    type: str | None = None
    status: str | None = None
    region_code: str | None = None
    text: str | None = None
    within: str | None = None


async def read(database: AsyncDatabase, unit: str) -> Document | None:
    """Return one unit by id, read asynchronously and brought into shape by its document class."""
    son = await database[UNITS].find_one({"_id": unit})
    if son is None:
        return None
    return shape(son)


async def chapters_of(database: AsyncDatabase, region_codes: Iterable[str]) -> list[str]:
    """Return the ids of the chapters of some regions."""
    query = {"region_code": {"$in": list(region_codes)}, "type": "CHAPTER"}
    return [son["_id"] async for son in database[UNITS].find(query, {"_id": 1})]


async def page(
    database: AsyncDatabase, wanted: Filter, *, after: str | None, limit: int, timeout_ms: int
) -> list[Document]:
    """Return up to ``limit`` units in order of their ids, from the one after ``after`` on."""
    conditions: list[Document] = [
        {field: value}
        for field, value in (
            ("parent_id", wanted.parent_id),
            ("type", wanted.type),
            ("status", wanted.status),
            ("region_code", wanted.region_code),
            ("lineage", wanted.within),
        )
        if value is not None
    ]
    if wanted.scope is not None:
        conditions.append({"lineage": {"$in": list(wanted.scope)}})
    if wanted.text is not None:
        conditions.append({"name": {"$regex": re.escape(wanted.text), "$options": "i"}})
    if after is not None:
        conditions.append({"_id": {"$gt": after}})
    cursor = database[UNITS].find({"$and": conditions} if conditions else {}, {"timeline": 0})
    return await cursor.sort("_id", ASCENDING).limit(limit).max_time_ms(timeout_ms).to_list()


async def touch(database: AsyncDatabase, unit: str, session: AsyncClientSession) -> Document | None:
    """Return a unit and mark that something rests on it: whoever changes it now conflicts."""
    found: Document | None = await database[UNITS].find_one_and_update(
        {"_id": unit},
        {"$inc": {"guard": 1}},
        projection={"timeline": 0},
        return_document=ReturnDocument.AFTER,
        session=session,
    )
    return found


async def live_child(
    database: AsyncDatabase, unit: str, terminal: Iterable[str], session: AsyncClientSession
) -> Document | None:
    """Return some unit that hangs on this one and is not at its end, if there is one."""
    return await database[UNITS].find_one(
        {"parent_id": unit, "status": {"$nin": list(terminal)}}, {"code": 1}, session=session
    )


async def has_counties(database: AsyncDatabase, unit: str, session: AsyncClientSession) -> bool:
    """Whether a county chapter hangs on a prefecture."""
    found = await database[UNITS].find_one(
        {"parent_id": unit, "level": "COUNTY"}, {"_id": 1}, session=session
    )
    return found is not None


async def live_at(
    database: AsyncDatabase,
    region_code: str,
    terminal: Iterable[str],
    session: AsyncClientSession,
    *,
    but: str | None = None,
) -> Document | None:
    """Return the live township or sub-district unit of a region code, if there is one."""
    return await database[UNITS].find_one(
        {
            "region_code": region_code,
            "type": {"$in": IDENTIFIED_TYPES},
            "status": {"$nin": list(terminal)},
            "_id": {"$ne": but},
        },
        {"code": 1, "type": 1},
        session=session,
    )


async def entered_areas(
    database: AsyncDatabase, region_codes: Iterable[str], terminal: Iterable[str]
) -> set[str]:
    """Return those of the codes whose township or sub-district unit officers entered by hand."""
    found: list[str] = await database[UNITS].distinct(
        "region_code",
        {
            "region_code": {"$in": list(region_codes)},
            "type": {"$in": IDENTIFIED_TYPES},
            "status": {"$nin": list(terminal)},
            "seeded_as": {"$exists": False},
        },
    )
    return set(found)


async def reserve(
    database: AsyncDatabase, counter: str, count: int, session: AsyncClientSession
) -> int:
    """Take the next ``count`` numbers of a counter and return the first; gaps are allowed."""
    found = await database[COUNTERS].find_one_and_update(
        {"_id": counter},
        {"$inc": {"last": count}},
        upsert=True,
        return_document=ReturnDocument.AFTER,
        session=session,
    )
    if found is None:
        raise LookupError(counter)
    last: int = found["last"]
    return last - count + 1


async def insert(
    database: AsyncDatabase, inserts: Iterable[Insert], session: AsyncClientSession
) -> None:
    """Insert documents into their collections, those of one collection at once.

    Raises:
        Duplicate: one of them is there already; the transaction is lost.
    """
    gathered: dict[str, list[Document]] = {}
    for collection, document in inserts:
        gathered.setdefault(collection, []).append(document)
    try:
        for collection, documents in gathered.items():
            await database[collection].insert_many(documents, session=session)
    except BulkWriteError as problem:
        if any(error["code"] == DUPLICATE_KEY for error in problem.details["writeErrors"]):
            raise Duplicate from problem
        raise


async def seeded(database: AsyncDatabase) -> dict[str, tuple[str, list[str]]]:
    """Return id and lineage of every seeded unit, by the division it stands for."""
    cursor = (
        database[UNITS]
        .find({"seeded_as": {"$exists": True}}, {"seeded_as": 1, "lineage": 1})
        .batch_size(5_000)
    )
    return {son["seeded_as"]: (son["_id"], son["lineage"]) async for son in cursor}


__all__ = [
    "COUNTERS",
    "DUPLICATES",
    "DUPLICATE_KEY",
    "IDENTIFIED_TYPES",
    "SOURCE",
    "UNITS",
    "Duplicate",
    "Filter",
    "Node",
    "Tree",
    "UnitDocument",
    "chapters_of",
    "checked",
    "entered_areas",
    "has_counties",
    "indexes",
    "insert",
    "live_at",
    "live_child",
    "page",
    "read",
    "reserve",
    "scope",
    "seeded",
    "touch",
    "writer",
]
