"""Creates the aggregator's indexes: ``python -m aggregator.migrate``."""

from aggregator import store
from shared.base.mongo import connect
from shared.base.settings import MongoSettings

if __name__ == "__main__":
    store.migrate(connect(MongoSettings()))
