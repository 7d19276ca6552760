"""Creates the collections and indexes of org-units: ``python -m org_units.migrate``."""

from org_units import store
from shared.base.mongo import Database, connect
from shared.base.settings import MongoSettings
from shared.register.migration import migrate_writer, of_entities


def migrate(database: Database) -> None:
    """Bring the database to the present schema; running it again changes nothing."""
    own = {**of_entities(store.UNITS, store.indexes()), store.COUNTERS: ()}
    migrate_writer(database, own)


if __name__ == "__main__":
    migrate(connect(MongoSettings()))
