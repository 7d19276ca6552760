"""Creates the collections and indexes of the volunteer service: ``python -m volunteer.migrate``."""

from collections.abc import Mapping, Sequence

from pymongo import IndexModel

from shared import accesslog, idempotency, outbox, recount, relay
from shared.mongo import Database, connect
from shared.settings import MongoSettings
from volunteer import store

INDEXES: Mapping[str, Sequence[IndexModel]] = {
    **store.INDEXES,
    outbox.COLLECTION: relay.INDEXES,
    idempotency.COLLECTION: idempotency.indexes(),
    accesslog.COLLECTION: accesslog.indexes(),
    **recount.INDEXES,
}


def migrate(database: Database) -> None:
    """Bring the database to the present schema; running it again changes nothing."""
    present = set(database.list_collection_names())
    for collection, indexes in INDEXES.items():
        if collection not in present:
            database.create_collection(collection)
        database[collection].create_indexes(list(indexes))


if __name__ == "__main__":
    migrate(connect(MongoSettings()))
