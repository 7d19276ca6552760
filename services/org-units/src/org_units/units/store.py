"""Units in MongoDB: their document class, and every query."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import mongoengine as me
from pymongo import ASCENDING, ReturnDocument

from org_units.units.placement import written_code
from org_units.units.rules import AREA_TYPES, TERMINAL, Unit
from org_units.units.tree import UNITS
from shared.base.mongo import AsyncClientSession, AsyncDatabase, Document
from shared.register.store import LIST_TIMEOUT_MS, Store, indexes_of

COUNTERS = "counters"
MANY = 5_000
"""Of so many credit codes all are compared, which is faster than to look for each."""
DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"


class UnitDocument(me.Document):  # type: ignore[misc]
    """The schema and the indexes of units; tests check stored documents against it."""

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
    founded_on = me.StringField(regex=DAY)
    predecessor_founded_on = me.StringField(regex=DAY)
    older_than_parent = me.StringField(max_length=200)
    timeline = me.ListField(me.DictField())
    ever_active = me.BooleanField()
    guard = me.IntField()
    """Grows whenever something that rests on this unit is written (docs/design.md section 5.10)."""
    seeded_as = me.StringField(max_length=20)
    name_key = me.StringField(min_length=1)
    distinct = me.ListField(me.DictField())
    former_codes = me.ListField(me.StringField(max_length=40))
    submitted_by = me.StringField()
    """Entries of before this was kept have none."""
    created_by = me.StringField(required=True)
    created_at = me.DateTimeField(required=True)
    edited_by = me.StringField(required=True)
    edited_at = me.DateTimeField(required=True)
    drafted_by = me.StringField(required=True)

    meta = {  # noqa: RUF012 - mongoengine's own form
        "collection": UNITS,
        "auto_create_index": False,
        "strict": True,
        "indexes": [
            {"name": "subtree", "fields": ["lineage", "id"]},
            {"name": "subtree_status", "fields": ["lineage", "status", "id"]},
            {"name": "children", "fields": ["parent_id", "id"]},
            {"name": "region", "fields": ["region_code", "id"]},
            {"name": "code", "fields": ["code"], "unique": True},
            {
                "name": "former_codes",
                "fields": ["former_codes"],
                "partialFilterExpression": {"former_codes": {"$exists": True}},
            },
            {"name": "alike_by_name", "fields": ["parent_id", "type", "name_key"]},
            {
                "name": "alike_by_host",
                "fields": ["host_uscc"],
                "partialFilterExpression": {"host_uscc": {"$exists": True}},
            },
            {
                "name": "seeded",
                "fields": ["seeded_as"],
                "unique": True,
                "partialFilterExpression": {"seeded_as": {"$exists": True}},
            },
        ],
    }


INDEXES = indexes_of(UnitDocument)


@dataclass(frozen=True)
class Filter:
    """What a list asks for; None asks for everything.

    Args:
        within: id of a unit whose subtree is meant.
        text: part of the name, or a code, present or former, as typed.
    """

    parent_id: str | None = None
    type: str | None = None
    status: str | None = None
    region_code: str | None = None
    within: str | None = None
    text: str | None = None

    def query(self, scope: Sequence[str] | None) -> Mapping[str, Any]:
        """Return the query within the subtrees of ``scope``, which is None for services."""
        asked = {
            "parent_id": self.parent_id,
            "type": self.type,
            "status": self.status,
            "region_code": self.region_code,
            "lineage": self.within,
        }
        conditions: list[dict[str, Any]] = [
            {name: value} for name, value in asked.items() if value is not None
        ]
        if self.text is not None:
            conditions.append(_named(self.text))
        if scope is not None:
            conditions.append({"lineage": {"$in": list(scope)}})
        return {"$and": conditions} if conditions else {}


def _named(text: str) -> dict[str, Any]:
    if code := written_code(text):
        return {"$or": [{"code": code}, {"former_codes": code}]}
    return {"name": {"$regex": re.escape(text), "$options": "i"}}


class UnitStore(Store[Unit]):
    """Units, and the counters of their codes."""

    def __init__(self, database: AsyncDatabase) -> None:
        super().__init__(database, UNITS, Unit)

    async def within(self, unit: str, scope: Sequence[str] | None) -> Unit | None:
        """Return a unit by id if it lies in the subtree of one of ``scope`` (None: anywhere)."""
        query = {"_id": unit} if scope is None else {"_id": unit, "lineage": {"$in": list(scope)}}
        found = await self.collection.find_one(query)
        return None if found is None else self.entity(found)

    async def touch(self, unit: str, session: AsyncClientSession) -> Unit | None:
        """Return a unit and mark it as used, so that a concurrent change of it conflicts."""
        found = await self.collection.find_one_and_update(
            {"_id": unit},
            {"$inc": {"guard": 1}},
            projection={"timeline": 0},
            return_document=ReturnDocument.AFTER,
            session=session,
        )
        return None if found is None else self.entity(found)

    async def live_child(self, unit: str, session: AsyncClientSession | None) -> str | None:
        """Return the code of some unit placed under this one that has not come to its end."""
        query = {"parent_id": unit, "status": {"$nin": list(TERMINAL)}}
        found = await self.collection.find_one(query, {"code": 1}, session=session)
        return None if found is None else str(found["code"])

    async def relocate_below(self, unit: Unit, depth: int, session: AsyncClientSession) -> None:
        """Put the units below one on its new path; ``depth`` is how long its lineage was."""
        below = {"lineage": unit.id, "_id": {"$ne": unit.id}}
        rest = {"$slice": ["$lineage", depth, {"$size": "$lineage"}]}
        change = {"$set": {"lineage": {"$concatArrays": [list(unit.lineage), rest]}}}
        await self.collection.update_many(below, [change], session=session)

    async def older_child(self, unit: Unit, session: AsyncClientSession) -> str | None:
        """Return the code of some unit placed under this one that is older and not stated to be."""
        day = {"$lt": unit.since.isoformat() if unit.since else ""}
        active = {"$elemMatch": {"state.status": "ACTIVE", "effective_on": day}}
        query = {
            "parent_id": unit.id,
            "status": {"$nin": list(TERMINAL)},
            "older_than_parent": {"$exists": False},
            "$or": [{"founded_on": day}, {"timeline": active}],
        }
        found = await self.collection.find_one(query, {"code": 1}, session=session)
        return None if found is None else str(found["code"])

    async def has_counties(self, unit: str, session: AsyncClientSession) -> bool:
        """Whether a county chapter is placed under a prefecture."""
        query = {"parent_id": unit, "level": "COUNTY"}
        return await self.collection.find_one(query, {"_id": 1}, session=session) is not None

    async def live_at(
        self, region_code: str, session: AsyncClientSession, *, but: str
    ) -> tuple[str, str] | None:
        """Return type and code of the live unit of a township or sub-district, if there is one."""
        query = {**_live_areas([region_code]), "_id": {"$ne": but}}
        found = await self.collection.find_one(query, {"code": 1, "type": 1}, session=session)
        return None if found is None else (found["type"], found["code"])

    async def alike(self, unit: Unit, session: AsyncClientSession) -> list[Unit]:
        """Return the live units that are like this one by name or credit code."""
        place = {"parent_id": unit.parent_id, "type": unit.type, "name_key": unit.name_key}
        fields: list[Document] = [place] if unit.name_key else []
        if unit.host_uscc is not None:
            fields.append({"host_uscc": unit.host_uscc})
        if not fields:
            return []
        query = {"$or": fields, "status": {"$nin": list(TERMINAL)}, "_id": {"$ne": unit.id}}
        found = self.collection.find(query, {"timeline": 0}, session=session)
        return [self.entity(son) async for son in found.sort("_id", ASCENDING)]

    async def entered_alike(self, units: Sequence[Unit], session: AsyncClientSession) -> set[str]:
        """Return the ids of those units that officers have entered already under the same name.

        Their parents are marked, so that nobody enters one before they are written.
        """
        keyed = {
            (unit.parent_id, unit.type, unit.name_key): unit.id for unit in units if unit.name_key
        }
        if not keyed:
            return set()
        parents = {"$in": sorted({unit.parent_id or "" for unit in units})}
        await self.collection.update_many({"_id": parents}, {"$inc": {"guard": 1}}, session=session)
        query = {
            "parent_id": parents,
            "name_key": {"$in": sorted(key for _, _, key in keyed if key)},
            "status": {"$nin": list(TERMINAL)},
            "seeded_as": {"$exists": False},
        }
        fields = ("parent_id", "type", "name_key")
        cursor = self.collection.find(query, fields, session=session)
        found = [tuple(son[name] for name in fields) async for son in cursor]
        return {keyed[place] for place in found if place in keyed}

    async def alike_within(self, scope: Mapping[str, Any]) -> list[list[str]]:
        """Return the ids of live units in groups that are alike.

        Args:
            scope: query of the units that may be alike by name; by credit code any may.
        """
        live = {"status": {"$nin": list(TERMINAL)}}
        place = {"parent_id": "$parent_id", "type": "$type", "name_key": "$name_key"}
        by_name = {"$and": [{**live, "name_key": {"$exists": True}}, scope]}
        known = {**live, "host_uscc": {"$exists": True}}
        some = self.collection.find({"$and": [known, scope]}, {"host_uscc": 1}).limit(MANY)
        codes = [son["host_uscc"] async for son in some]
        by_code = {**live, "host_uscc": {"$in": codes}} if len(codes) < MANY else known
        return await self._groups(by_name, place) + await self._groups(by_code, "$host_uscc")

    async def _groups(self, query: Mapping[str, Any], key: object) -> list[list[str]]:
        stages: list[Document] = [
            {"$match": query},
            {"$group": {"_id": key, "ids": {"$push": "$_id"}}},
            {"$match": {"ids.1": {"$exists": True}}},
        ]
        cursor = await self.collection.aggregate(stages, maxTimeMS=LIST_TIMEOUT_MS)
        return [group["ids"] async for group in cursor]

    async def many(self, ids: Iterable[str]) -> dict[str, Unit]:
        """Return units by their ids, without their timelines."""
        found = self.collection.find({"_id": {"$in": list(ids)}}, {"timeline": 0})
        return {son["_id"]: self.entity(son) async for son in found}

    async def entered_areas(self, region_codes: Iterable[str]) -> set[str]:
        """Return those of the codes whose township or sub-district officers entered by hand."""
        query = {**_live_areas(region_codes), "seeded_as": {"$exists": False}}
        return set(await self.collection.distinct("region_code", query))

    async def reserve(self, counter: str, count: int, session: AsyncClientSession) -> int:
        """Take the next ``count`` numbers of a counter and return the first; gaps are allowed."""
        found = await self.database[COUNTERS].find_one_and_update(
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

    async def seeded(self) -> dict[str, tuple[str, ...]]:
        """Return the lineage of every seeded unit, by its division."""
        query = {"seeded_as": {"$exists": True}}
        cursor = self.collection.find(query, {"seeded_as": 1, "lineage": 1}).batch_size(5_000)
        return {son["seeded_as"]: tuple(son["lineage"]) async for son in cursor}


def _live_areas(region_codes: Iterable[str]) -> dict[str, Any]:
    return {
        "region_code": {"$in": list(region_codes)},
        "type": {"$in": sorted(AREA_TYPES)},
        "status": {"$nin": list(TERMINAL)},
    }
