"""Units in MongoDB: the documents that define their schema and indexes, and every query.

mongoengine defines, validates and serves the single read; it knows no sessions, so all writes and
lists go through pymongo on the same collections (design.md section 3).
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import mongoengine as me
from pymongo import ASCENDING, IndexModel, ReturnDocument
from pymongo.errors import BulkWriteError, DuplicateKeyError

from shared import events
from shared.entities import EntityWriter, Insert
from shared.mongo import AsyncClientSession, AsyncDatabase, Document

SOURCE = "/services/org-units"
UNITS = "units"
COUNTERS = "counters"
DUPLICATE_KEY = 11000
IDENTIFIED_TYPES = ("TOWNSHIP", "SUBDISTRICT")


class Duplicate(Exception):
    """A unique index stands against one of many inserts."""


DUPLICATES = (Duplicate, DuplicateKeyError)


class UnitDocument(me.Document):  # type: ignore[misc]
    """A chapter or a grassroots unit."""

    id = me.StringField(primary_key=True, max_length=40)
    version = me.IntField(required=True, min_value=1)
    name = me.StringField(required=True, min_length=1, max_length=100)
    code = me.StringField(required=True, max_length=40)
    region_code = me.StringField(regex=r"^([0-9]{6}|[0-9]{9}|[0-9]{12})$")
    type = me.StringField(required=True, max_length=40)
    level = me.StringField(
        required=True, choices=("NATIONAL", "PROVINCE", "PREFECTURE", "COUNTY", "GRASSROOTS")
    )
    status = me.StringField(required=True, max_length=40)
    parent_id = me.StringField(max_length=40)
    lineage = me.ListField(me.StringField(max_length=40), required=True)
    """Ids from headquarters down to the unit itself: one index serves every subtree."""
    flags = me.ListField(me.StringField(max_length=40))
    host_uscc = me.StringField(min_length=18, max_length=18)
    founded_on = me.StringField(regex=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")
    timeline = me.ListField(me.DictField())
    ever_active = me.BooleanField()
    guard = me.IntField()
    """Grows whenever something that rests on this unit is written (design.md section 5.10)."""
    seeded_as = me.StringField(max_length=20)
    """Which division a seeded unit stands for; kept for ever, so that no seed runs twice."""
    created_by = me.StringField(required=True)
    created_at = me.DateTimeField(required=True)
    edited_by = me.StringField(required=True)
    edited_at = me.DateTimeField(required=True)
    drafted_by = me.StringField(required=True)
    """Who last wrote its content: barred from approving it even after another one submits."""

    meta = {  # noqa: RUF012 - mongoengine's own form
        "collection": UNITS,
        "auto_create_index": False,
        "strict": False,
        "indexes": [
            {"name": "subtree", "fields": ["lineage", "id"]},
            {"name": "subtree_status", "fields": ["lineage", "status", "id"]},
            {"name": "children", "fields": ["parent_id", "id"]},
            {"name": "region", "fields": ["region_code", "id"]},
            {"name": "code", "fields": ["code"], "unique": True},
            {
                "name": "seeded",
                "fields": ["seeded_as"],
                "unique": True,
                "partialFilterExpression": {"seeded_as": {"$exists": True}},
            },
        ],
    }


def writer(database: AsyncDatabase, partitions: int) -> EntityWriter:
    """Return the one way units are written."""
    return EntityWriter(database, UNITS, SOURCE, events.UNIT_TOPIC, partitions)


def indexes() -> list[IndexModel]:
    """Return the indexes that ``UnitDocument`` declares, for the migration."""
    specs: list[dict[str, Any]] = UnitDocument._meta["index_specs"]
    return [
        IndexModel(spec["fields"], **{k: v for k, v in spec.items() if k not in ("fields", "cls")})
        for spec in specs
    ]


@dataclass(frozen=True)
class Node:
    """A unit as a step of a path."""

    id: str
    name: str
    level: str
    type: str
    region_code: str | None


def scope(path: Iterable[Node]) -> list[tuple[str, str]]:
    """Return what grants may name for the units of a path: ids, and region codes of chapters.

    Each with the unit's level, as ``access.require_at`` takes it.
    """
    names: list[tuple[str, str]] = []
    for node in path:
        names.append((node.id, node.level))
        if node.region_code and node.type == "CHAPTER":
            names.append((node.region_code, node.level))
    return names


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


def checked(document: Mapping[str, Any]) -> Document:
    """Return a document as it is to be stored, validated by its schema.

    Raises:
        mongoengine.ValidationError: a defect of ours; the edge refuses bad input before.
    """
    UnitDocument._from_son(dict(document)).validate()
    return dict(document)


async def read(database: AsyncDatabase, unit: str) -> Document | None:
    """Return one unit by id, read asynchronously and brought into shape by its document class."""
    son = await database[UNITS].find_one({"_id": unit})
    if son is None:
        return None
    document: Document = UnitDocument._from_son(son).to_mongo().to_dict()
    return document


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


class Tree:
    """Names and levels of the units on a path.

    Chapters change by the seed only, which adds and never alters, so each is kept once read;
    grassroots units are read anew.
    """

    def __init__(self, database: AsyncDatabase) -> None:
        self._database = database
        self._chapters: dict[str, Node] = {}

    async def nodes(self, ids: Iterable[str]) -> dict[str, Node]:
        """Return the units of these ids, by id; those that do not exist are left out."""
        wanted = set(ids)
        found = {unit: self._chapters[unit] for unit in wanted if unit in self._chapters}
        if missing := wanted - found.keys():
            fields = ("name", "level", "type", "region_code")
            cursor = self._database[UNITS].find({"_id": {"$in": list(missing)}}, fields)
            async for son in cursor:
                node = Node(
                    son["_id"], son["name"], son["level"], son["type"], son.get("region_code")
                )
                found[node.id] = node
                if node.type == "CHAPTER":
                    self._chapters[node.id] = node
        return found

    async def path(self, lineage: Sequence[str]) -> list[Node]:
        """Return the units of a lineage, headquarters first."""
        nodes = await self.nodes(lineage)
        return [nodes[unit] for unit in lineage]


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
