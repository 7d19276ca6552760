"""The relay while partitions of the log have no leader: they hold up no other, and lose nothing."""

from collections import Counter
from contextlib import suppress

import orjson
import pytest

from shared.base.mongo import Database
from shared.contract import events
from shared.pipeline import outbox, relay
from shared.pipeline.eventlog import LogUnavailable
from tests.integration.pipeline import Pipeline, log_in_memory
from tests.waiting import until


def places(mongo: Database) -> Counter[tuple[str, int]]:
    """Return how many rows each partition has."""
    rows = mongo[outbox.COLLECTION].find({}, {"topic": 1, "partition": 1})
    return Counter((row["topic"], row["partition"]) for row in rows)


def sent(mongo: Database) -> int:
    return mongo[outbox.COLLECTION].count_documents({"state": outbox.SENT})


def test_a_partition_without_a_leader_holds_up_no_other_of_the_relay(
    mongo: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first partition's backlog filled each cycle, and nobody led while it could not be read."""
    monkeypatch.setattr(relay.backlog, "ROWS_PER_CYCLE", 9)
    log = log_in_memory()
    pipeline = Pipeline(mongo, log)
    pipeline.write(90)
    found = places(mongo)
    lost = min(found)
    log.leaderless.add(lost)
    leader = pipeline.relay()
    until(lambda: leader.cycle() == 0 and leader.number() == 0, "the others are sent")
    assert sent(mongo) == 90 - found[lost]
    assert leader.settled_at is None  # and nothing is called complete
    log.leaderless.clear()
    leader.heal()
    until(lambda: leader.cycle() == 0 and leader.settled_at is not None, "all is sent")
    pipeline.drain(pipeline.consumer())
    assert pipeline.by_unit() == pipeline.expected()


@pytest.mark.parametrize("lost", [(0, 1), (0, 2), (1, 2)])
def test_a_relay_leads_though_most_of_its_partitions_have_no_leader(
    mongo: Database, lost: tuple[int, int]
) -> None:
    """Every comparison ended at the second partition it asked in vain, always the same."""
    pipeline = Pipeline(mongo, log_in_memory(*lost))
    pipeline.write(60, units=12)
    leader = pipeline.standby("member-relay-0")

    def leads() -> bool:
        with suppress(LogUnavailable):
            return leader.lead()
        return False

    until(leads, "the relay leads")
    until(lambda: leader.cycle() == 0, "what can be sent is sent")
    unsent = mongo[outbox.COLLECTION].distinct("partition", {"state": {"$ne": outbox.SENT}})
    assert set(unsent) <= set(lost)
    assert sent(mongo) > 0


def test_a_relay_gives_no_number_where_the_log_may_be_ahead(mongo: Database) -> None:
    """A restored database gave numbers the log held; the worker skipped the events of them."""
    log = log_in_memory()
    pipeline = Pipeline(mongo, log)
    pipeline.write(40, units=1)
    first = pipeline.relay()
    until(lambda: first.cycle() == 0, "all is sent")
    (place,) = places(mongo)
    mongo[outbox.COLLECTION].delete_many({"sequence": {"$gt": 30}})  # a backup of a while ago
    mongo["relay_sequences"].update_many({}, {"$set": {"last": 30}})
    log.leaderless.add(place)
    second = pipeline.relay()
    pipeline.write(15, units=1)
    second.cycle()
    assert mongo[outbox.COLLECTION].count_documents({"state": outbox.WRITTEN}) == 15
    log.leaderless.clear()
    with pytest.raises(relay.tail.SourceBehindLog):
        second.heal()


def test_a_watermark_of_the_relay_covers_only_what_was_sent(mongo: Database) -> None:
    log = log_in_memory()
    pipeline = Pipeline(mongo, log)
    leader = pipeline.relay()
    pipeline.write(10, units=1)
    until(lambda: leader.cycle() == 0 and leader.settled_at is not None, "all is sent")
    (place,) = places(mongo)
    log.leaderless.add(place)
    pipeline.write(5, units=1)
    leader.cycle()
    assert leader.publish_watermark()
    reported = orjson.loads(log._of((events.WATERMARK_TOPIC, 0))[-1].value or b"")
    assert reported["sequences"] == {place[0]: {str(place[1]): 10}}


def test_a_partition_that_loses_its_leader_rests_and_the_relay_comes_back_to_it(
    mongo: Database,
) -> None:
    log = log_in_memory()
    pipeline = Pipeline(mongo, log)
    leader = pipeline.relay()
    pipeline.write(12)
    lost = min(places(mongo))
    log.leaderless.add(lost)
    leader.cycle()
    left = mongo[outbox.COLLECTION].distinct("partition", {"state": outbox.NUMBERED})
    assert left == [lost[1]]
    assert leader.cycle() == 0
    log.leaderless.clear()
    until(lambda: leader.cycle() > 0, "the partition has rested")
    assert sent(mongo) == 12
