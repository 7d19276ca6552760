"""One partition count for every process, and the topics': a row must not wait for a partition that is not there.

Who reaches the log compares its setting with the topics. The relay stores what it has found equal,
and who only writes outbox rows compares its setting with that.
"""

from collections.abc import Iterable, Mapping

from shared.base.mongo import AsyncDatabase, Database, Document
from shared.contract import events
from shared.pipeline import outbox
from shared.pipeline.eventlog import EventLog

SOURCE = "relay_source"
SETTING = "REGISTRY_KAFKA_PARTITIONS"


class PartitionsDiffer(Exception):
    """The setting is not what the topics have; the message names both and what to do."""


def compare(event_log: EventLog, topics: Iterable[str], setting: int) -> None:
    """Compare a setting with the topics.

    Args:
        topics: those of them that hold facts are compared; the others have one partition.
        setting: partitions of each topic, as this process is set.

    Raises:
        PartitionsDiffer: a topic has more or fewer.
        LogUnavailable: the log cannot be reached now, or a topic is not there yet.
    """
    facts = {topic for owned in events.TOPICS_OF_SOURCE.values() for topic in owned}
    compare_counts(event_log.partition_counts(sorted(facts.intersection(topics))), setting)


def compare_counts(counts: Mapping[str, int], setting: int) -> None:
    """Compare a setting with the partition count of each topic; raise ``PartitionsDiffer``."""
    wrong = [f"{topic} has {count}" for topic, count in counts.items() if count != setting]
    if wrong:
        raise PartitionsDiffer(
            f"{SETTING} is {setting}, but {', '.join(wrong)} partitions. Set {SETTING} of every "
            "process to what the topics have; they must all have the same."
        )


def confirm(database: Database, source: str, setting: int) -> None:
    """Store the count that the topics have, for those who write and do not reach the log.

    Raises:
        PartitionsDiffer: numbered rows wait for a partition that the topics do not have.
    """
    for topic in events.TOPICS_OF_SOURCE[source]:
        beyond = {"topic": topic, "partition": {"$gte": setting}}
        row = database[outbox.COLLECTION].find_one({"state": outbox.NUMBERED, **beyond})
        if row is not None:
            raise PartitionsDiffer(
                f"{topic} has {setting} partitions, but events of partition {row['partition']} are "
                "not sent yet. Create the topic with as many partitions as it had before."
            )
    stored: Document = {"$set": {"partitions": setting}, "$setOnInsert": {"epoch": 1}}
    database[SOURCE].update_one({"_id": source}, stored, upsert=True)


async def check_confirmed(database: AsyncDatabase, setting: int) -> None:
    """Compare the setting of a process that writes outbox rows with what the relay has found.

    Before a relay has ever run there is nothing to compare with; the relay then brings rows whose
    partition is not there into one that is.

    Raises:
        PartitionsDiffer: they are not the same.
    """
    async for found in database[SOURCE].find({"partitions": {"$exists": True, "$ne": setting}}):
        raise PartitionsDiffer(
            f"{SETTING} is {setting}, but the topics of {found['_id']} have {found['partitions']} "
            f"partitions. Set {SETTING} of every process to {found['partitions']}. If the topics "
            "were changed, start the relay first."
        )
