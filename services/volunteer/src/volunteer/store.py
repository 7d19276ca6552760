"""Volunteers in MongoDB. The mongoengine document defines schema, validation and indexes; writes
and lists go through pymongo on the same collections (design.md section 3).
"""

from collections.abc import Mapping, Sequence

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

from shared import directory, mongo
from shared.mongo import AsyncClientSession, AsyncDatabase
from shared.personal.records import IDENTIFIERS
from volunteer.domain import SERVICE_FIELDS, STATUSES

VOLUNTEERS = "volunteers"
VERSIONS = f"{VOLUNTEERS}_versions"
_DAY = r"^\d{4}-\d{2}-\d{2}$"


class VolunteerGuardian(EmbeddedDocument):  # type: ignore[misc] # mongoengine ships no types
    """A minor's guardian; a plain DictField would take the ciphertexts for lists."""

    relation = StringField(required=True)
    name_sealed = BinaryField(required=True)
    phone_sealed = BinaryField(required=True)
    consent = DictField(null=True)

    meta = {"strict": False}  # noqa: RUF012 - mongoengine's way


class Volunteer(Document):  # type: ignore[misc] # mongoengine ships no types
    """A volunteer: one document per person for ever, unless it was entered in error."""

    id = StringField(primary_key=True)
    version = IntField(required=True, min_value=1)
    status = StringField(required=True, choices=STATUSES)
    unit = StringField(required=True)
    name = StringField(required=True, max_length=100)
    sex = StringField(required=True, choices=("0", "1", "2", "9"))
    birth_date = StringField(required=True, regex=_DAY)
    id_type = StringField(required=True)
    id_index = ListField(StringField(), required=True)
    id_sealed = BinaryField(required=True)
    phone_sealed = BinaryField(required=True)
    phone_index = ListField(StringField(), required=True)
    phone_tail_index = ListField(StringField(), required=True)
    address_sealed = BinaryField()
    ethnicity = StringField()
    education = StringField()
    political = StringField()
    occupation = StringField()
    unverified = BooleanField(default=False)
    guardian = EmbeddedDocumentField(VolunteerGuardian)
    consent = DictField(required=True)
    service_fields = ListField(StringField(choices=SERVICE_FIELDS))
    registration = DictField(null=True)
    ground = StringField()
    warnings = ListField(StringField())
    applied_on = StringField(required=True, regex=_DAY)
    enrolled_on = StringField(regex=_DAY)
    registration_applied_on = StringField(regex=_DAY)
    registered_on = StringField(regex=_DAY)
    suspended_on = StringField(regex=_DAY)
    resumed_on = StringField(regex=_DAY)
    deregistered_on = StringField(regex=_DAY)
    voided_on = StringField(regex=_DAY)
    timeline = ListField(DictField())
    last_action = StringField(required=True)
    applied_by = StringField()
    created_by = StringField(required=True)
    created_at = DateTimeField(required=True)
    edited_by = StringField(required=True)
    edited_at = DateTimeField(required=True)

    meta = {  # noqa: RUF012 - mongoengine's way
        "collection": VOLUNTEERS,
        "strict": False,
        "auto_create_index": False,
        "indexes": [
            {"fields": ["unit", "status", "_id"], "name": "unit_status"},
            {"fields": ["phone_index"], "name": "phone"},
            {"fields": ["phone_tail_index"], "name": "phone_tail"},
        ],
    }


INDEXES: Mapping[str, Sequence[IndexModel]] = {
    VOLUNTEERS: [
        IndexModel(index["fields"], name=index["name"]) for index in Volunteer._meta["index_specs"]
    ],
    VERSIONS: [IndexModel([("entity", ASCENDING), ("version", ASCENDING)], name="entity")],
    IDENTIFIERS: [IndexModel([("person", ASCENDING)], name="person")],
    directory.COLLECTION: [
        IndexModel([("parent", ASCENDING)], name="parent"),
        IndexModel([("region_code", ASCENDING)], name="region"),
    ],
}


def shape(found: mongo.Document) -> mongo.Document:
    """Return a document that was read as its document class knows it."""
    document: mongo.Document = Volunteer._from_son(found).to_mongo().to_dict()
    return document


async def release(
    database: AsyncDatabase, document: mongo.Document, session: AsyncClientSession
) -> None:
    """Give a person's number free: an entry made in error must not bar the right one."""
    await database[IDENTIFIERS].delete_many({"person": document["_id"]}, session=session)
