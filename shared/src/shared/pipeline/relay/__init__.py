"""The relay: gives outbox rows their numbers, sends them in order, marks what is acknowledged.

Order of a cycle, so that a crash anywhere loses and doubles nothing (docs/design.md section 5.2):
1. take unnumbered rows;
2. number them in one fenced transaction;
3. send from the first unsent row of each partition, in sequence order, and check every answer;
4. mark only the contiguous prefix that was acknowledged.
A resend after a crash carries the same numbers and ids, which the worker's marks recognise.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from itertools import product
from typing import Any

import orjson
from pymongo import IndexModel, UpdateOne
from pymongo.collection import ReturnDocument

from shared.base import log
from shared.base.mongo import ClientSession, Database, server_time, transact
from shared.contract import events
from shared.pipeline import outbox
from shared.pipeline.eventlog import EventLog, LogUnavailable, TopicPartition
from shared.pipeline.lease import Fenced, Lease, take
from shared.pipeline.relay import tail
from shared.pipeline.relay.sending import MOST_UNREADABLE, PartitionHealth, Sender, place_of
from shared.pipeline.watermark import by_topic

SEQUENCES = "relay_sequences"
SOURCE = "relay_source"
LEASE_SECONDS = 10
ROWS_PER_CYCLE = 5_000
BYTES_PER_CYCLE = 16 * 1024 * 1024
RENEW_SECONDS = LEASE_SECONDS / 4
WATERMARK_PATIENCE = 5.0

IN_ORDER = ["topic", "partition", "sequence"]
INDEXES = [
    IndexModel(
        ["state", "_id"], name="unnumbered", partialFilterExpression={"state": outbox.WRITTEN}
    ),
    IndexModel(
        ["state", *IN_ORDER],
        name="numbered",
        partialFilterExpression={"state": {"$gte": outbox.NUMBERED}},
    ),
    IndexModel(["sent_at"], name="sent", expireAfterSeconds=outbox.KEEP_SENT_SECONDS),
]

_log = log.get(__name__)


@dataclass
class Relay:
    """The relay of one source.

    Args:
        database: the writer's database.
        event_log: where the events go.
        source: CloudEvents source, ``/services/member``.
        instance: name of this process, stable over restarts.
        partitions: partitions of each of the source's topics.
    """

    database: Database
    event_log: EventLog
    source: str
    instance: str
    partitions: int
    lease: Lease | None = None
    epoch: int = 1
    settled_at: datetime | None = None
    """Every commit up to this instant (server clock) is numbered and sent."""
    _unsent_left: bool = True
    """Whether numbered rows may be waiting; spares an idle relay a query every cycle."""
    starts: dict[str, dict[str, int]] = field(default_factory=dict)
    """By epoch after the first and ``topic/partition``: the number after which its numbers begin."""
    _settled_numbers: dict[str, int] = field(default_factory=dict)
    """The last numbers given by ``settled_at``: all of them are in the log."""

    def __post_init__(self) -> None:
        self._sender = Sender(
            self.event_log, self.source, RENEW_SECONDS, renew=lambda: self._fence(None)
        )

    def places(self) -> list[TopicPartition]:
        """Return the partitions this source writes to."""
        topics = events.TOPICS_OF_SOURCE[self.source]
        return list(product(topics, range(self.partitions)))

    def lead(self) -> bool:
        """Become or stay the leader; on becoming it, compare the log's tail with the rows.

        Raises:
            Fenced: another relay has taken the lease.
        """
        if self.lease is not None:
            self.lease.check(self.database, None, seconds=LEASE_SECONDS)
            return True
        self.lease = take(self.database, "relay", self.instance, seconds=LEASE_SECONDS)
        if self.lease is None:
            return False
        try:
            found = self.database[SOURCE].find_one_and_update(
                {"_id": self.source},
                {"$setOnInsert": {"epoch": 1}},
                upsert=True,
                return_document=ReturnDocument.AFTER,
            )
            self.epoch, self.starts = found["epoch"] if found else 1, starts_of(self.database)
            known = self._sender.health.unreadable
            self._sender.health = PartitionHealth(set(self.places()), known)
            self.heal()
        except BaseException:
            self.resign()  # who has not compared and knows no epoch does not lead
            raise
        _log.info("leading", source=self.source, token=self.lease.token, epoch=self.epoch)
        return True

    def resign(self) -> None:
        """Forget the lease and the producer; the next ``lead`` starts from what is stored."""
        self.lease, self._unsent_left = None, True
        self._sender.drop()

    def cycle(self, *, settle: bool = True) -> int:
        """Number and send what is there; return how many rows were sent.

        Args:
            settle: whether to find out up to when everything is sent, for the next watermark.

        Raises:
            Fenced: another relay leads; ``resign`` and stand by.
        """
        before = server_time(self.database) if settle else None
        numbered = self.number()
        sent, all_sent = self.send() if self._unsent_left else (0, True)
        self._unsent_left = not all_sent
        if before and all_sent and numbered < ROWS_PER_CYCLE:
            # Together: a watermark must not hold numbers that are given but not sent.
            self.settled_at, self._settled_numbers = before, self._given()
        return sent

    def _given(self, session: ClientSession | None = None) -> dict[str, int]:
        """Return the last number given in each partition, ``topic/partition``."""
        found = self.database[SEQUENCES].find(session=session)
        return {item["_id"]: item["last"] for item in found}

    def number(self) -> int:
        """Give the rows not yet numbered the next sequences of their partitions.

        Where the log's end was not compared yet, no number is given: a restored database would
        give numbers that the log holds already, and the worker would skip the new events.
        """
        wanted: dict[str, Any] = {"state": outbox.WRITTEN}
        if uncompared := self._sender.health.uncompared:
            wanted["$nor"] = [{"topic": topic, "partition": n} for topic, n in uncompared]
        rows = list(
            self.database[outbox.COLLECTION]
            .find(wanted, {"topic": 1, "partition": 1})
            .sort("_id")
            .limit(ROWS_PER_CYCLE)
        )
        if rows:
            self._unsent_left = True  # first: a commit may succeed and its answer be lost
            transact(self.database, lambda session: self._number(rows, session))
        return len(rows)

    def _number(self, rows: list[dict[str, Any]], session: ClientSession) -> None:
        self._fence(session)
        places = {tail.name_of(place_of(row)) for row in rows}
        given = self._given(session)
        last = {place: given.get(place, 0) for place in places}
        updates = []
        for row in rows:
            place = tail.name_of(place_of(row))
            last[place] += 1
            numbers = {"state": outbox.NUMBERED, "sequence": last[place], "epoch": self.epoch}
            written = {"_id": row["_id"], "state": outbox.WRITTEN}
            updates.append(UpdateOne(written, {"$set": numbers}))
        outbox_rows = self.database[outbox.COLLECTION]
        outcome = outbox_rows.bulk_write(updates, ordered=False, session=session)
        if outcome.matched_count != len(rows):
            raise Fenced("rows were numbered by another relay")
        reached = [
            UpdateOne({"_id": place}, {"$set": {"last": number}}, upsert=True)
            for place, number in last.items()
        ]
        self.database[SEQUENCES].bulk_write(reached, session=session)

    def send(self) -> tuple[int, bool]:
        """Send what is numbered and unsent; return how many, and whether that was all."""
        rows, complete = self._unsent()
        if not rows:
            return 0, complete
        acknowledged = self._sender.deliver(rows)
        if acknowledged:
            transact(self.database, lambda session: self._mark(acknowledged, session))
        sent = sum(1 for row in rows if row["sequence"] <= acknowledged.get(place_of(row), 0))
        return sent, complete and sent == len(rows)

    def _unsent(self) -> tuple[list[dict[str, Any]], bool]:
        """Return the first unsent rows in order, and whether there are no others."""
        rows: list[dict[str, Any]] = []
        size = 0
        idle = self._sender.health.idle()
        wanted: list[dict[str, Any]] = [{}]
        if idle:  # each partition that takes some has its share: one could fill a cycle
            wanted = [{"topic": t, "partition": n} for t, n in self.places() if (t, n) not in idle]
        for where in wanted:
            found = self.database[outbox.COLLECTION].find({"state": outbox.NUMBERED, **where})
            for row in found.sort(IN_ORDER).limit(ROWS_PER_CYCLE // len(wanted)):
                rows.append(row)
                size += len(row["body"])
                if size > BYTES_PER_CYCLE:
                    return rows, False
        return rows, not idle and len(rows) < ROWS_PER_CYCLE

    def _mark(self, acknowledged: dict[TopicPartition, int], session: ClientSession) -> None:
        self._fence(session)
        for (topic, partition), last in acknowledged.items():
            sent = {"topic": topic, "partition": partition, "sequence": {"$lte": last}}
            self.database[outbox.COLLECTION].update_many(
                {"state": outbox.NUMBERED, **sent},
                [{"$set": {"state": outbox.SENT, "sent_at": "$$NOW"}}],
                session=session,
            )

    def heal(self) -> int:
        """Compare each partition's last number in the log with the rows; resend what it lost.

        A partition that cannot be read is left for the next time and takes nothing till then.

        Returns:
            how many rows will be sent again.

        Raises:
            LogUnavailable: those asked first cannot be read; the next time others are.
            SourceBehindLog: the log is ahead of the database.
            TailGone: rows that would have to be resent are no longer kept.
        """
        health, given = self._sender.health, self._given()
        resent, read, in_vain = 0, 0, 0
        # Those that could not be read the last time come last: they must not hide the others.
        for place in sorted(self.places(), key=lambda place: place in health.unreadable):
            self._sender.keep_leading()
            try:
                start = self.starts.get(str(self.epoch), {}).get(tail.name_of(place), 0)
                in_log = tail.last_in_log(self.event_log, place, self.source, self.epoch, start)
            except LogUnavailable:
                health.unreadable.add(place)
                in_vain += 1
                if in_vain < MOST_UNREADABLE:
                    continue
                if not read:
                    raise  # as it looks, the log itself is gone and not a leader or two
                break
            read += 1
            health.unreadable.discard(place)
            last = given.get(tail.name_of(place), 0)
            self._unsent_left |= in_log < last  # first: as when numbers are given
            resent += tail.unmark(self.database, place, in_log, last, self._fence)
            health.uncompared.discard(place)
        if resent:
            _log.warning("log lost its tail; resending", source=self.source, rows=resent)
        return resent

    def publish_watermark(self) -> bool:
        """Publish up to when everything is numbered and sent, and the last number of each partition.

        Returns:
            whether the log took it; a lost watermark is followed by the next one.
        """
        if self.settled_at is None:
            return False
        watermark = {
            "source": self.source,
            "epoch": self.epoch,
            "at": self.settled_at.isoformat(),
            "sequences": by_topic(self._settled_numbers),
            "starts": {epoch: by_topic(numbers) for epoch, numbers in self.starts.items()},
        }
        headers = [("content-type", b"application/json")]
        return self._sender.publish(
            events.WATERMARK_TOPIC, orjson.dumps(watermark), headers, WATERMARK_PATIENCE
        )

    def _fence(self, session: ClientSession | None) -> None:
        if self.lease is None:
            raise Fenced("no lease")
        self.lease.check(self.database, session, seconds=LEASE_SECONDS)


def starts_of(database: Database) -> dict[str, dict[str, int]]:
    """Return where each epoch after the first begins, by epoch and ``topic/partition``."""
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for item in database[SEQUENCES].find({"starts": {"$exists": True}}):
        for epoch, start in item["starts"].items():
            found[epoch][item["_id"]] = start
    return dict(found)
