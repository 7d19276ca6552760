"""Memberships in MongoDB. The mongoengine document defines schema, validation and indexes and
serves single reads; lists and writes go through pymongo (design.md section 3).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from mongoengine import (
    BinaryField,
    BooleanField,
    DateTimeField,
    DictField,
    Document,
    EmbeddedDocument,
    EmbeddedDocumentField,
    IntField,
    ListField,
    StringField,
)
from pymongo import ASCENDING, IndexModel
from pymongo.errors import BulkWriteError

from member.domain import KINDS, OPEN, STATUSES
from shared import directory, mongo
from shared.entities import Insert
from shared.mongo import AsyncClientSession, AsyncDatabase, transact_async
from shared.personal.records import IDENTIFIERS

MEMBERS = "members"
VERSIONS = f"{MEMBERS}_versions"
DUPLICATE_KEY = 11000
LIST_MS = 5_000
"""How long the database may work on one page of a list."""


class GuardianPart(EmbeddedDocument):  # type: ignore[misc] # mongoengine ships no types
    """A minor's guardian; a plain DictField would take the ciphertexts for lists."""

    relation = StringField(required=True)
    name_sealed = BinaryField(required=True)
    phone_sealed = BinaryField(required=True)
    consent = DictField(null=True)

    meta = {"strict": False}  # noqa: RUF012 - mongoengine's way


class Member(Document):  # type: ignore[misc] # mongoengine ships no types
    """A membership: one document per person for ever."""

    id = StringField(primary_key=True)
    version = IntField(required=True, min_value=1)
    status = StringField(required=True, choices=STATUSES)
    kind = StringField(required=True, choices=KINDS)
    grade = StringField(required=True)
    unit = StringField(required=True)
    name = StringField(required=True, max_length=100)
    sex = StringField(required=True, choices=("0", "1", "2", "9"))
    birth_date = StringField(regex=r"^\d{4}-\d{2}-\d{2}$")
    id_type = StringField(required=True)
    id_index = ListField(StringField())
    id_sealed = BinaryField()
    phone_sealed = BinaryField()
    phone_index = ListField(StringField())
    phone_tail_index = ListField(StringField())
    address_sealed = BinaryField()
    ethnicity = StringField()
    education = StringField()
    political = StringField()
    occupation = StringField()
    unverified = BooleanField(default=False)
    guardian = EmbeddedDocumentField(GuardianPart, null=True)
    consent = DictField(null=True)
    filing = DictField(null=True)
    applied_on = StringField()
    approved_on = StringField()
    registered_on = StringField()
    rejected_on = StringField()
    withdrawn_on = StringField()
    expelled_on = StringField()
    deceased_on = StringField()
    reapplied_on = StringField()
    voided_on = StringField()
    timeline = ListField(DictField())
    last_action = StringField()
    applied_by = StringField()
    created_by = StringField(required=True)
    created_at = DateTimeField(required=True)
    edited_by = StringField(required=True)
    edited_at = DateTimeField(required=True)

    meta = {  # noqa: RUF012 - mongoengine's way
        "collection": MEMBERS,
        "strict": False,
        "auto_create_index": False,
        "indexes": [
            {"fields": ["unit", "status", "_id"], "name": "unit_status"},
            {"fields": ["phone_index"], "name": "phone", "sparse": True},
            {"fields": ["phone_tail_index"], "name": "phone_tail", "sparse": True},
            {"fields": ["created_at"], "name": "created"},
        ],
    }


_OPTIONS = ("name", "sparse", "unique")

INDEXES: Mapping[str, Sequence[IndexModel]] = {
    MEMBERS: [
        IndexModel(index["fields"], **{k: v for k, v in index.items() if k in _OPTIONS})
        for index in Member._meta["index_specs"]
    ],
    VERSIONS: [IndexModel([("entity", ASCENDING), ("version", ASCENDING)], name="entity")],
    IDENTIFIERS: [IndexModel([("person", ASCENDING)], name="person")],
    directory.COLLECTION: [
        IndexModel([("parent", ASCENDING)], name="parent"),
        IndexModel([("region_code", ASCENDING)], name="region"),
    ],
}


class Duplicate(Exception):
    """A unique index stands against an insert; the transaction is lost."""


@dataclass(frozen=True)
class Filter:
    """What a list asks for; None asks for everything.

    Args:
        units: whose members; None for every unit's.
        status: only these.
        phone_indexes: only who has one of these indexes of a whole phone or its tail.
    """

    units: Collection[str] | None = None
    status: str | None = None
    phone_indexes: Sequence[str] | None = None


async def read(database: AsyncDatabase, identity: str) -> mongo.Document | None:
    """Return one membership, brought into shape by its document class."""
    found = await database[MEMBERS].find_one({"_id": identity})
    if found is None:
        return None
    document: mongo.Document = Member._from_son(found).to_mongo().to_dict()
    return document


async def page(
    database: AsyncDatabase, wanted: Filter, *, after: str | None, limit: int
) -> list[mongo.Document]:
    """Return up to ``limit`` memberships in order of their ids, from the one after ``after`` on."""
    query: mongo.Document = {}
    if wanted.units is not None:
        query["unit"] = {"$in": list(wanted.units)}
    if wanted.status is not None:
        query["status"] = wanted.status
    if wanted.phone_indexes is not None:
        tails = wanted.phone_indexes
        query["$or"] = [{"phone_tail_index": {"$in": tails}}, {"phone_index": {"$in": tails}}]
    if after is not None:
        query["_id"] = {"$gt": after}
    cursor = database[MEMBERS].find(query, {"timeline": 0})
    return await cursor.sort("_id", ASCENDING).limit(limit).max_time_ms(LIST_MS).to_list()


async def holders(database: AsyncDatabase, indexes: Collection[str]) -> dict[str, mongo.Document]:
    """Return who holds identifiers: by index, the membership's id, unit and status."""
    rows = await database[IDENTIFIERS].find({"_id": {"$in": list(indexes)}}).to_list()
    if not rows:
        return {}
    persons = list({row["person"] for row in rows})
    fields = {"unit": 1, "status": 1, "version": 1, "kind": 1}
    found = await database[MEMBERS].find({"_id": {"$in": persons}}, fields).to_list()
    by_person = {document["_id"]: document for document in found}
    return {row["_id"]: by_person[row["person"]] for row in rows if row["person"] in by_person}


async def people(database: AsyncDatabase, unit: str) -> int:
    """Return how many memberships of a unit are open."""
    return await database[MEMBERS].count_documents({"unit": unit, "status": {"$in": list(OPEN)}})


async def units_below(database: AsyncDatabase, names: Collection[str]) -> set[str] | None:
    """Return the ids of units and all below them; None where that is every unit there is.

    Args:
        names: unit ids, or region codes of chapters.
    """
    chapter = {"region_code": {"$in": list(names)}, "level": {"$ne": "GRASSROOTS"}}
    roots = {"$or": [{"_id": {"$in": list(names)}}, chapter]}
    units = database[directory.COLLECTION]
    found: set[str] = set()
    layer: list[str] = []
    async for unit in units.find(roots, {"level": 1}):
        if unit["level"] == "NATIONAL":
            return None
        layer.append(unit["_id"])
    while layer:
        found.update(layer)
        below = units.find({"parent": {"$in": layer}}, {"_id": 1}, batch_size=10_000)
        layer = [unit["_id"] async for unit in below if unit["_id"] not in found]
    return found


async def insert(database: AsyncDatabase, inserts: Iterable[Insert]) -> None:
    """Insert documents in one transaction, those of one collection at once, in their order.

    Raises:
        Duplicate: one of them is there already; nothing is written.
    """
    gathered: dict[str, list[mongo.Document]] = {}
    for collection, document in inserts:
        gathered.setdefault(collection, []).append(document)

    async def run(session: AsyncClientSession) -> None:
        for collection, documents in gathered.items():
            await database[collection].insert_many(documents, session=session)

    try:
        await transact_async(database, run)
    except BulkWriteError as problem:
        if any(error["code"] == DUPLICATE_KEY for error in problem.details["writeErrors"]):
            raise Duplicate from problem
        raise
