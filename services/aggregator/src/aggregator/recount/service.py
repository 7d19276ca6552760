"""Compares every counter with a recount of the registers.

Each writer recounts at its own cluster time T and answers with the marks of T. Live counters have
moved on meanwhile, so the events between marks(T) and the live marks are read from the log and added
to the recount; then both must be equal, per unit, day and counter. Nothing is written.
"""

import time
from collections import Counter
from dataclasses import dataclass
from typing import Any

import httpx

from aggregator.deadletters import service as deadletters
from aggregator.figures.rules import doubt, doubts_of_events
from aggregator.intake import service as intake
from aggregator.intake.projection import Addend, Fold
from aggregator.intake.service import Snapshot
from aggregator.recount import rules
from shared.base.clock import now
from shared.base.ids import new_id
from shared.base.mongo import Database
from shared.contract.events import envelope
from shared.pipeline.eventlog import EventLog, TopicPartition
from shared.pipeline.marks import Cursor
from shared.pipeline.watermark import is_ahead, mark_key, reached

Cursors = dict[TopicPartition, Cursor]


class RecountFailed(Exception):
    """The comparison failed; whether the figures are right is unknown."""


@dataclass(frozen=True)
class Answer:
    """A writer's recount: counts at T, and the last number of each partition at T.

    Args:
        key: that of the source's numbers in a cursor.
        at: T.
    """

    source: str
    key: str
    marks: dict[TopicPartition, int]
    counts: Counter[Addend]
    at: str


def compare(
    database: Database, event_log: EventLog, client: httpx.Client, urls: list[str], seconds: float
) -> rules.Report:
    """Recount, compare, and return the report.

    Args:
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
    answers = [_ask(client, url, deadline) for url in urls]
    stored = _settled(database, answers, deadline)
    expected = _expected(event_log, answers, before, stored.cursors)
    wrong = rules.differences(expected, stored.history, stored.counters)
    open_letters = deadletters.count_open(database)
    gaps = sum(1 for cursor in stored.cursors.values() if cursor.gap)
    ahead = [mark.source for mark in intake.watermarks(database) if is_ahead(mark.at, now())]
    reasons = [doubt("clock", source) for source in ahead]
    dismissed = deadletters.dismissed(database)
    reasons += doubts_of_events(
        gaps=gaps, open_letters=open_letters, dismissed=[letter.source for letter in dismissed]
    )
    return rules.Report(
        id=new_id(),
        at=now(),
        seconds=round(time.monotonic() - start, 3),
        equal=not wrong,
        compared=len(expected.keys() | stored.history.keys()) + len(stored.counters),
        open_dead_letters=open_letters,
        counted_at={answer.source: answer.at for answer in answers},
        series=rules.totals(expected, stored.history),
        differing=len(wrong),
        differences=tuple(wrong[: rules.DIFFERENCES_SHOWN]),
        incomplete_reasons=tuple(reasons),
        dismissed=tuple(dismissed),
    )


def _settled(database: Database, answers: list[Answer], deadline: float) -> Snapshot:
    """Return what is counted, once the worker has reached the marks of the recounts.

    A snapshot is of what a majority has: it may be older than what was read just before.

    Raises:
        RecountFailed: the worker does not catch up.
    """
    while True:
        if _reached(intake.cursors(database), answers):
            stored = intake.snapshot(database)
            if _reached(stored.cursors, answers):
                return stored
        if time.monotonic() > deadline:
            raise RecountFailed("the aggregator's worker has not reached the recount's marks")
        time.sleep(0.05)


def _ask(client: httpx.Client, url: str, deadline: float) -> Answer:
    """Have a writer recount, and fetch the result.

    Raises:
        RecountFailed: it did not answer in time, or refused.
    """
    try:
        identity = _ok(client.post(f"{url}/v1/recounts", json={}))["id"]
        while (job := _ok(client.get(f"{url}/v1/recounts/{identity}")))["status"] != "done":
            if job["status"] == "failed":
                raise RecountFailed(f"{url} gave its recount up: {job['reason']}")
            if time.monotonic() > deadline:
                raise RecountFailed(f"{url} did not finish its recount; is its worker running?")
            time.sleep(0.1)
        counts: Counter[Addend] = Counter()
        for page in range(job["pages"]):
            answer = client.get(f"{url}/v1/recounts/{identity}/rows", params={"page": page})
            for topic, unit, day, name, count in _ok(answer)["rows"]:
                counts[(topic, unit, day, name)] += count
    except httpx.HTTPError as problem:
        raise RecountFailed(f"{url}: {problem!r}") from problem
    places = {name.rpartition("/"): number for name, number in job["sequences"].items()}
    marks = {(topic, int(number)): last for (topic, _, number), last in places.items()}
    key = mark_key(job["source"], job["epoch"])
    return Answer(job["source"], key, marks, counts, job["counted_at"])


def _ok(response: httpx.Response) -> Any:
    if response.is_error:
        raise RecountFailed(f"{response.request.url}: {response.status_code} {response.text[:300]}")
    return response.json()


def _reached(live: Cursors, answers: list[Answer]) -> bool:
    return all(
        reached(live.get(place, Cursor()).sequences, answer.key, number)
        for answer in answers
        for place, number in answer.marks.items()
    )


def _expected(
    event_log: EventLog, answers: list[Answer], before: Cursors, live: Cursors
) -> Counter[Addend]:
    """Return the recounts, with what the log holds between their marks and the live marks."""
    start = {place: Cursor() for place in live}
    for answer in answers:
        for place in answer.marks.keys() & start.keys():
            start[place].sequences[answer.key] = answer.marks[place]
            start[place].starts[answer.key] = 0  # what is counted says where it begins
    fold, keys = Fold(start, now), {answer.key for answer in answers}
    for place, cursor in live.items():
        first = before[place].offset if place in before else 0
        # To the log's end: behind a gap the stored offset stays while resends apply.
        for record in event_log.read(place, first, event_log.bounds(place)[1]):
            span = envelope.span_of(record.headers)
            key = span and mark_key(span.source, span.epoch)
            if span and key in keys and span.last <= cursor.sequences.get(key, 0):
                fold.add(record)  # a recount holds what counts of earlier epochs
    expected = fold.delta.addends()
    for answer in answers:
        expected.update(answer.counts)
    return expected
