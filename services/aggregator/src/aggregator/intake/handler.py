"""The worker's handler and loop: folds records into chunks, commits them, rereads at a gap."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from prometheus_client import Counter, Gauge

from aggregator.intake import store
from aggregator.intake.epochs import Epochs, NotKept
from aggregator.intake.projection import Fold
from aggregator.settings import AggregatorSettings
from shared.base import log
from shared.base.clock import now
from shared.base.mongo import Database
from shared.contract import events
from shared.pipeline.consumer import WatchingConsumer
from shared.pipeline.eventlog import EventLog, Record, TopicPartition
from shared.pipeline.marks import Cursor, Watch
from shared.pipeline.watermark import given, starts

TOPICS = (
    *(topic for topics in events.TOPICS_OF_SOURCE.values() for topic in topics),
    events.WATERMARK_TOPIC,
)
GIVEN_SECONDS = 1.0
"""How often the stored watermarks are read: relays publish them as often."""
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
    _given: dict[TopicPartition, dict[str, int]] = field(default_factory=dict)
    """The last numbers given, by the watermarks that were stored, by whichever worker."""
    _asked: float = float("-inf")
    """When (monotonic) the stored watermarks were last read."""

    def __post_init__(self) -> None:
        settings = self.settings
        self._watch = Watch(settings.gap_rewind_seconds, settings.gap_alarm_seconds)

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
        self._watch.received((record.topic, record.partition))
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
        ROWS.inc(fold.delta.rows)
        for letter in fold.dead:
            DEAD.inc()
            _log.error("dead letter", id=letter.id, reason=letter.reason)

    def gaps(self) -> list[str]:
        """Return a line for each partition that waits for numbers longer than the alarm's age."""
        return self._watch.problems(self._cursors)

    def rewinds(self) -> list[TopicPartition]:
        """Return the partitions to be read again from the beginning; see ``Watch``.

        What was given is read from the database: one worker alone reads the watermarks, and each
        watches its own partitions.
        """
        moment = time.monotonic()
        if moment - self._asked >= GIVEN_SECONDS:
            self._asked = moment
            stored = store.watermarks(self.database)
            self._given = given(stored)
            if started := self._begin(starts(stored)):
                return started
        GAPS.set(sum(1 for cursor in self._cursors.values() if cursor.gap))
        return self._watch.rewinds(self._cursors, self._given)

    def _begin(
        self, announced: Mapping[TopicPartition, list[tuple[str, int, int]]]
    ) -> list[TopicPartition]:
        """Begin the epochs that are due; return the partitions where one has started."""
        places = [place for place in announced if place in self._cursors]
        if not places:
            return []
        self.commit()  # what is folded rests on the marks as they are
        epochs = Epochs(self.database, self.event_log, self._topic_ids)
        started = []
        for place in places:
            for source, epoch, start in announced[place]:
                try:
                    if epochs.begin(place, self._cursors[place], source, epoch, start):
                        started.append(place)
                except NotKept as problem:
                    _log.error("an epoch cannot begin", problem=str(problem))
                    break
        return started


class CountingConsumer(WatchingConsumer):
    """The loop of the counting worker."""

    handler: CountingHandler
