"""The document class of units: schema, validation and indexes.

mongoengine defines, validates and serves the single read; it knows no sessions, so all writes and
lists go through pymongo on the same collections (docs/design.md section 3).
"""

from collections.abc import Mapping
from typing import Any

import mongoengine as me
from pymongo import IndexModel

from shared.base.mongo import Document

UNITS = "units"


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
    """Grows whenever something that rests on this unit is written (docs/design.md section 5.10)."""
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


def indexes() -> list[IndexModel]:
    """Return the indexes that ``UnitDocument`` declares, for the migration."""
    specs: list[dict[str, Any]] = UnitDocument._meta["index_specs"]
    return [
        IndexModel(spec["fields"], **{k: v for k, v in spec.items() if k not in ("fields", "cls")})
        for spec in specs
    ]


def checked(document: Mapping[str, Any]) -> Document:
    """Return a document as it is to be stored, validated by its schema.

    Raises:
        mongoengine.ValidationError: a defect of ours; the edge refuses bad input before.
    """
    UnitDocument._from_son(dict(document)).validate()
    return dict(document)


def shape(son: Mapping[str, Any]) -> Document:
    """Return a single read in the shape of its document class."""
    document: Document = UnitDocument._from_son(son).to_mongo().to_dict()
    return document
