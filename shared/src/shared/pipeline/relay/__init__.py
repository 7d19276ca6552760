"""The relay: gives outbox rows their numbers, sends them in order, marks what is acknowledged.

Order of a cycle, so that a crash anywhere loses and doubles nothing (docs/design.md section 5.2):
1. take unnumbered rows;
2. number them in one fenced transaction;
3. send from the first unsent row of each partition, in sequence order, and check every answer;
4. mark only the contiguous prefix that was acknowledged.
A resend after a crash carries the same numbers and ids, which the worker's marks recognise.
"""

from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from itertools import product
from typing import Any

from pymongo.collection import ReturnDocument

from shared.base import log
from shared.base.mongo import ClientSession, Database, server_time, transact
from shared.contract import events
from shared.contract.marks import Mark
from shared.pipeline import outbox, partitions
from shared.pipeline.eventlog import EventLog, LogUnavailable, TopicPartition
from shared.pipeline.lease import Fenced, Lease, take
from shared.pipeline.partitions import SOURCE as SOURCE
from shared.pipeline.relay import backlog, remembered
from shared.pipeline.relay.backlog import INDEXES as INDEXES
from shared.pipeline.relay.comparing import Comparer
from shared.pipeline.relay.health import PartitionHealth
from shared.pipeline.relay.numbering import give_numbers
from shared.pipeline.relay.pruning import prune
from shared.pipeline.relay.remembered import SEQUENCES as SEQUENCES
from shared.pipeline.relay.remembered import Acknowledged, Remembered, name_of
from shared.pipeline.relay.sending import Receipt, Sender, place_of
from shared.pipeline.relay.tail import Writer
from shared.pipeline.relay.watermark import HEADERS, PATIENCE, watermark

LEASE_SECONDS = 10
RENEW_SECONDS = LEASE_SECONDS / 4

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
    _confirmed: bool = False
    """Whether the topics have as many partitions as this relay is set to."""
    starts: dict[str, dict[str, int]] = field(default_factory=dict)
    """By epoch after the first and ``topic/partition``: the number after which its numbers begin."""
    _settled_numbers: dict[str, int] = field(default_factory=dict)
    """The last numbers given by ``settled_at``: all of them are in the log."""

    def __post_init__(self) -> None:
        self._sender = Sender(
            self.event_log, self.source, RENEW_SECONDS, renew=lambda: self._fence(None)
        )
        self._comparer = Comparer(
            self.database, self.event_log, self._fence, lambda: self._sender.keep_leading()
        )
        self._take_health(PartitionHealth())

    @property
    def _topics(self) -> tuple[str, ...]:
        return events.TOPICS_OF_SOURCE[self.source]

    def places(self) -> list[TopicPartition]:
        """Return the partitions this source writes to."""
        return list(product(self._topics, range(self.partitions)))

    def lead(self) -> bool:
        """Become or stay the leader; on becoming it, compare the log's tail with the rows.

        Raises:
            Fenced: another relay has taken the lease.
            PartitionsDiffer: the topics have another partition count than this relay is set to.
        """
        if self.lease is not None:
            self.lease.check(self.database, None, seconds=LEASE_SECONDS)
            return True
        self._confirm_partitions()
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
            self.starts = remembered.starts(self.database)
            known = self._sender.health.unreadable
            self._take_health(PartitionHealth(set(self.places()), known))
            self.heal()
        except BaseException:
            self.resign()  # who has not compared and knows no epoch does not lead
            raise
        _log.info("leading", source=self.source, token=self.lease.token, epoch=self.epoch)
        return True

    def _confirm_partitions(self) -> None:
        """Compare the partition count with the topics, once in this process's life."""
        if not self._confirmed:
            partitions.compare(self.event_log, self._topics, self.partitions)
            partitions.confirm(self.database, self.source, self.partitions)
            self._confirmed = True

    def _take_health(self, health: PartitionHealth) -> None:
        self._sender.health = self._comparer.health = health

    def refusals(self) -> list[str]:
        """Return a line for each record that the log does not take; none while standing by."""
        refused = [] if self.lease is None else list(self._sender.health.refusals.values())
        return [str(refusal) for refusal in refused]

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
        self._compare_doubtful()
        numbered = self.number()
        sent, all_sent = self.send() if self._unsent_left else (0, True)
        self._unsent_left = not all_sent
        if before and all_sent and numbered < backlog.ROWS_PER_CYCLE:
            # Together: a watermark must not hold numbers that are given but not sent.
            self.settled_at, self._settled_numbers = before, self._given()
        return sent

    def _given(self, session: ClientSession | None = None) -> dict[str, int]:
        """Return the last number given in each partition, ``topic/partition``."""
        found = remembered.load(self.database, session)
        return {name: item.given for name, item in found.items() if item.given}

    def number(self) -> int:
        """Give the rows not yet numbered the next sequences of their partitions.

        Where the log's end was not compared yet, no number is given: a restored database would
        give numbers that the log holds already, and the worker would skip the new events.
        """
        uncompared = self._sender.health.uncompared
        rows = backlog.unnumbered(self.database, self.partitions, uncompared)
        if rows:
            self._unsent_left = True  # first: a commit may succeed and its answer be lost
            transact(
                self.database,
                lambda session: give_numbers(self.database, rows, self.epoch, self._fence, session),
            )
        return len(rows)

    def send(self) -> tuple[int, bool]:
        """Send what is numbered and unsent; return how many, and whether that was all."""
        rows, complete = self._unsent()
        if not rows:
            return 0, complete
        marked: dict[TopicPartition, Receipt] = {}
        acknowledged = self._sender.deliver(rows)
        if acknowledged:
            marked = transact(self.database, lambda session: self._mark(acknowledged, session))
        self._sender.health.doubtful |= acknowledged.keys() - marked.keys()
        numbers = {place: receipt.sequence for place, receipt in marked.items()}
        sent = sum(1 for row in rows if row["sequence"] <= numbers.get(place_of(row), 0))
        return sent, complete and sent == len(rows)

    def _unsent(self) -> tuple[list[dict[str, Any]], bool]:
        """Return the first unsent rows in order, and whether there are no others."""
        health = self._sender.health
        idle = health.idle()
        if not idle and not health.alone:
            return backlog.unsent(self.database, [None])
        # Each partition that takes some has its share: one could fill a cycle.
        rows, complete = backlog.unsent(self.database, [p for p in self.places() if p not in idle])
        return rows, complete and not idle

    def _mark(
        self, acknowledged: dict[TopicPartition, Receipt], session: ClientSession
    ) -> dict[TopicPartition, Receipt]:
        """Mark rows as sent and remember their last record; return what was marked.

        A partition is left out whose log gave an offset anew: it has lost its tail, and what was
        appended since would hide that.
        """
        self._fence(session)
        known = remembered.load(self.database, session)
        marked: dict[TopicPartition, Receipt] = {}
        records: dict[TopicPartition, Acknowledged] = {}
        for place, receipt in acknowledged.items():
            before = known.get(name_of(place), Remembered()).acknowledged
            if before is not None and receipt.first_offset <= before.offset:
                continue
            marked[place] = receipt
            numbers = {"sequence": {"$lte": receipt.sequence}}
            self.database[outbox.COLLECTION].update_many(
                {"state": outbox.NUMBERED, "topic": place[0], "partition": place[1], **numbers},
                [{"$set": {"state": outbox.SENT, "sent_at": "$$NOW"}}],
                session=session,
            )
            topic_id = self._comparer.topic_ids[place[0]]
            records[place] = Acknowledged(topic_id, receipt.offset, receipt.epoch, receipt.sequence)
        remembered.keep(self.database, records, session)
        return marked

    def heal(self) -> int:
        """Compare each partition's log with what was acknowledged; resend what it lost.

        Returns:
            how many rows will be sent again.

        Raises:
            LogUnavailable: those asked first cannot be read; the next time others are.
            SourceBehindLog: the log is ahead of the database.
            TailGone: rows that would have to be resent are no longer kept.
        """
        return self._compare(self.places(), self._comparer.gaps(self._writer()))

    def doubt_renewed_topics(self) -> None:
        """Have the topics compared that were deleted and created again since the last comparison.

        Raises:
            LogUnavailable: the log cannot be reached now.
            PartitionsDiffer: one of them has another partition count now.
        """
        renewed = self._comparer.renewed_topics()
        if renewed:
            partitions.compare(self.event_log, renewed, self.partitions)
        self._sender.health.doubtful |= {place for place in self.places() if place[0] in renewed}

    def take_marks(self, marks: Iterable[Mark]) -> None:
        """Take how far the aggregator has counted, and the gaps it reports."""
        self._comparer.marks = {((m.topic, m.partition), m.epoch): m for m in marks}

    def _compare_doubtful(self) -> None:
        health = self._sender.health
        places = health.doubtful - health.resting() - health.uncompared
        if places:
            with suppress(LogUnavailable):
                self._compare(places, ())
            # What could not be read is read again with all others: each question takes seconds.
            health.uncompared |= places & health.doubtful

    def _compare(self, places: Iterable[TopicPartition], gaps: Collection[TopicPartition]) -> int:
        self._unsent_left = True  # first: as when numbers are given
        return self._comparer.compare(places, self._writer(), gaps)

    def _writer(self) -> Writer:
        return Writer(self.source, self.epoch, self.starts.get(str(self.epoch), {}))

    def publish_watermark(self) -> bool:
        """Publish up to when everything is numbered and sent, and the last number of each partition.

        Returns:
            whether the log took it; a lost watermark is followed by the next one.
        """
        if self.settled_at is None:
            return False
        value = watermark(
            self.source, self.epoch, self.settled_at, self._settled_numbers, self.starts
        )
        return self._sender.publish(events.WATERMARK_TOPIC, value, HEADERS, PATIENCE)

    def prune(self) -> int:
        """Delete the rows that were sent long ago and are counted; return how many."""
        return prune(self.database, self._comparer.marks.values(), self._fence)

    def _fence(self, session: ClientSession | None) -> None:
        if self.lease is None:
            raise Fenced("no lease")
        self.lease.check(self.database, session, seconds=LEASE_SECONDS)
