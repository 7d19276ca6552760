"""The relay: gives outbox rows their numbers, sends them in order, marks what is acknowledged.

Order of a cycle, so that a crash anywhere loses and doubles nothing (design.md section 5.2):
1. take unnumbered rows;
2. number them in one fenced transaction;
3. send from the first unsent row of each partition, in sequence order, and check every answer;
4. mark only the contiguous prefix that was acknowledged.
A resend after a crash carries the same numbers and ids, which the worker's marks recognise.
"""

import time
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

import orjson
from pymongo import ASCENDING, IndexModel, UpdateOne
from pymongo.collection import ReturnDocument

from shared import events, log, outbox
from shared.eventlog import (
    Delivery,
    DeliveryFailed,
    EventLog,
    LogUnavailable,
    Producer,
    TopicPartition,
)
from shared.events import envelope
from shared.lease import Fenced, Lease, take
from shared.mongo import ClientSession, Database, server_time, transact
from shared.relay.packing import pack, place_of

SEQUENCES = "relay_sequences"
SOURCE = "relay_source"
LEASE_SECONDS = 10
ROWS_PER_CYCLE = 5_000
BYTES_PER_CYCLE = 16 * 1024 * 1024
DELIVERY_SECONDS = 25.0

INDEXES = [
    IndexModel(
        [("state", ASCENDING), ("_id", ASCENDING)],
        name="unnumbered",
        partialFilterExpression={"state": outbox.WRITTEN},
    ),
    IndexModel(
        [
            ("state", ASCENDING),
            ("topic", ASCENDING),
            ("partition", ASCENDING),
            ("sequence", ASCENDING),
        ],
        name="numbered",
        partialFilterExpression={"state": {"$gte": outbox.NUMBERED}},
    ),
    IndexModel([("sent_at", ASCENDING)], name="sent", expireAfterSeconds=outbox.KEEP_SENT_SECONDS),
]

_log = log.get(__name__)


class SourceBehindLog(Exception):
    """The log holds higher numbers than the database gave: it was restored; raise its epoch."""


class TailGone(Exception):
    """The log lost records whose outbox rows are no longer kept: only a rebuild heals that."""


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
    _producer: Producer | None = field(default=None, repr=False)
    _unsent_left: bool = True
    """Whether numbered rows may be waiting; spares an idle relay a query every cycle."""

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
            self.epoch = found["epoch"] if found else 1
            self.heal()
        except BaseException:
            self.resign()  # who has not compared and knows no epoch does not lead
            raise
        _log.info("leading", source=self.source, token=self.lease.token, epoch=self.epoch)
        return True

    def resign(self) -> None:
        """Forget the lease and the producer; the next ``lead`` starts from what is stored."""
        self.lease, self._unsent_left = None, True
        self._drop_producer()

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
        if before is not None and all_sent and numbered < ROWS_PER_CYCLE:
            self.settled_at = before
        return sent

    def number(self) -> int:
        """Give the rows not yet numbered the next sequences of their partitions."""
        rows = list(
            self.database[outbox.COLLECTION]
            .find({"state": outbox.WRITTEN}, {"topic": 1, "partition": 1})
            .sort("_id", ASCENDING)
            .limit(ROWS_PER_CYCLE)
        )
        if rows:
            self._unsent_left = True  # first: a commit may succeed and its answer be lost
            transact(self.database, lambda session: self._number(rows, session))
        return len(rows)

    def _number(self, rows: list[dict[str, Any]], session: ClientSession) -> None:
        self._fence(session)
        places = {f"{row['topic']}/{row['partition']}" for row in rows}
        last = dict.fromkeys(places, 0)
        for known in self.database[SEQUENCES].find({"_id": {"$in": list(places)}}, session=session):
            last[known["_id"]] = known["last"]
        updates = []
        for row in rows:
            place = f"{row['topic']}/{row['partition']}"
            last[place] += 1
            numbers = {"state": outbox.NUMBERED, "sequence": last[place], "epoch": self.epoch}
            updates.append(
                UpdateOne({"_id": row["_id"], "state": outbox.WRITTEN}, {"$set": numbers})
            )
        outcome = self.database[outbox.COLLECTION].bulk_write(
            updates, ordered=False, session=session
        )
        if outcome.matched_count != len(rows):
            raise Fenced("rows were numbered by another relay")
        self.database[SEQUENCES].bulk_write(
            [
                UpdateOne({"_id": place}, {"$set": {"last": number}}, upsert=True)
                for place, number in last.items()
            ],
            session=session,
        )

    def send(self) -> tuple[int, bool]:
        """Send what is numbered and unsent; return how many, and whether that was all."""
        rows, complete = self._unsent()
        if not rows:
            return 0, complete
        acknowledged = self._deliver(rows)
        if acknowledged:
            transact(self.database, lambda session: self._mark(acknowledged, session))
        sent = sum(1 for row in rows if row["sequence"] <= acknowledged.get(place_of(row), 0))
        return sent, complete and sent == len(rows)

    def _unsent(self) -> tuple[list[dict[str, Any]], bool]:
        rows: list[dict[str, Any]] = []
        size = 0
        found = (
            self.database[outbox.COLLECTION]
            .find({"state": outbox.NUMBERED})
            .sort([("topic", ASCENDING), ("partition", ASCENDING), ("sequence", ASCENDING)])
            .limit(ROWS_PER_CYCLE)
        )
        for row in found:
            rows.append(row)
            size += len(row["body"])
            if size > BYTES_PER_CYCLE:
                return rows, False
        return rows, len(rows) < ROWS_PER_CYCLE

    def _deliver(self, rows: list[dict[str, Any]]) -> dict[TopicPartition, int]:
        """Send rows packed into records; return the last acknowledged number of each partition.

        Only a prefix counts: behind a refused record nothing of that partition is marked, though
        a later record may have got through. It is sent again, and the worker skips it.
        """
        waiting = self._hand_over(rows)
        acknowledged: dict[TopicPartition, int] = {}
        broken: set[TopicPartition] = set()
        deadline = time.monotonic() + DELIVERY_SECONDS
        for place, span, delivery in waiting:
            try:
                delivery.wait(max(0.0, deadline - time.monotonic()))
            except DeliveryFailed as problem:
                if not broken:
                    _log.warning("delivery failed", place=place, problem=str(problem))
                broken.add(place)
            else:
                if place not in broken:
                    acknowledged[place] = span.last
        if broken:
            self._drop_producer()
        return acknowledged

    def _hand_over(
        self, rows: list[dict[str, Any]]
    ) -> list[tuple[TopicPartition, envelope.Span, Delivery]]:
        if self._producer is None:
            self._producer = self.event_log.producer()
        waiting = []
        try:
            for place, span, value in pack(rows, self.source):
                delivery = self._producer.send(*place, value, envelope.headers(span))
                waiting.append((place, span, delivery))
        except LogUnavailable as problem:
            _log.warning("log unavailable", source=self.source, problem=str(problem))
        return waiting

    def _mark(self, acknowledged: dict[TopicPartition, int], session: ClientSession) -> None:
        self._fence(session)
        for (topic, partition), last in acknowledged.items():
            self.database[outbox.COLLECTION].update_many(
                {
                    "state": outbox.NUMBERED,
                    "topic": topic,
                    "partition": partition,
                    "sequence": {"$lte": last},
                },
                [{"$set": {"state": outbox.SENT, "sent_at": "$$NOW"}}],
                session=session,
            )

    def heal(self) -> int:
        """Compare each partition's last number in the log with the rows; resend what it lost.

        Returns:
            how many rows will be sent again.

        Raises:
            SourceBehindLog: the log is ahead of the database.
            TailGone: rows that would have to be resent are no longer kept.
        """
        resent = 0
        given = {item["_id"]: item["last"] for item in self.database[SEQUENCES].find()}
        for topic in events.TOPICS_OF_SOURCE[self.source]:
            for partition in range(self.partitions):
                last = given.get(f"{topic}/{partition}", 0)
                in_log = self._last_in_log((topic, partition))
                if in_log > last:
                    self._fence(None)  # who slept through a takeover compares old with new
                    raise SourceBehindLog(f"{topic}/{partition}: log {in_log}, database {last}")
                if in_log < last:
                    resent += self._unmark(topic, partition, in_log, last)
        if resent:
            _log.warning("log lost its tail; resending", source=self.source, rows=resent)
        return resent

    def _unmark(self, topic: str, partition: int, in_log: int, last: int) -> int:
        rows, place = self.database[outbox.COLLECTION], {"topic": topic, "partition": partition}
        lost = {"state": {"$gte": outbox.NUMBERED}, "sequence": {"$gt": in_log, "$lte": last}}
        kept = rows.count_documents({**place, **lost})
        if kept != last - in_log:
            raise TailGone(f"{topic}/{partition}: {kept} of {last - in_log} rows are kept")
        self._unsent_left = True

        def unmark(start: int, session: ClientSession) -> int:
            self._fence(session)
            part = {"$gt": start, "$lte": min(start + ROWS_PER_CYCLE, last)}
            return rows.update_many(
                {"state": outbox.SENT, **place, "sequence": part},
                {"$set": {"state": outbox.NUMBERED}, "$unset": {"sent_at": ""}},
                session=session,
            ).modified_count

        # A week's rows are no one transaction; the lowest first, so that a crash leaves no gap.
        parts = range(in_log, last, ROWS_PER_CYCLE)
        return sum(transact(self.database, partial(unmark, start)) for start in parts)

    def _last_in_log(self, place: TopicPartition) -> int:
        begin, end = self.event_log.bounds(place)
        for offset in range(end - 1, begin - 1, -1):
            for record in self.event_log.read(place, offset, offset + 1):
                span = envelope.span_of(record.headers)
                if span and span.source == self.source and span.epoch == self.epoch:
                    return span.last
        return 0

    def publish_watermark(self) -> bool:
        """Tell up to when everything is numbered and sent, and the last number of each partition.

        Returns:
            whether the log took it; a lost watermark is followed by the next one.
        """
        if self.settled_at is None:
            return False
        sequences: dict[str, dict[str, int]] = defaultdict(dict)
        for item in self.database[SEQUENCES].find():
            topic, _, partition = item["_id"].rpartition("/")
            sequences[topic][partition] = item["last"]
        value = orjson.dumps(
            {
                "source": self.source,
                "epoch": self.epoch,
                "at": self.settled_at.isoformat(),
                "sequences": sequences,
            }
        )
        if self._producer is None:
            self._producer = self.event_log.producer()
        try:
            headers = [("content-type", b"application/json")]
            self._producer.send(events.WATERMARK_TOPIC, 0, value, headers).wait(5.0)
        except (DeliveryFailed, LogUnavailable):
            self._drop_producer()
            return False
        return True

    def _fence(self, session: ClientSession | None) -> None:
        if self.lease is None:
            raise Fenced("no lease")
        self.lease.check(self.database, session, seconds=LEASE_SECONDS)

    def _drop_producer(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            producer.close()
