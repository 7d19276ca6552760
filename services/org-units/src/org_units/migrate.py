"""Creates the collections and indexes of org-units: ``python -m org_units.migrate``.

Folds the names of units entered before doubles were looked for.
"""

from collections.abc import Iterator
from itertools import islice

from pymongo import UpdateOne

from org_units.units.likeness import fold
from org_units.units.rules import CHAPTER
from org_units.units.store import COUNTERS, INDEXES
from org_units.units.tree import UNITS
from shared.base.mongo import Database, connect
from shared.base.settings import MongoSettings
from shared.register.migration import migrate_writer, of_entities

CHUNK = 5_000


def migrate(database: Database) -> None:
    """Bring the database to the present schema; running it again changes nothing."""
    migrate_writer(database, {**of_entities(UNITS, INDEXES), COUNTERS: ()})
    writes = _folded(database)
    while chunk := list(islice(writes, CHUNK)):
        database[UNITS].bulk_write(chunk, ordered=False)


def _folded(database: Database) -> Iterator[UpdateOne]:
    """Yield the writes of the names that are not folded yet; a renamed unit is left as it is."""
    units = database[UNITS]
    chapters = {son["_id"]: son["name"] for son in units.find({"type": CHAPTER}, {"name": 1})}
    unfolded = {"type": {"$ne": CHAPTER}, "name_key": {"$exists": False}}
    for son in units.find(unfolded, {"name": 1, "lineage": 1}):
        above = [chapters[one] for one in reversed(son["lineage"]) if one in chapters]
        seen = {"_id": son["_id"], "name": son["name"], "name_key": {"$exists": False}}
        yield UpdateOne(seen, {"$set": {"name_key": fold(son["name"], above)}})


if __name__ == "__main__":
    migrate(connect(MongoSettings()))
