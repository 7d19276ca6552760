"""The reports of comparisons."""

from dataclasses import asdict

from pymongo import ASCENDING, IndexModel

from aggregator.recount.rules import Report
from shared.base.mongo import AsyncDatabase, Database, Document, Place, listed

RECOUNTS = "recounts"
INDEXES = {RECOUNTS: [IndexModel([("at", ASCENDING), ("_id", ASCENDING)], name="order")]}


def document(report: Report) -> Document:
    fields = asdict(report)
    return {"_id": fields.pop("id"), **fields}


def insert(database: Database, report: Report) -> None:
    database[RECOUNTS].insert_one(document(report))


async def page(database: AsyncDatabase, *, after: Place | None, limit: int) -> list[Document]:
    """Return up to ``limit`` reports, newest first, from the one after ``after`` on."""
    found = listed(database, RECOUNTS, {}, after=after, newest_first=True)
    return await found.limit(limit).to_list()
