"""Compares every counter with a recount of the registers.

Each writer recounts at its own cluster time T and answers with the marks of T. Live counters have
moved on meanwhile, so the events between marks(T) and the live marks are read from the log and added
to the recount; then both must be equal, per unit, day and counter. Nothing is written.
"""

import time
from collections import Counter

import httpx

from aggregator.deadletters import service as deadletters
from aggregator.intake import service as intake
from aggregator.intake.projection import Addend, Cursor, Fold, mark_key
from aggregator.recount import rules
from aggregator.recount.registers import RecountFailed, ask
from aggregator.recount.rules import DIFFERENCES_SHOWN, Answer, Report
from shared.base.clock import now
from shared.base.ids import new_id
from shared.base.mongo import Database
from shared.contract.events import envelope
from shared.pipeline.eventlog import EventLog, TopicPartition

Cursors = dict[TopicPartition, Cursor]


def compare(
    database: Database,
    event_log: EventLog,
    client: httpx.Client,
    urls: list[str],
    *,
    seconds: float = 120.0,
) -> Report:
    """Recount, compare, and return the report.

    Args:
        database: the aggregator's database.
        event_log: where the events between recount and counters are read.
        client: carries the service token.
        urls: base addresses of the writers.
        seconds: how long the writers and the aggregator's worker may take together.

    Raises:
        RecountFailed: a writer did not answer, or the worker does not catch up.
    """
    start = time.monotonic()
    deadline = start + seconds
    before = intake.cursors(database)
    answers = [ask(client, url, deadline) for url in urls]
    while not _reached(intake.cursors(database), answers):
        if time.monotonic() > deadline:
            raise RecountFailed("the aggregator's worker has not reached the recount's marks")
        time.sleep(0.05)
    stored = intake.snapshot(database)
    expected: Counter[Addend] = Counter()
    for answer in answers:
        expected.update(answer.counts)
    expected.update(_since(event_log, answers, before, stored.cursors))
    open_dead_letters = deadletters.count_open(database)
    wrong = rules.differences(expected, stored.history, stored.counters)
    return Report(
        id=new_id(),
        at=now(),
        seconds=round(time.monotonic() - start, 3),
        equal=not wrong,
        compared=len(expected.keys() | stored.history.keys()) + len(stored.counters),
        open_dead_letters=open_dead_letters,
        counted_at={answer.source: answer.at for answer in answers},
        series=rules.totals(expected, stored.history),
        differing=len(wrong),
        differences=tuple(wrong[:DIFFERENCES_SHOWN]),
    )


def _reached(live: Cursors, answers: list[Answer]) -> bool:
    return all(
        live.get(place, Cursor()).sequences.get(answer.mark, 0) >= number
        for answer in answers
        for place, number in answer.marks().items()
    )


def _since(
    event_log: EventLog, answers: list[Answer], before: Cursors, live: Cursors
) -> Counter[Addend]:
    """Return what the log holds between the marks of the recount and the live marks."""
    start = {place: Cursor() for place in live}
    for answer in answers:
        for place, number in answer.marks().items():
            if place in start:
                start[place].sequences[answer.mark] = number
    fold = Fold(start, now)
    for place, cursor in live.items():
        first = before[place].offset if place in before else 0
        # To the log's end: behind a gap the stored offset stands still while resends apply.
        for record in event_log.read(place, first, event_log.bounds(place)[1]):
            span = envelope.span_of(record.headers)
            if span and span.last <= cursor.sequences.get(mark_key(span.source, span.epoch), 0):
                fold.add(record)
    return fold.delta.addends()
