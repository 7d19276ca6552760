"""Dead letters after intake set them aside: listed, found, closed, counted."""

from collections.abc import Mapping

from pymongo import ASCENDING, IndexModel

from aggregator.intake.documents import (
    DEAD_LETTERS,
    OPEN,
    Dismissed,
    dismissed_of,
    dismissed_of_ours,
    letter_of,
)
from aggregator.intake.projection import DeadLetter
from shared.base.clock import now
from shared.base.errors import NotFound
from shared.base.mongo import AsyncDatabase, ClientSession, Database, Document, Place, listed
from shared.register.trail import RequestKey

Outcome = Mapping[str, int | str | bytes]
"""What came of a letter: its new state, and what belongs to it."""
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
    found = listed(database, DEAD_LETTERS, wanted, after=after, without=("raw", "counted"))
    return await found.limit(limit).to_list()


async def one(database: AsyncDatabase, identity: str) -> Document:
    """Return a dead letter as it is stored, or raise ``NotFound``."""
    return _found(await database[DEAD_LETTERS].find_one({"_id": identity}))


def find(
    database: Database, identity: str, session: ClientSession
) -> tuple[DeadLetter, str, RequestKey | None]:
    """Return a dead letter, its state, and by what request it was closed; or raise ``NotFound``."""
    found = _found(database[DEAD_LETTERS].find_one({"_id": identity}, session=session))
    key = RequestKey(found["key"], found["digest"]) if "key" in found else None
    return letter_of(found), found["state"], key


def _found(document: Document | None) -> Document:
    if document is None:
        raise NotFound("not_found")
    return document


def close(
    database: Database,
    identity: str,
    by: str,
    key: RequestKey | None,
    session: ClientSession,
    outcome: Outcome,
) -> None:
    """Add to a dead letter who closed it, by what request, and what came of it."""
    closing = {"closed_by": by, "closed_at": now(), **outcome}
    if key is not None:
        closing |= {"key": key.id, "digest": key.digest}
    database[DEAD_LETTERS].update_one({"_id": identity}, {"$set": closing}, session=session)


def count_open(database: Database) -> int:
    return database[DEAD_LETTERS].count_documents({"state": OPEN})


def dismissed(database: Database) -> list[Dismissed]:
    """Return the dismissed letters with events of a register."""
    found = database[DEAD_LETTERS].find(dismissed_of_ours(), {"raw": 0}).sort("_id")
    return list(map(dismissed_of, found))
