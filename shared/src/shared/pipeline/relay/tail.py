"""The end of a partition's log against the outbox: what the log lost is marked as unsent again."""

from collections.abc import Callable
from functools import partial

from shared.base.mongo import ClientSession, Database, transact
from shared.contract.events import envelope
from shared.pipeline import outbox
from shared.pipeline.eventlog import EventLog, TopicPartition

ROWS_AT_ONCE = 5_000
"""Rows unmarked in one transaction: a week's rows are none."""
Fence = Callable[[ClientSession | None], None]


class SourceBehindLog(Exception):
    """The log holds higher numbers than the database gave: it was restored; raise its epoch."""


class TailGone(Exception):
    """The log lost records whose outbox rows are no longer kept: only a rebuild heals that."""


def name_of(place: TopicPartition) -> str:
    """Return a partition as stored numbers name it."""
    return f"{place[0]}/{place[1]}"


def last_in_log(
    event_log: EventLog, place: TopicPartition, source: str, epoch: int, start: int = 0
) -> int:
    """Return the last number of a source and epoch that a partition's log holds; 0 for none.

    Args:
        start: the number after which those of this epoch begin; where the log ends with an earlier
            epoch, it holds nothing beyond.

    Raises:
        LogUnavailable: the partition cannot be read now.
        SourceBehindLog: the log holds a later epoch: the backup is of before it was raised.
    """
    begin, end = event_log.bounds(place)
    for offset in range(end - 1, begin - 1, -1):
        for record in event_log.read(place, offset, offset + 1):
            span = envelope.span_of(record.headers)
            if span is None or span.source != source:
                continue
            if span.epoch > epoch:
                raise SourceBehindLog(f"{name_of(place)}: log epoch {span.epoch}, database {epoch}")
            return span.last if span.epoch == epoch else min(span.last, start)
    return 0


def unmark(database: Database, place: TopicPartition, in_log: int, last: int, fence: Fence) -> int:
    """Mark the rows numbered beyond ``in_log`` as unsent again; return how many were sent before.

    Args:
        in_log: the last number the log holds.
        last: the last number given.
        fence: raises, in the transaction if any, where another relay leads.

    Raises:
        SourceBehindLog: the log holds numbers that were never given.
        TailGone: not all of them are kept any more.
    """
    if in_log > last:
        fence(None)  # who slept through a takeover compares old with new
        raise SourceBehindLog(f"{name_of(place)}: log {in_log}, database {last}")
    if in_log == last:
        return 0
    rows = database[outbox.COLLECTION]
    where = {"topic": place[0], "partition": place[1]}
    lost = {"state": {"$gte": outbox.NUMBERED}, "sequence": {"$gt": in_log, "$lte": last}}
    kept = rows.count_documents({**where, **lost})
    if kept != last - in_log:
        raise TailGone(f"{name_of(place)}: {kept} of {last - in_log} rows are kept")

    def part(start: int, session: ClientSession) -> int:
        fence(session)
        numbers = {"$gt": start, "$lte": min(start + ROWS_AT_ONCE, last)}
        return rows.update_many(
            {"state": outbox.SENT, **where, "sequence": numbers},
            {"$set": {"state": outbox.NUMBERED}, "$unset": {"sent_at": ""}},
            session=session,
        ).modified_count

    # The lowest first, so that a crash leaves no gap.
    return sum(
        transact(database, partial(part, start)) for start in range(in_log, last, ROWS_AT_ONCE)
    )
