"""The worker's handler and loop: folds records into chunks, commits them, rereads at a gap."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from prometheus_client import Counter, Gauge

from aggregator.intake import store
from aggregator.intake.projection import Cursor, Fold
from aggregator.settings import AggregatorSettings
from shared.base import log
from shared.base.clock import now
from shared.base.mongo import Database
from shared.contract import events
from shared.pipeline.consumer import POLL_SECONDS, Consumer
from shared.pipeline.eventlog import EventLog, Record, TopicPartition
from shared.pipeline.watermark import mark_key

TOPICS = (
    *(topic for topics in events.TOPICS_OF_SOURCE.values() for topic in topics),
    events.WATERMARK_TOPIC,
)
MOST_HALVINGS = 12
"""Of a chunk, one for each commit that failed: in the end each record is committed alone."""

ROWS = Counter("registry_worker_rows_applied", "Entity versions applied to counters")
DEAD = Counter("registry_worker_dead_letters", "Events set aside as dead letters")
GAPS = Gauge("registry_worker_gaps", "Partitions with a gap in their numbers now")

_log = log.get(__name__)


@dataclass
class CountingHandler:
    """Folds records over stored cursors and commits a chunk as one transaction."""

    database: Database
    event_log: EventLog
    settings: AggregatorSettings
    _topic_ids: Mapping[str, str] = field(default_factory=dict)
    _cursors: dict[TopicPartition, Cursor] = field(default_factory=dict)
    _fold: Fold | None = None
    _started: float = 0.0
    _halvings: int = 0
    _rewound: dict[TopicPartition, tuple[float, int]] = field(default_factory=dict)
    """When each partition with a gap was last sent back to its beginning, and how often."""
    _announced: dict[TopicPartition, dict[str, int]] = field(default_factory=dict)
    """The last numbers given, according to the watermarks."""
    _received: dict[TopicPartition, float] = field(default_factory=dict)
    """When (monotonic) the last record of each partition arrived."""
    _unread: dict[TopicPartition, float] = field(default_factory=dict)
    """Since when (monotonic) announced numbers have been missing."""

    def positions(self, partitions: Iterable[TopicPartition]) -> Mapping[TopicPartition, int]:
        """Forget the fold; return what is stored."""
        partitions = list(partitions)
        topics = sorted({topic for topic, _ in partitions})
        self._topic_ids = self.event_log.topic_ids(topics) if topics else {}
        self._cursors = store.load_cursors(self.database, partitions, self._topic_ids)
        self._fold = None
        return {place: cursor.offset for place, cursor in self._cursors.items()}

    def fold(self, record: Record) -> None:
        if self._fold is None:
            self._fold = Fold(self._cursors, now)
            self._started = time.monotonic()
        self._received[(record.topic, record.partition)] = time.monotonic()
        self._fold.add(record)

    def due(self) -> bool:
        """Return whether the chunk is full or old enough."""
        # A chunk too large for the server must not come back as large: it would never commit.
        most_documents = self.settings.chunk_documents >> self._halvings
        return self._fold is not None and (
            self._fold.delta.rows >= self.settings.chunk_rows
            or self._fold.delta.documents() >= most_documents
            or time.monotonic() - self._started >= self.settings.chunk_seconds
        )

    def commit(self) -> None:
        """Apply the chunk; see ``store.commit``."""
        fold, self._fold = self._fold, None
        if fold is None:
            return
        try:
            store.commit(self.database, fold, self._topic_ids)
        except Exception:
            self._halvings = min(self._halvings + 1, MOST_HALVINGS)
            raise
        self._halvings = max(0, self._halvings - 1)
        for mark in fold.watermarks.values():
            for topic, numbers in mark.sequences.items():
                for partition, number in numbers.items():
                    place = (topic, int(partition))
                    self._announced[place] = {mark_key(mark.source, mark.epoch): number}
        ROWS.inc(fold.delta.rows)
        for letter in fold.dead:
            DEAD.inc()
            _log.error("dead letter", id=letter.id, reason=letter.reason)

    def gaps(self) -> list[str]:
        """Return a line for each partition whose gap is older than the alarm's age."""
        alarm = self.settings.gap_alarm_seconds
        return [
            f"{place[0]}/{place[1]}: number {gap.expected} has not come"
            for place, cursor in self._cursors.items()
            # Read once: the thread of health asks while the worker may close the gap.
            if (gap := cursor.gap) and (now() - gap.since).total_seconds() > alarm
        ]

    def rewinds(self) -> list[TopicPartition]:
        """Return the partitions to be read again from the beginning.

        One with a gap is, and one that is silent though numbers beyond it were given: a broker
        that lost its tail may hold the resend before the position read so far, without any gap.
        Each time it may take twice as long: a long partition, sent back before it was read to its
        end, would never come to the resend.
        """
        wait, moment = self.settings.gap_rewind_seconds, time.monotonic()
        wanted = []
        for place, cursor in self._cursors.items():
            silent = self._silent_seconds(place, cursor, moment)
            if cursor.gap is None and silent is None:
                self._rewound.pop(place, None)
                continue
            since = now() if cursor.gap is None else cursor.gap.since
            waited = max(silent or 0.0, (now() - since).total_seconds()) > wait
            last, times = self._rewound.get(place, (float("-inf"), 0))
            if waited and moment - last > 3 * wait * 2**times:
                self._rewound[place] = (moment, times + 1)
                wanted.append(place)
        GAPS.set(sum(1 for cursor in self._cursors.values() if cursor.gap))
        return wanted

    def _silent_seconds(self, place: TopicPartition, cursor: Cursor, moment: float) -> float | None:
        """Return for how long nothing came though numbers were given; None: all have come."""
        announced = self._announced.get(place, {})
        if all(cursor.sequences.get(key, 0) >= number for key, number in announced.items()):
            self._unread.pop(place, None)
            return None
        return moment - max(self._unread.setdefault(place, moment), self._received.get(place, 0.0))


class CountingConsumer(Consumer):
    """A consumer that rereads a partition whose gap does not close by itself."""

    handler: CountingHandler

    def turn(self, timeout: float = POLL_SECONDS) -> int:
        """Poll, fold, commit; then rewind where a gap has stood too long."""
        count = super().turn(timeout)
        for place in self.handler.rewinds():
            _log.warning("gap stands; rereading the partition", place=place)
            self.seek(place, 0)
        return count
