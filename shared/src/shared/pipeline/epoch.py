"""Raises a source's epoch after its database was restored from a backup (docs/design.md section 5.6).

Numbers go on from those of the backup, under the next epoch, and every watermark says where that
begins: whatever the log holds of earlier epochs beyond it never happened, and readers take it off.
"""

import argparse
import sys
from contextlib import closing
from dataclasses import dataclass
from itertools import product

from pymongo import UpdateOne

from shared.base.mongo import ClientSession, Database, connect, transact
from shared.base.settings import KafkaSettings, MongoSettings
from shared.contract import events
from shared.contract.events import envelope
from shared.pipeline import lease
from shared.pipeline.eventlog import EventLog, TopicPartition
from shared.pipeline.kafka import KafkaLog
from shared.pipeline.relay import SEQUENCES, SOURCE
from shared.pipeline.relay.remembered import name_of

TOKENS_AHEAD = 1_000_000
"""The backup holds an older token; a relay of before the restore must not find its own again."""


@dataclass(frozen=True)
class Raised:
    """What was done: the new epoch, and after which number it begins in each partition."""

    source: str
    epoch: int
    starts: dict[str, int]


def raise_epoch(database: Database, event_log: EventLog, source: str, partitions: int) -> Raised:
    """Raise a source's epoch beyond the one of its database and any that the log holds.

    Its relay, if one runs, is fenced: it starts over under the new epoch.

    Raises:
        LogUnavailable: a partition cannot be read now; nothing was changed.
    """
    places = list(product(events.TOPICS_OF_SOURCE[source], range(partitions)))
    in_log = max(_last_epoch(event_log, place, source) for place in places)

    def run(session: ClientSession) -> Raised:
        database[lease.COLLECTION].update_one(
            {"_id": "relay"},
            {"$inc": {"token": TOKENS_AHEAD}, "$set": {"holder": ""}},
            session=session,
        )
        found = database[SOURCE].find_one({"_id": source}, session=session) or {"epoch": 1}
        epoch = max(found["epoch"], in_log) + 1
        database[SOURCE].update_one(
            {"_id": source}, {"$set": {"epoch": epoch}}, upsert=True, session=session
        )
        given = {one["_id"]: one["last"] for one in database[SEQUENCES].find(session=session)}
        starts = {name: given.get(name, 0) for name in map(name_of, places)}
        database[SEQUENCES].bulk_write(
            [
                UpdateOne(
                    {"_id": name},
                    {"$set": {f"starts.{epoch}": start}, "$setOnInsert": {"last": 0}},
                    upsert=True,
                )
                for name, start in starts.items()
            ],
            session=session,
        )
        return Raised(source, epoch, starts)

    return transact(database, run)


def _last_epoch(event_log: EventLog, place: TopicPartition, source: str) -> int:
    """Return the epoch of a source's last record in a partition; 0 where there is none."""
    begin, end = event_log.bounds(place)
    for offset in range(end - 1, begin - 1, -1):
        for record in event_log.read(place, offset, offset + 1):
            span = envelope.span_of(record.headers)
            if span is not None and span.source == source:
                return span.epoch
    return 0


def main() -> None:
    """Raise the epoch of the database that the environment names, and print what was done."""
    parser = argparse.ArgumentParser(description=__doc__)
    names = [source.rsplit("/", 1)[1] for source in events.TOPICS_OF_SOURCE]
    parser.add_argument("--source", required=True, choices=names)
    source, kafka = f"/services/{parser.parse_args().source}", KafkaSettings()
    database = connect(MongoSettings())
    with closing(database.client), closing(KafkaLog(kafka, client_id="epoch")) as event_log:
        raised = raise_epoch(database, event_log, source, kafka.kafka_partitions)
    sys.stdout.write(f"{raised.source} {raised.epoch}\n")


if __name__ == "__main__":
    main()
