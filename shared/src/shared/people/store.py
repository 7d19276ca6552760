"""Persons in MongoDB: the document both registers' own documents extend, its indexes, look-ups by
number, and inserts in one transaction.

The mongoengine documents define schema, validation and indexes and shape single reads; lists and
writes go through pymongo on the same collections (docs/design.md section 3).
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

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
from pymongo.errors import BulkWriteError, DuplicateKeyError

from shared.base import mongo
from shared.base.mongo import AsyncClientSession, AsyncDatabase, transact_async
from shared.people.sealed import IDENTIFIERS
from shared.register import directory
from shared.register.entities import Insert
from shared.register.migration import Indexes, of_entities

DAY = r"^\d{4}-\d{2}-\d{2}$"
DUPLICATE_KEY = 11000
Taken = DuplicateKeyError
"""A number or a key that another request took in this very moment; the transaction is lost."""

_OPTIONS = ("name", "sparse", "unique")
_HELD = {"unit": 1, "status": 1, "version": 1, "ground": 1}


class Duplicate(Exception):
    """A unique index stands against one of several inserts; the transaction is lost."""


class GuardianPart(EmbeddedDocument):  # type: ignore[misc] # mongoengine ships no types
    """A minor's guardian; a plain DictField would take the ciphertexts for lists."""

    relation = StringField(required=True)
    name_sealed = BinaryField(required=True)
    phone_sealed = BinaryField(required=True)
    consent = DictField(null=True)

    meta = {"strict": False}  # noqa: RUF012 - mongoengine's way


class PersonDocument(Document):  # type: ignore[misc] # mongoengine ships no types
    """A person in a register. What a register asks of everyone it declares again, as required."""

    id = StringField(primary_key=True)
    version = IntField(required=True, min_value=1)
    unit = StringField(required=True)
    name = StringField(required=True, max_length=100)
    sex = StringField(required=True, choices=("0", "1", "2", "9"))
    birth_date = StringField(regex=DAY)
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
    warnings = ListField(StringField())
    timeline = ListField(DictField())
    last_action = StringField()
    applied_by = StringField()
    created_by = StringField(required=True)
    created_at = DateTimeField(required=True)
    edited_by = StringField(required=True)
    edited_at = DateTimeField(required=True)
    drafted_by = StringField()
    """Who last wrote its content; entries of before this was kept have none."""

    meta = {  # noqa: RUF012 - mongoengine's way
        "abstract": True,
        "strict": False,
        "auto_create_index": False,
        "indexes": [{"fields": ["unit", "status", "_id"], "name": "unit_status"}],
    }

    @classmethod
    def shape(cls, found: Mapping[str, Any]) -> mongo.Document:
        """Return a document that was read as its document class knows it."""
        document: mongo.Document = cls._from_son(found).to_mongo().to_dict()
        return document


def indexes(kind: type[PersonDocument]) -> Indexes:
    """Return the indexes a register of persons needs: its entries', and those beside them."""
    entries = [
        IndexModel(index["fields"], **{k: v for k, v in index.items() if k in _OPTIONS})
        for index in kind._meta["index_specs"]
    ]
    return {
        **of_entities(kind._meta["collection"], entries),
        IDENTIFIERS: [IndexModel([("person", ASCENDING)], name="person")],
        directory.COLLECTION: [
            IndexModel([("parent", ASCENDING)], name="parent"),
            IndexModel([("region_code", ASCENDING)], name="region"),
        ],
    }


async def holders(
    database: AsyncDatabase, collection: str, numbers: Collection[str]
) -> dict[str, mongo.Document]:
    """Return who holds document numbers: by index, the entry's id, unit, status and version."""
    rows = await database[IDENTIFIERS].find({"_id": {"$in": list(numbers)}}).to_list()
    if not rows:
        return {}
    persons = list({row["person"] for row in rows})
    found = await database[collection].find({"_id": {"$in": persons}}, _HELD).to_list()
    by_person = {document["_id"]: document for document in found}
    return {row["_id"]: by_person[row["person"]] for row in rows if row["person"] in by_person}


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
