"""Dead letters after intake set them aside: listed, found, closed, counted."""

from collections.abc import Mapping
from typing import Any

from pymongo import ASCENDING, IndexModel

from aggregator.intake.documents import DEAD_LETTERS, OPEN
from shared.base.mongo import AsyncDatabase, ClientSession, Database, Document, Place, listed

INDEXES = {
    DEAD_LETTERS: [
        IndexModel([("at", ASCENDING), ("_id", ASCENDING)], name="order"),
        IndexModel([("state", ASCENDING), ("at", ASCENDING), ("_id", ASCENDING)], name="in_state"),
    ]
}


async def page(
    database: AsyncDatabase, state: str | None, *, after: Place | None, limit: int
) -> list[Document]:
    """Return up to ``limit`` dead letters, oldest first, from the one after ``after`` on.

    Without their bytes: half a megabyte each may have, and no list shows them.
    """
    wanted = {} if state is None else {"state": state}
    found = listed(database, DEAD_LETTERS, wanted, after=after, without=("raw",))
    return await found.limit(limit).to_list()


async def one(database: AsyncDatabase, identity: str) -> Document | None:
    """Return one dead letter."""
    return await database[DEAD_LETTERS].find_one({"_id": identity})


def find(database: Database, identity: str, session: ClientSession) -> Document | None:
    """Return one dead letter within a transaction."""
    return database[DEAD_LETTERS].find_one({"_id": identity}, session=session)


def close(
    database: Database, identity: str, closing: Mapping[str, Any], session: ClientSession
) -> None:
    """Add to an open dead letter what its closing is."""
    database[DEAD_LETTERS].update_one(
        {"_id": identity, "state": OPEN}, {"$set": closing}, session=session
    )


def count_open(database: Database) -> int:
    """Return how many dead letters are open."""
    return database[DEAD_LETTERS].count_documents({"state": OPEN})
