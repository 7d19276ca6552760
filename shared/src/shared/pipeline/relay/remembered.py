"""What a relay remembers of each partition: the last number given, the last record acknowledged.

Both are in the source's database, one document a partition, and change in the transactions that
number rows and that mark them as sent.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from pymongo import UpdateOne

from shared.base.mongo import ClientSession, Database
from shared.pipeline.eventlog import TopicPartition

SEQUENCES = "relay_sequences"


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A record of ours that the log acknowledged.

    A log is only appended to, and loses its tail: while this record is where it was, all that was
    sent before it is there too.

    Args:
        topic_id: of the topic, which differs after it was deleted and created again.
        offset: -1 where the topic holds none of ours that would be needed.
        epoch: of the source.
        sequence: the last of the record's numbers.
    """

    topic_id: str
    offset: int
    epoch: int
    sequence: int


@dataclass(frozen=True, slots=True)
class Remembered:
    """What is stored of one partition.

    Args:
        given: the last number given; 0 for none.
        acknowledged: None where nothing was sent yet, or by an earlier release only.
    """

    given: int = 0
    acknowledged: Acknowledged | None = None


def name_of(place: TopicPartition) -> str:
    """Return a partition as stored numbers name it."""
    return f"{place[0]}/{place[1]}"


def load(database: Database, session: ClientSession | None = None) -> dict[str, Remembered]:
    """Return what is remembered of each partition, by its name."""
    found = database[SEQUENCES].find(session=session)
    return {document["_id"]: _remembered(document) for document in found}


def _remembered(document: Mapping[str, Any]) -> Remembered:
    record = document.get("acknowledged")
    return Remembered(document.get("last", 0), Acknowledged(**record) if record else None)


def starts(database: Database) -> dict[str, dict[str, int]]:
    """Return where each epoch after the first begins, by epoch and partition's name."""
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for item in database[SEQUENCES].find({"starts": {"$exists": True}}):
        for epoch, start in item["starts"].items():
            found[epoch][item["_id"]] = start
    return dict(found)


def keep(
    database: Database, records: Mapping[TopicPartition, Acknowledged], session: ClientSession
) -> None:
    """Remember the last record acknowledged of partitions that numbers were given for."""
    updates = [
        UpdateOne({"_id": name_of(place)}, {"$set": {"acknowledged": asdict(record)}})
        for place, record in records.items()
    ]
    if updates:
        database[SEQUENCES].bulk_write(updates, ordered=False, session=session)
