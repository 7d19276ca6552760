"""Memberships in MongoDB. The mongoengine document defines schema, validation and indexes and
serves single reads; lists and writes go through pymongo (design.md section 3).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from mongoengine import (
    BinaryField,
    BooleanField,
    DateTimeField,
    DictField,
    Document,
    IntField,
    ListField,
    StringField,
)
from pymongo import ASCENDING, IndexModel

from member.domain import KINDS, OPEN, STATUSES
from shared import mongo
from shared.mongo import AsyncDatabase
from shared.personal.records import IDENTIFIERS

MEMBERS = "members"
VERSIONS = f"{MEMBERS}_versions"


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
    guardian = DictField(null=True)
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
}
