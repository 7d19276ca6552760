"""MongoDB clients and the unit of work: one request or one chunk is one transaction."""

from collections.abc import Callable, Coroutine, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from pymongo import ASCENDING, DESCENDING, AsyncMongoClient, MongoClient, UpdateOne
from pymongo.asynchronous.client_session import AsyncClientSession as AsyncClientSession
from pymongo.asynchronous.collection import AsyncCollection as AsyncCollection
from pymongo.asynchronous.cursor import AsyncCursor
from pymongo.asynchronous.database import AsyncDatabase as _AsyncDatabase
from pymongo.client_session import ClientSession as ClientSession
from pymongo.collection import Collection as _Collection
from pymongo.database import Database as _Database
from pymongo.errors import PyMongoError
from pymongo.read_concern import ReadConcern
from pymongo.read_preferences import ReadPreference
from pymongo.write_concern import WriteConcern

from shared.base import log
from shared.base.settings import MongoSettings

Document = dict[str, Any]
Database = _Database[Document]
Collection = _Collection[Document]
AsyncDatabase = _AsyncDatabase[Document]
Place = tuple[datetime, str]
"""The position of an entry in a list: its instant and its id, since instants may be equal."""
T = TypeVar("T")

_log = log.get(__name__)

SNAPSHOT = ReadConcern("snapshot")
_TRANSACTION: dict[str, Any] = {
    "read_concern": SNAPSHOT,
    "write_concern": WriteConcern(w="majority", j=True),
    "read_preference": ReadPreference.PRIMARY,
}


def _options(settings: MongoSettings) -> dict[str, Any]:
    return {
        "tz_aware": True,
        "serverSelectionTimeoutMS": settings.mongo_timeout_ms,
        "connectTimeoutMS": 5_000,
        "w": "majority",
        "journal": True,
        "retryWrites": True,
        "retryReads": True,
        "appname": settings.instance or None,
    }


def connect(settings: MongoSettings) -> Database:
    """Return the service's database by a synchronous client (workers, relays, commands)."""
    abort_leftovers(settings)
    client: MongoClient[Document] = MongoClient(settings.mongo_uri, **_options(settings))
    return client[settings.mongo_database]


def abort_leftovers(settings: MongoSettings) -> int:
    """End the transactions that an earlier life of this process left open; return how many.

    The server keeps a transaction of a killed process, and the locks on what it wrote, for a
    minute: the process started in its place would wait for itself (seen: 70 s without a relay).
    One that cannot look or may not end them says so and goes on; the server's own limit holds.
    """
    if not settings.instance:
        return 0
    options = {**_options(settings), "appname": "leftovers"}
    client: MongoClient[Document] = MongoClient(settings.mongo_uri, **options)
    mine = {"appName": settings.instance, "transaction": {"$exists": True}}
    look: list[dict[str, Any]] = [{"$currentOp": {"idleSessions": True}}, {"$match": mine}]
    try:
        found = [{"id": operation["lsid"]["id"]} for operation in client.admin.aggregate(look)]
        if found:
            client.admin.command("killSessions", found)
            _log.warning("ended transactions of an earlier life", count=len(found))
        return len(found)
    except PyMongoError as problem:
        _log.warning("cannot look for leftovers", problem=type(problem).__name__)
        return 0
    finally:
        client.close()


def connect_async(settings: MongoSettings) -> AsyncDatabase:
    """Return the service's database by an asynchronous client (HTTP processes)."""
    abort_leftovers(settings)
    client: AsyncMongoClient[Document] = AsyncMongoClient(settings.mongo_uri, **_options(settings))
    return client[settings.mongo_database]


def transact(database: Database, callback: Callable[[ClientSession], T]) -> T:
    """Run ``callback`` in one transaction, durable on a majority when this returns.

    The callback may run more than once (a transient abort is retried) and must do nothing that
    the session does not undo. An exception it raises aborts the transaction and comes through.
    """
    with database.client.start_session() as session:
        return session.with_transaction(callback, **_TRANSACTION)


async def transact_async(
    database: AsyncDatabase, callback: Callable[[AsyncClientSession], Coroutine[Any, Any, T]]
) -> T:
    """Run an asynchronous ``callback`` in one transaction; see ``transact``."""
    async with database.client.start_session() as session:
        return await session.with_transaction(callback, **_TRANSACTION)


def listed(
    database: AsyncDatabase,
    name: str,
    wanted: Mapping[str, Any],
    *,
    after: Place | None,
    newest_first: bool = False,
    without: Iterable[str] = (),
) -> AsyncCursor[Document]:
    """Return the entries of a collection in order of their instants, from the one after on.

    Args:
        database: the service's database.
        name: a collection with an index on ``at`` and ``_id``.
        wanted: further conditions.
        after: where the page before ended; None for the first page.
        newest_first: whether the order is descending.
        without: fields that are not read.
    """
    order, follows = (DESCENDING, "$lt") if newest_first else (ASCENDING, "$gt")
    conditions = dict(wanted)
    if after is not None:
        at, identity = after
        # The first bounds what is read of the index; the second leaves out the page before, of
        # which some entries may be of the same instant.
        conditions["at"] = {f"{follows}e": at}
        conditions["$or"] = [{"at": {follows: at}}, {"_id": {follows: identity}}]
    found = database[name].find(conditions, dict.fromkeys(without, 0))
    return found.sort([("at", order), ("_id", order)])


def server_time(database: Database) -> datetime:
    """Return the primary's own clock (an aware instant): what every process compares with."""
    answer: datetime = database.command("hello")["localTime"]
    return answer.replace(tzinfo=UTC)  # commands answer naive whatever tz_aware says


def replacing(document: Document, field: str, compared: str) -> UpdateOne:
    """Return the update that stores a document where one of its fields compares so with the stored one.

    Args:
        compared: ``$gt`` or ``$gte``; any value is greater than a field that is not there.
    """
    newer = {compared: [document[field], f"${field}"]}
    replace = {"$replaceWith": {"$cond": [newer, {"$literal": document}, "$$ROOT"]}}
    return UpdateOne({"_id": document["_id"]}, [replace], upsert=True)
