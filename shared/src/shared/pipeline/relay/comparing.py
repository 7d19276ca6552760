"""Compares each partition's log with what was acknowledged, and has what it lost sent again.

A comparison is due on becoming the leader, every so often, and for a partition that is in doubt: a
delivery failed, an acknowledged offset was not beyond the last one, its topic has another id, or
the aggregator reports a gap.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field

from shared.base import log
from shared.base.mongo import Database
from shared.contract.marks import Mark, ReportedGap
from shared.pipeline import outbox
from shared.pipeline.eventlog import EventLog, LogUnavailable, Record, TopicPartition
from shared.pipeline.relay import remembered, tail
from shared.pipeline.relay.health import PartitionHealth
from shared.pipeline.relay.remembered import Remembered, name_of
from shared.pipeline.relay.tail import Coverage, Extent, Fence, SourceBehindLog, TailGone, Writer

MOST_UNREADABLE = 2
"""Partitions asked in vain in one comparison: each question takes some seconds."""
TIMES_REPORTED = 2

_log = log.get(__name__)


@dataclass
class Comparer:
    """Compares the partitions of one source.

    Args:
        database: the writer's database.
        event_log: the log.
        fence: raises where another relay leads.
        keep_leading: to be called wherever something may take its time.
    """

    database: Database
    event_log: EventLog
    fence: Fence
    keep_leading: Callable[[], None]
    health: PartitionHealth = field(default_factory=PartitionHealth)
    marks: dict[tuple[TopicPartition, int], Mark] = field(default_factory=dict)
    """How far the aggregator has counted, by partition and epoch; empty where it is not known."""
    topic_ids: dict[str, str] = field(default_factory=dict)
    """As last compared."""
    _reports: Counter[tuple[TopicPartition, ReportedGap]] = field(default_factory=Counter)
    """How often each gap was found in the marks; what was sent a moment ago is on its way."""

    def compare(
        self, places: Iterable[TopicPartition], writer: Writer, gaps: Collection[TopicPartition]
    ) -> int:
        """Compare some partitions; return how many rows will be sent again.

        A partition that cannot be read is left for the next time and takes nothing till then.

        Args:
            gaps: those whose whole log is to be read.

        Raises:
            LogUnavailable: those asked first cannot be read; the next time others are.
            SourceBehindLog: the log is ahead of the database.
            TailGone: rows that would have to be resent are no longer kept.
        """
        known, health = remembered.load(self.database), self.health
        resent, read, in_vain = 0, 0, 0
        ids: dict[str, str] = {}
        # Those that could not be read the last time come last: they must not hide the others.
        for place in sorted(places, key=lambda place: place in health.unreadable):
            self.keep_leading()
            try:
                extent = self._extent(place, ids)
                stored = known.get(name_of(place), Remembered())
                resent += self._compare(place, writer, extent, stored, place in gaps)
            except LogUnavailable:
                health.unreadable.add(place)
                in_vain += 1
                if in_vain < MOST_UNREADABLE:
                    continue
                if not read:
                    raise  # as it looks, the log itself is gone and not a leader or two
                break
            read += 1
            health.compared(place)
        self.topic_ids |= ids
        if resent:
            _log.warning("log lost its tail; resending", source=writer.source, rows=resent)
        return resent

    def renewed_topics(self) -> set[str]:
        """Return the topics that have another id than at the last comparison."""
        found = self.event_log.topic_ids(sorted(self.topic_ids)) if self.topic_ids else {}
        return {topic for topic, known in self.topic_ids.items() if found.get(topic) != known}

    def gaps(self, writer: Writer) -> set[TopicPartition]:
        """Return the partitions that miss a number, as reported, though it was sent.

        A gap is returned when it is found the second time, and not again: what the log holds
        the worker will find by itself.
        """
        found = set()
        for (place, epoch), mark in self.marks.items():
            if mark.gap is None or epoch != writer.epoch:
                continue
            report = (place, mark.gap.model_copy(update={"seen": 0}))
            unsent = {"state": outbox.NUMBERED, "topic": place[0], "partition": place[1]}
            number = {"sequence": mark.gap.expected, "epoch": epoch}
            if self.database[outbox.COLLECTION].find_one({**unsent, **number}) is None:
                self._reports[report] += 1
                if self._reports[report] == TIMES_REPORTED:
                    found.add(place)
        return found

    def _extent(self, place: TopicPartition, ids: dict[str, str]) -> Extent:
        # The bounds first: they fail where the topic is gone, and an id older than they are only
        # makes the next comparison find it out.
        begin, end = self.event_log.bounds(place)
        topic = place[0]
        if topic not in ids:
            ids |= self.event_log.topic_ids([topic])
        return Extent(ids[topic], begin, end)

    def _compare(
        self,
        place: TopicPartition,
        writer: Writer,
        extent: Extent,
        stored: Remembered,
        whole: bool,
    ) -> int:
        in_log = tail.last_in_log(self.event_log, place, writer, extent)
        if in_log > stored.given:
            self.fence(None)  # who slept through a takeover compares old with new
            raise SourceBehindLog(f"{name_of(place)}: log {in_log}, database {stored.given}")
        if stored.given == 0:
            return 0
        if stored.acknowledged is None:
            reason: str | None = "nothing is remembered of it"
        else:
            reason = tail.loss(self.event_log, place, writer.source, extent, stored.acknowledged)
        if reason is None and not whole:
            return 0
        _log.warning("reading a partition for what it lacks", place=place, reason=reason or "gap")
        coverage = self._coverage(place, writer, extent, stored.given)
        return tail.unmark(self.database, place, coverage, stored.given, self.fence)

    def _coverage(
        self, place: TopicPartition, writer: Writer, extent: Extent, given: int
    ) -> Coverage:
        """Return what the log lacks of what is kept, and of what nobody may have counted.

        Raises:
            TailGone: it lacks what is not kept, and the aggregator is not known to have counted it.
        """
        found = tail.scan(self._records(place, extent), writer, extent, writer.start(place))
        kept = tail.first_kept(self.database, place, writer.epoch, given)
        if found.lacking >= kept:
            return found
        mark = self.marks.get((place, writer.epoch))
        if mark is None or mark.sequence < kept - 1:
            self.fence(None)
            raise TailGone(f"{name_of(place)}: {found.lacking} to {kept - 1} are not kept any more")
        _log.error("the log lacks what was counted and is not kept any more", place=place,
                   first=found.lacking, last=kept - 1)  # fmt: skip
        return tail.scan(self._records(place, extent), writer, extent, kept - 1)

    def _records(self, place: TopicPartition, extent: Extent) -> Iterator[Record]:
        for record in self.event_log.read(place, extent.begin, extent.end):
            self.keep_leading()
            yield record
