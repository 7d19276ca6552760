"""Creates the collections and indexes of the member service: ``python -m member.migrate``."""

from member import store
from shared.migration import migrate_writer
from shared.mongo import Database, connect
from shared.settings import MongoSettings


def migrate(database: Database) -> None:
    """Bring the database to the present schema; running it again changes nothing."""
    migrate_writer(database, store.INDEXES)


if __name__ == "__main__":
    migrate(connect(MongoSettings()))
