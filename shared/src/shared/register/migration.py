"""The schema every writer has: what its relay, worker, web edge and jobs keep, together with its own.

Creating is explicit and can be repeated; a service's ``migrate.py`` names what is its own.
"""

from collections.abc import Mapping, Sequence

from pymongo import ASCENDING, IndexModel

from shared.base.mongo import Database
from shared.pipeline import lease, outbox, relay
from shared.register import directory, jobs, recount, trail

Indexes = Mapping[str, Sequence[IndexModel]]
"""By collection; one without indexes of its own is created all the same."""

OF_EVERY_WRITER: Indexes = {
    outbox.COLLECTION: relay.INDEXES,
    **trail.INDEXES,
    **jobs.INDEXES,
    **recount.INDEXES,
    **dict.fromkeys(
        (relay.SEQUENCES, relay.SOURCE, lease.COLLECTION, directory.MARKS, directory.WATERMARKS), ()
    ),
}

FORMER_INDEX = "sent"


def of_entities(collection: str, indexes: Sequence[IndexModel]) -> Indexes:
    """Return the indexes of entities and of their earlier versions."""
    return {
        collection: indexes,
        f"{collection}_versions": [
            IndexModel([("entity", ASCENDING), ("version", ASCENDING)], name="entity")
        ],
    }


def migrate_writer(database: Database, own: Indexes) -> None:
    """Bring a writer's database to the present schema; running it again changes nothing.

    Collections are created here because a transaction that creates one conflicts with every other
    that would.

    Args:
        own: the collections that this service alone has.
    """
    present = set(database.list_collection_names())
    for collection, indexes in {**own, **OF_EVERY_WRITER}.items():
        if collection not in present:
            database.create_collection(collection)
        if indexes:
            database[collection].create_indexes(list(indexes))
    # In earlier releases the outbox forgot what was sent a week ago, counted or not.
    if FORMER_INDEX in database[outbox.COLLECTION].index_information():
        database[outbox.COLLECTION].drop_index(FORMER_INDEX)
