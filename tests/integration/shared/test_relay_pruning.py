"""The relay deletes a sent row only when it is a week old and the aggregator has counted it."""

from datetime import timedelta

import pytest

from shared.base.clock import now
from shared.base.mongo import Database
from shared.contract.marks import Mark
from shared.pipeline import outbox, relay
from shared.pipeline.relay import pruning
from shared.register.migration import migrate_writer
from tests.integration.pipeline import Pipeline, log_in_memory

WEEK = timedelta(seconds=outbox.KEEP_SENT_SECONDS)


@pytest.fixture
def leader(mongo: Database) -> relay.Relay:
    """A relay that has sent twenty rows of one partition, all of them more than a week ago."""
    pipeline = Pipeline(mongo, log_in_memory())
    pipeline.write(20, units=1)
    found = pipeline.relay()
    pipeline.send(found)
    age(mongo, WEEK + timedelta(hours=1))
    return found


def age(mongo: Database, by: timedelta, **which: object) -> None:
    mongo[outbox.COLLECTION].update_many(which, {"$set": {"sent_at": now() - by}})


def counted(mongo: Database, sequence: int, epoch: int = 1) -> list[Mark]:
    """Return the mark of the one partition that has rows."""
    row = mongo[outbox.COLLECTION].find_one()
    assert row is not None
    place = {"topic": row["topic"], "partition": row["partition"]}
    return [Mark(**place, epoch=epoch, sequence=sequence)]


def kept(mongo: Database) -> list[int]:
    return sorted(row["sequence"] for row in mongo[outbox.COLLECTION].find())


def test_a_relay_deletes_the_old_rows_that_are_counted(
    mongo: Database, leader: relay.Relay
) -> None:
    leader.take_marks(counted(mongo, 12))
    assert leader.prune() == 12
    assert kept(mongo) == list(range(13, 21))
    assert leader.prune() == 0


def test_a_relay_deletes_nothing_while_nobody_says_what_is_counted(
    mongo: Database, leader: relay.Relay
) -> None:
    assert leader.prune() == 0
    leader.take_marks(counted(mongo, 20, epoch=2))
    assert leader.prune() == 0
    assert len(kept(mongo)) == 20


def test_a_relay_keeps_a_counted_row_for_a_week_and_those_behind_it(
    mongo: Database, leader: relay.Relay
) -> None:
    age(mongo, WEEK - timedelta(hours=1), sequence=5)
    leader.take_marks(counted(mongo, 20))
    assert leader.prune() == 4
    assert kept(mongo) == list(range(5, 21))


def test_a_relay_deletes_no_row_that_is_to_be_sent_again(
    mongo: Database, leader: relay.Relay
) -> None:
    mongo[outbox.COLLECTION].update_many(
        {"sequence": {"$gt": 3}}, {"$set": {"state": outbox.NUMBERED}}
    )
    leader.take_marks(counted(mongo, 20))
    assert leader.prune() == 3


def test_a_relay_deletes_many_rows_in_parts(
    mongo: Database, leader: relay.Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pruning, "ROWS_AT_ONCE", 8)
    leader.take_marks(counted(mongo, 20))
    assert [leader.prune() for _ in range(4)] == [8, 8, 4, 0]


def test_the_index_by_which_the_outbox_forgot_uncounted_rows_is_dropped(mongo: Database) -> None:
    mongo[outbox.COLLECTION].create_index("sent_at", name="sent", expireAfterSeconds=604_800)
    for _ in range(2):
        migrate_writer(mongo, {})
        assert set(mongo[outbox.COLLECTION].index_information()) == {
            "_id_", "unnumbered", "numbered",
        }  # fmt: skip
