"""The figures that the tests of the aggregator's HTTP look at."""

from datetime import date

import pytest

from aggregator import store
from shared import events
from shared.mongo import Database
from tests.integration.aggregator.served import CARDS, members, unit_event, write


@pytest.fixture
def filled(mongo: Database) -> Database:
    store.migrate(mongo)
    for name in (store.COUNTERS, store.HISTORY, store.UNITS, store.MARKS, store.DEAD_LETTERS):
        if name not in mongo.list_collection_names():
            mongo.create_collection(name)
    write(mongo, *((events.UNIT_TOPIC, unit_event(one, date(2021, 1, 1))) for one in CARDS))
    write(
        mongo,
        *((events.MEMBER_TOPIC, one) for one in members(7, date(2024, 5, 1))),
        *((events.MEMBER_TOPIC, one) for one in members(3, date(2025, 5, 1), sex="2")),
    )
    return mongo
