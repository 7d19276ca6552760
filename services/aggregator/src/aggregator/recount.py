"""Compares every counter with a recount of the registries: ``python -m aggregator.recount``.

Each writer recounts at its own cluster time T and tells the marks of T. Live counters have moved on
meanwhile, so the events between marks(T) and the live marks are read from the log and added to the
recount; then both must be equal, per unit, day and counter. Nothing is written but the report.
"""

import sys
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import httpx
import orjson

from aggregator import store
from aggregator.projection import Cursor, Fold, mark_key
from aggregator.settings import AggregatorSettings
from shared.base.clock import now
from shared.base.ids import new_id
from shared.base.mongo import Database, Document, connect
from shared.base.settings import AccessSettings, KafkaSettings, MongoSettings, PeerSettings
from shared.contract import events
from shared.contract.definitions import DEFINITIONS
from shared.contract.events import envelope
from shared.pipeline.eventlog import EventLog, TopicPartition
from shared.pipeline.kafka import KafkaLog

Key = tuple[str, str, str, str]
"""Topic, unit, day, counter name: one addend of history."""
DIFFERENCES_SHOWN = 200


class RecountFailed(Exception):
    """The comparison could not be made; nothing is known of the figures."""


@dataclass(frozen=True)
class Answer:
    """A writer's recount: counts at T, and the marks of T."""

    source: str
    epoch: int
    sequences: dict[str, int]
    counts: Counter[Key]
    at: str


def ask(client: httpx.Client, url: str, deadline: float) -> Answer:
    """Have a writer recount, and fetch the result.

    Raises:
        RecountFailed: it did not answer in time, or refused.
    """
    try:
        identity = _ok(client.post(f"{url}/v1/recounts", json={}))["id"]
        while True:
            job = _ok(client.get(f"{url}/v1/recounts/{identity}"))
            if job["status"] == "done":
                break
            if job["status"] == "failed":
                raise RecountFailed(f"{url} gave its recount up: {job['reason']}")
            if time.monotonic() > deadline:
                raise RecountFailed(f"{url} did not finish its recount; is its worker running?")
            time.sleep(0.1)
        counts: Counter[Key] = Counter()
        for page in range(job["pages"]):
            for topic, unit, day, name, count in _ok(
                client.get(f"{url}/v1/recounts/{identity}/rows", params={"page": page})
            )["rows"]:
                counts[(topic, unit, day, name)] += count
    except httpx.HTTPError as problem:
        raise RecountFailed(f"{url}: {problem!r}") from problem
    return Answer(job["source"], job["epoch"], job["sequences"], counts, job["counted_at"])


def _ok(response: httpx.Response) -> Any:
    if response.is_error:
        raise RecountFailed(f"{response.request.url}: {response.status_code} {response.text[:300]}")
    return response.json()


def _cursors(database: Database, session: Any = None) -> dict[TopicPartition, Cursor]:
    return {
        (mark["topic"], mark["partition"]): Cursor(
            offset=mark["offset"], sequences=dict(mark["sequences"])
        )
        for mark in database[store.MARKS].find({"g": store.GENERATION}, session=session)
        if mark["topic"] != events.WATERMARK_TOPIC
    }


def _reached(database: Database, answers: list[Answer]) -> bool:
    live = _cursors(database)
    return all(
        live.get(_place(place), Cursor()).sequences.get(_mark(answer), 0) >= number
        for answer in answers
        for place, number in answer.sequences.items()
    )


def _mark(answer: Answer) -> str:
    return mark_key(answer.source, answer.epoch)


def _place(name: str) -> TopicPartition:
    topic, _, partition = name.rpartition("/")
    return topic, int(partition)


def _live(database: Database) -> tuple[dict[TopicPartition, Cursor], Counter[Key], Counter[Key]]:
    """Return marks, history and counters as of one instant."""
    history: Counter[Key] = Counter()
    counters: Counter[Key] = Counter()
    with database.client.start_session(snapshot=True) as session:
        cursors = _cursors(database, session)
        wanted = {"g": store.GENERATION}
        for row in database[store.HISTORY].find(wanted, session=session):
            for name, count in row.get("c", {}).items():
                history[(row["t"], row["u"], row["d"], name)] += count
        for row in database[store.COUNTERS].find(wanted, session=session):
            for name, count in row.get("c", {}).items():
                counters[(row["t"], row["u"], "", name)] += count
    return cursors, history, counters


def _since(
    event_log: EventLog,
    answers: list[Answer],
    before: dict[TopicPartition, Cursor],
    live: dict[TopicPartition, Cursor],
) -> Counter[Key]:
    """Return what the log holds between the marks of the recount and the live marks."""
    at_recount = {
        (_place(place), _mark(answer)): number
        for answer in answers
        for place, number in answer.sequences.items()
    }
    start = {
        place: Cursor(
            sequences={
                mark: number for (where, mark), number in at_recount.items() if where == place
            }
        )
        for place in live
    }
    fold = Fold(start, now)
    for place, cursor in live.items():
        begin = before[place].offset if place in before else 0
        # To the log's end: behind a gap the stored offset stands still while resends apply.
        for record in event_log.read(place, begin, event_log.bounds(place)[1]):
            span = envelope.span_of(record.headers)
            if span and span.last <= cursor.sequences.get(mark_key(span.source, span.epoch), 0):
                fold.add(record)
    return Counter(
        {
            (topic, unit, day, name): count
            for (unit, topic, day), names in fold.delta.history.items()
            for name, count in names.items()
        }
    )


def compare(
    database: Database,
    event_log: EventLog,
    client: httpx.Client,
    urls: list[str],
    *,
    seconds: float = 120.0,
) -> Document:
    """Recount, compare, and return the report that is stored.

    Args:
        database: the aggregator's database.
        event_log: where the events between recount and counters are read.
        client: carries the service token.
        urls: base addresses of the writers.
        seconds: how long the writers and the aggregator's worker may take together.

    Raises:
        RecountFailed: a writer did not answer, or the worker does not catch up.
    """
    began = time.monotonic()
    deadline = began + seconds
    before = _cursors(database)
    answers = [ask(client, url, deadline) for url in urls]
    while not _reached(database, answers):
        if time.monotonic() > deadline:
            raise RecountFailed("the aggregator's worker has not reached the recount's marks")
        time.sleep(0.05)
    live, history, counters = _live(database)
    expected: Counter[Key] = Counter()
    for answer in answers:
        expected.update(answer.counts)
    expected.update(_since(event_log, answers, before, live))
    dead = database[store.DEAD_LETTERS].count_documents({"state": "open"})
    return _report(expected, history, counters, answers, dead, time.monotonic() - began)


def _report(
    expected: Counter[Key],
    history: Counter[Key],
    counters: Counter[Key],
    answers: list[Answer],
    dead: int,
    seconds: float,
) -> Document:
    present: Counter[Key] = Counter()
    for (topic, unit, _day, name), count in history.items():
        present[(topic, unit, "", name)] += count
    wrong = [*_differences(expected, history), *_differences(present, counters)]
    return {
        "_id": new_id(),
        "at": now(),
        "seconds": round(seconds, 3),
        "equal": not wrong,
        "compared": len(expected.keys() | history.keys()) + len(counters),
        "open_dead_letters": dead,
        "counted_at": {answer.source: answer.at for answer in answers},
        "series": {
            series: {"registry": _total(series, expected), "dashboard": _total(series, history)}
            for series in ("units", "members", "volunteers", "enrolled")
        },
        "differing": len(wrong),
        "differences": wrong[:DIFFERENCES_SHOWN],
    }


def _differences(expected: Counter[Key], found: Counter[Key]) -> list[dict[str, Any]]:
    return [
        {"topic": key[0], "unit": key[1], "day": key[2], "counter": key[3],
         "registry": expected[key], "dashboard": found[key]}
        for key in sorted(expected.keys() | found.keys())
        if expected[key] != found[key]
    ]  # fmt: skip


def _total(series: str, counts: Counter[Key]) -> int:
    definition = DEFINITIONS[series]
    topics = {"unit": events.UNIT_TOPIC, "member": events.MEMBER_TOPIC}
    topic = topics.get(definition.entity, events.VOLUNTEER_TOPIC)
    return sum(
        count
        for (where, _unit, _day, name), count in counts.items()
        if where == topic and definition.counts_counter(name)
    )


def _from_environment() -> Document:
    """Compare what the environment names, store the report and return it."""
    peers, access, limit = PeerSettings(), AccessSettings(), AggregatorSettings().recount_seconds
    token = access.service_token_file.read_text().strip() if access.service_token_file else ""
    headers = {"Authorization": f"Bearer {token}"}
    urls = [peers.org_units_url, peers.member_url, peers.volunteer_url]
    database = connect(MongoSettings())
    with (
        closing(KafkaLog(KafkaSettings(), client_id="recount")) as event_log,
        httpx.Client(headers=headers, timeout=30.0) as client,
    ):
        report = compare(database, event_log, client, urls, seconds=limit)
    database[store.RECOUNTS].insert_one(report)
    return report


def main() -> None:
    """Compare once, store and print the report; exit 1 where something differs, 2 on failure."""
    try:
        report = _from_environment()
    except Exception as problem:  # noqa: BLE001 - whatever it was: exit code 1 says "they differ"
        said = str(problem) if isinstance(problem, RecountFailed) else repr(problem)
        sys.stderr.write(f"核对未完成 / recount not made: {said[:500]}\n")
        raise SystemExit(2) from None
    sys.stdout.write(orjson.dumps(report, option=orjson.OPT_INDENT_2).decode() + "\n")
    raise SystemExit(0 if report["equal"] else 1)


if __name__ == "__main__":
    main()
