"""Memberships in MongoDB: what a member's document has beyond every person's; look-ups by number,
and the insertion of a page.
"""

from collections.abc import Collection, Iterable

from mongoengine import DictField, StringField
from pymongo.errors import BulkWriteError

from member.domain import KINDS, STATUSES
from shared import mongo
from shared.entities import Insert
from shared.mongo import AsyncClientSession, AsyncDatabase, transact_async
from shared.people.store import PersonDocument, indexes
from shared.personal.records import IDENTIFIERS

MEMBERS = "members"
DUPLICATE_KEY = 11000


class Member(PersonDocument):
    """A membership: one document per person for ever."""

    status = StringField(required=True, choices=STATUSES)
    kind = StringField(required=True, choices=KINDS)
    grade = StringField(required=True)
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

    meta = {  # noqa: RUF012 - mongoengine's way
        "collection": MEMBERS,
        "indexes": [
            {"fields": ["phone_index"], "name": "phone", "sparse": True},
            {"fields": ["phone_tail_index"], "name": "phone_tail", "sparse": True},
            {"fields": ["created_at"], "name": "created"},
        ],
    }


INDEXES = indexes(Member)
shape = Member.shape


class Duplicate(Exception):
    """A unique index stands against an insert; the transaction is lost."""


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
