"""Persons in MongoDB: the document class both registers' own extend, its indexes, look-ups by
number."""

from collections.abc import Collection, Mapping
from typing import Any

from mongoengine import (
    BinaryField,
    BooleanField,
    DateTimeField,
    DictField,
    EmbeddedDocument,
    EmbeddedDocumentField,
    IntField,
    ListField,
    StringField,
)
from mongoengine import Document as MongoDocument
from pymongo import ASCENDING, IndexModel

from shared.base.mongo import AsyncDatabase
from shared.people.countries import BY_ANY_COUNTRY
from shared.people.entity import P, numbered
from shared.register import directory, fences
from shared.register.migration import Indexes, of_entities
from shared.register.store import Store, indexes_of

IDENTIFIERS = "identifiers"
"""Collection of ``{_id: keyed index, person: id}``: one person document per number for ever."""
DAY = r"^\d{4}-\d{2}-\d{2}$"
BY_ANY_COUNTRY_QUERY = {"id_type": {"$in": sorted(kind.value for kind in BY_ANY_COUNTRY)}}
"""Entries whose documents have an issuing country, or should have."""


class GuardianPart(EmbeddedDocument):  # type: ignore[misc] # mongoengine ships no types
    """A minor's guardian; a plain DictField would take the ciphertexts for lists."""

    relation = StringField(required=True)
    name_sealed = BinaryField(required=True)
    phone_sealed = BinaryField(required=True)
    consent = DictField(null=True)


class PersonDocument(MongoDocument):  # type: ignore[misc] # mongoengine ships no types
    """A person in a register. What a register asks of everyone it declares again, as required."""

    id = StringField(primary_key=True)
    version = IntField(required=True, min_value=1)
    unit = StringField(required=True)
    name = StringField(required=True, max_length=100)
    sex = StringField(required=True, choices=("0", "1", "2", "9"))
    birth_date = StringField(regex=DAY)
    id_type = StringField(required=True)
    id_country = StringField(regex=r"^[A-Z]{3}$")
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
    applied_by = StringField()
    applied_on = StringField(regex=DAY)
    registered_on = StringField(regex=DAY)
    voided_on = StringField(regex=DAY)
    created_by = StringField(required=True)
    created_at = DateTimeField(required=True)
    edited_by = StringField(required=True)
    edited_at = DateTimeField(required=True)
    drafted_by = StringField()
    """Entries of before this was kept have none."""

    meta = {  # noqa: RUF012 - mongoengine's way
        "abstract": True,
        "auto_create_index": False,
        "indexes": [
            {"fields": ["unit", "status", "_id"], "name": "unit_status"},
            {
                "fields": ["id_country", "_id"],
                "name": "id_country",
                "partialFilterExpression": BY_ANY_COUNTRY_QUERY,
            },
        ],
    }


def indexes(kind: type[PersonDocument]) -> Indexes:
    """Return the indexes a register of persons needs: its entries', and those that go with them."""
    return {
        **of_entities(kind._meta["collection"], indexes_of(kind)),
        IDENTIFIERS: [IndexModel([("person", ASCENDING)], name="person")],
        fences.COLLECTION: [],
        directory.COLLECTION: [
            IndexModel([("parent", ASCENDING)], name="parent"),
            IndexModel([("region_code", ASCENDING)], name="region"),
        ],
    }


class PersonStore(Store[P]):
    """Entries of persons; a person's fields are stored side by side with the entry's own."""

    def __init__(self, database: AsyncDatabase, collection: str, kind: type[P]) -> None:
        super().__init__(database, collection, kind, flat="person", claims=(IDENTIFIERS, "person"))

    def entity(self, document: Mapping[str, Any]) -> P:
        return numbered(super().entity(document))

    async def holders(self, numbers: Collection[str]) -> dict[str, P]:
        """Return who holds document numbers, by index."""
        rows = await self.database[IDENTIFIERS].find({"_id": {"$in": list(numbers)}}).to_list()
        if not rows:
            return {}
        persons = {"_id": {"$in": list({row["person"] for row in rows})}}
        found = {one["_id"]: self.entity(one) async for one in self.collection.find(persons)}
        return {row["_id"]: found[row["person"]] for row in rows if row["person"] in found}

    async def held_by(self, person: str) -> list[str]:
        """Return every id in ``identifiers`` that a person holds."""
        rows = await self.database[IDENTIFIERS].find({"person": person}, {"_id": 1}).to_list()
        return [row["_id"] for row in rows]

    async def on_paper(self, units: Collection[str]) -> set[str]:
        """Return those of some units where somebody is entered without a verified number."""
        query = {"unit": {"$in": sorted(units)}, "unverified": True}
        return set(await self.collection.distinct("unit", query))

    async def at_unit(self, unit: str, statuses: Collection[str]) -> int:
        """Return how many entries of a unit itself are in one of the statuses."""
        query = {"unit": unit, "status": {"$in": list(statuses)}}
        return await self.collection.count_documents(query)
