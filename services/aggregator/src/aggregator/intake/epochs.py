"""A source's next epoch begins: what the ones before it counted beyond its start is taken off again.

The source was restored from a backup, so what it had sent since never happened (docs/design.md
section 5.6). Newest numbers first, one record in one transaction: the mark always is the last number
that counts, wherever this is cut off.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from aggregator.intake import store
from aggregator.intake.documents import DEAD_LETTERS, DISMISSED, OPEN, REPLAYED, VOIDED, letter_of
from aggregator.intake.projection import Delta, counted
from shared.base import log
from shared.base.clock import now
from shared.base.mongo import ClientSession, Database, transact
from shared.contract import events
from shared.contract.events import envelope
from shared.contract.events.envelope import Span
from shared.pipeline.eventlog import EventLog, TopicPartition
from shared.pipeline.former import former_cards
from shared.pipeline.marks import Cursor
from shared.pipeline.watermark import mark_key

_log = log.get(__name__)


class NotKept(Exception):
    """The log does not hold any more what would have to be taken off."""


@dataclass(frozen=True)
class Epochs:
    """Begins epochs in one worker's partitions.

    Args:
        topic_ids: of the topics it reads.
    """

    database: Database
    event_log: EventLog
    topic_ids: Mapping[str, str]

    def begin(
        self, place: TopicPartition, cursor: Cursor, source: str, epoch: int, start: int
    ) -> bool:
        """Begin an epoch in a partition, if it is due; return whether it was.

        Args:
            cursor: of the partition, as it is stored; it is kept up to date.
            start: the number after which the epoch begins.

        Raises:
            NotKept: the log lacks what is to be taken off; the epoch waits, as behind a gap.
            Superseded: another worker has the partition.
        """
        key = mark_key(source, epoch)
        if not cursor.is_due(key, start):
            return False
        for earlier in cursor.earlier(key):
            own = int(earlier.rpartition("@")[2])
            floor = max(start, cursor.starts.get(earlier, 0))
            self._take_off(place, cursor, Span(source, own, floor, cursor.sequences[earlier]))
        cursor.begin(key, start)
        of_units = place[0] == events.UNIT_TOPIC
        lost, kept = former_cards(self.event_log, place, cursor) if of_units else (set(), [])

        def run(session: ClientSession) -> None:
            store.replace_cards(self.database, lost, kept, session)
            store.advance(self.database, place, cursor, self.topic_ids, session)

        transact(self.database, run)
        cursor.commits += 1
        _log.warning("an epoch begins", place=place, key=key, start=start, units=len(lost))
        return True

    def _take_off(self, place: TopicPartition, cursor: Cursor, span: Span) -> None:
        """Take off what numbers of an epoch counted: those above ``first``, up to ``last``."""
        if span.first >= span.last:
            return
        key, top = mark_key(span.source, span.epoch), span.last
        found = self._records(place, span)
        while top > span.first:
            holding = [one for one in found if one.first <= top <= one.last]
            if not holding:
                raise NotKept(f"{place[0]}/{place[1]}: number {top} of {key}")
            record = min(holding, key=lambda one: one.first)
            below = max(span.first, record.first - 1)
            (read,) = self.event_log.read(place, found[record], found[record] + 1)
            delta = counted(place[0], read.value or b"", record, below + 1, top)
            piece = Span(span.source, span.epoch, below + 1, top)
            cursor.sequences[key] = top = below

            def run(session: ClientSession, delta: Delta = delta, piece: Span = piece) -> None:
                store.write_delta(self.database, delta.taken_off(), session)
                self._void_letters(place, piece, span.first, session)
                store.advance(self.database, place, cursor, self.topic_ids, session)

            transact(self.database, run)
            cursor.commits += 1

    def _records(self, place: TopicPartition, span: Span) -> dict[Span, int]:
        """Return the offsets of the records that hold some of these numbers, by their spans."""
        found: dict[Span, int] = {}
        for record in self.event_log.read(place, *self.event_log.bounds(place)):
            one = envelope.span_of(record.headers)
            if one is None or (one.source, one.epoch) != (span.source, span.epoch):
                continue
            if one.last > span.first and one.first <= span.last:
                found[one] = record.offset
        return found

    def _void_letters(
        self, place: TopicPartition, piece: Span, floor: int, session: ClientSession
    ) -> None:
        """Close the dead letters of void numbers; what a replay counted is taken off, too."""
        where = {
            "source": piece.source, "epoch": piece.epoch, "topic": place[0], "partition": place[1],
            "first": {"$lte": piece.last}, "last": {"$gte": piece.first},
            "state": {"$in": [OPEN, REPLAYED, DISMISSED]},
        }  # fmt: skip
        letters = self.database[DEAD_LETTERS]
        for document in letters.find(where, session=session):
            letter = letter_of(document)
            if document["state"] == REPLAYED:
                span = Span(letter.source, letter.epoch, letter.first, letter.last)
                value = document.get("counted", letter.raw)  # letters of before kept no other
                value = value if value.lstrip()[:1] == b"[" else b"[" + value + b"]"
                delta = counted(letter.topic, value, span, floor + 1, letter.last)
                store.write_delta(self.database, delta.taken_off(), session)
            closing = (
                {"last": floor} if letter.first <= floor else {"state": VOIDED, "voided_at": now()}
            )
            letters.update_one({"_id": letter.id}, {"$set": closing}, session=session)
