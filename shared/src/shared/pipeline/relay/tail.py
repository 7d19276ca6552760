"""The end of a partition's log against what was acknowledged, and the resending of what is lost.

``loss`` is the one place that decides whether a log has lost anything (docs/design.md section 5.4).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

from shared.base.mongo import ClientSession, Database, transact
from shared.contract.events import envelope
from shared.pipeline import outbox
from shared.pipeline.eventlog import EventLog, Record, TopicPartition
from shared.pipeline.relay import remembered
from shared.pipeline.relay.remembered import Acknowledged, name_of

ROWS_AT_ONCE = 5_000
"""Rows unmarked in one transaction: a week's rows are none."""
Fence = Callable[[ClientSession | None], None]


class SourceBehindLog(Exception):
    """The log holds higher numbers than the database gave: it was restored; raise its epoch."""


class TailGone(Exception):
    """The log lost records whose outbox rows are gone, and which nobody is known to have counted."""


@dataclass(frozen=True, slots=True)
class Writer:
    """Whose numbers are looked for in a log: a source in one of its epochs.

    Args:
        starts: by partition, the number after which those of an epoch after the first begin.
    """

    source: str
    epoch: int
    starts: Mapping[str, int] = field(default_factory=dict)

    def start(self, place: TopicPartition) -> int:
        """Return the number after which those of this epoch begin in a partition."""
        return self.starts.get(name_of(place), 0)

    def span(self, record: Record) -> envelope.Span | None:
        """Return the numbers of a record of this writer; None for any other record."""
        span = envelope.span_of(record.headers)
        if span is None or (span.source, span.epoch) != (self.source, self.epoch):
            return None
        return span


@dataclass(frozen=True, slots=True)
class Extent:
    """What a partition's log holds now.

    Args:
        topic_id: of its topic.
        begin: the first offset that is there.
        end: the next one to be written.
    """

    topic_id: str
    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """What a log holds of a writer's numbers.

    Args:
        lacking: the first number that it lacks.
        acknowledged: the record that, read from the beginning, completes the numbers before it.
    """

    lacking: int
    acknowledged: Acknowledged


def last_in_log(event_log: EventLog, place: TopicPartition, writer: Writer, extent: Extent) -> int:
    """Return the last number of a writer that a partition's log holds; 0 for none.

    Where the log ends with an earlier epoch, nothing beyond the start of this one counts.

    Raises:
        LogUnavailable: the partition cannot be read now.
        SourceBehindLog: the log holds a later epoch: the backup is of before it was raised.
    """
    for offset in range(extent.end - 1, extent.begin - 1, -1):
        for record in event_log.read(place, offset, offset + 1):
            span = envelope.span_of(record.headers)
            if span is None or span.source != writer.source:
                continue
            if span.epoch > writer.epoch:
                epochs = f"log epoch {span.epoch}, database {writer.epoch}"
                raise SourceBehindLog(f"{name_of(place)}: {epochs}")
            return span.last if span.epoch == writer.epoch else min(span.last, writer.start(place))
    return 0


def loss(
    event_log: EventLog, place: TopicPartition, source: str, extent: Extent, sent: Acknowledged
) -> str | None:
    """Return why a log is known to have lost what it acknowledged; None where it has not.

    Args:
        source: CloudEvents source of what was sent.
        extent: what the log holds now.
        sent: the last record that it acknowledged.

    Raises:
        LogUnavailable: the partition cannot be read now.
    """
    if sent.topic_id != extent.topic_id:
        return f"topic id {sent.topic_id} has become {extent.topic_id}"
    if sent.offset < extent.begin:
        return None  # nothing is remembered, or an operator has cut the beginning off
    if sent.offset >= extent.end:
        return f"offset {sent.offset} was acknowledged, the log ends before {extent.end}"
    writer = Writer(source, sent.epoch)
    for record in event_log.read(place, sent.offset, sent.offset + 1):
        span = writer.span(record)
        if span is not None and span.last == sent.sequence:
            return None
    return f"offset {sent.offset} holds another record than number {sent.sequence}"


def scan(records: Iterator[Record], writer: Writer, extent: Extent, above: int) -> Coverage:
    """Return what the records of a whole log hold of a writer's numbers.

    Args:
        above: numbers up to this one are taken as there.
    """
    expected, first = above + 1, True
    last = Acknowledged(extent.topic_id, -1, writer.epoch, 0)
    later: list[tuple[int, int]] = []
    for record in records:
        span = writer.span(record)
        if span is None:
            continue
        if first and extent.begin > 0:  # an operator has cut the beginning off
            expected = max(expected, span.first)
        first = False
        if span.first > expected:
            _add(later, span.first, span.last)
        elif span.last >= expected:
            expected = _after(span.last + 1, later)
            last = Acknowledged(extent.topic_id, record.offset, writer.epoch, span.last)
    return Coverage(expected, last)


def _add(runs: list[tuple[int, int]], first: int, last: int) -> None:
    """Add numbers to runs of them; those of one resend make one run."""
    if runs and runs[-1][0] <= first <= runs[-1][1] + 1:
        first, last = runs[-1][0], max(last, runs.pop()[1])
    runs.append((first, last))


def _after(expected: int, runs: list[tuple[int, int]]) -> int:
    """Return the number expected after the runs that follow without a gap."""
    for first, last in sorted(runs):
        if first <= expected:
            expected = max(expected, last + 1)
    return expected


def first_kept(database: Database, place: TopicPartition, epoch: int, given: int) -> int:
    """Return the first number whose row is kept; the number after ``given`` where none is."""
    rows = database[outbox.COLLECTION]
    lowest = given + 1
    for state in (outbox.NUMBERED, outbox.SENT):
        where = {"state": state, "topic": place[0], "partition": place[1], "epoch": epoch}
        for row in rows.find(where, {"sequence": 1}).sort("sequence").limit(1):
            lowest = min(lowest, row["sequence"])
    return lowest


def unmark(
    database: Database, place: TopicPartition, coverage: Coverage, given: int, fence: Fence
) -> int:
    """Mark the rows from the first lacking number on as unsent; return how many were sent before.

    Then what the log holds is remembered in place of what it lost.

    Args:
        given: the last number given.
        fence: raises, in the transaction if any, where another relay leads.

    Raises:
        TailGone: not all of the rows are kept any more.
    """
    rows, epoch = database[outbox.COLLECTION], coverage.acknowledged.epoch
    where = {"topic": place[0], "partition": place[1], "epoch": epoch}
    lost = {"state": {"$gte": outbox.NUMBERED}, "sequence": {"$gte": coverage.lacking}}
    kept, wanted = rows.count_documents({**where, **lost}), given + 1 - coverage.lacking
    if kept < wanted:
        fence(None)  # who slept through a takeover compares old with new
        raise TailGone(f"{name_of(place)}: {kept} of {wanted} rows are kept")

    def part(start: int, session: ClientSession) -> int:
        fence(session)
        numbers = {"$gte": start, "$lt": start + ROWS_AT_ONCE}
        return rows.update_many(
            {"state": outbox.SENT, **where, "sequence": numbers},
            {"$set": {"state": outbox.NUMBERED}, "$unset": {"sent_at": ""}},
            session=session,
        ).modified_count

    def end(session: ClientSession) -> None:
        fence(session)
        remembered.keep(database, {place: coverage.acknowledged}, session)

    # The lowest first, so that a crash leaves no gap; what is remembered last, so that it resumes.
    starts = range(coverage.lacking, given + 1, ROWS_AT_ONCE)
    resent = sum(transact(database, partial(part, start)) for start in starts)
    transact(database, end)
    return resent
