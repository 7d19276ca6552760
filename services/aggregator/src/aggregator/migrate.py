"""Creates the aggregator's indexes: ``python -m aggregator.migrate``."""

from aggregator.deadletters import store as deadletters
from aggregator.intake import store as intake
from aggregator.recount import store as recount
from shared.base.mongo import Database, connect
from shared.base.settings import MongoSettings

# An index whose keys change gets a new name: an older database keeps its own under the old one.
INDEXES = {**intake.INDEXES, **deadletters.INDEXES, **recount.INDEXES}


def migrate(database: Database) -> None:
    """Create the indexes; running it again changes nothing."""
    for name, indexes in INDEXES.items():
        database[name].create_indexes(indexes)


if __name__ == "__main__":
    migrate(connect(MongoSettings()))
