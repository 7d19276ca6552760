"""Creates the collections and indexes of org-units: ``python -m org_units.migrate``."""

from org_units.units.store import COUNTERS, INDEXES
from org_units.units.tree import UNITS
from shared.base.mongo import Database, connect
from shared.base.settings import MongoSettings
from shared.register.closing import CLOSINGS
from shared.register.migration import migrate_writer, of_entities


def migrate(database: Database) -> None:
    """Bring the database to the present schema; running it again changes nothing."""
    migrate_writer(database, {**of_entities(UNITS, INDEXES), COUNTERS: (), CLOSINGS: ()})


if __name__ == "__main__":
    migrate(connect(MongoSettings()))
