"""Creates the collections and indexes of the member service: ``python -m member.migrate``."""

from member.membership import store
from shared.base.mongo import Database, connect
from shared.base.settings import MongoSettings
from shared.register.migration import migrate_writer


def migrate(database: Database) -> None:
    """Bring the database to the present schema; running it again changes nothing."""
    migrate_writer(database, store.INDEXES)


if __name__ == "__main__":
    migrate(connect(MongoSettings()))
