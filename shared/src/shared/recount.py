"""A recount of a registry at one cluster time, plainly, from every entity's timeline.

It answers with the last number of each partition at that same time, so that counts and marks fit
exactly: changes of outbox rows not yet numbered then are taken off again (design.md section 5.6).
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from pymongo import ASCENDING, IndexModel, ReturnDocument

from shared import events, outbox
from shared.clock import now
from shared.countable import counter_names
from shared.events.payloads import Changed, Imported
from shared.events.states import MemberState, UnitState, VolunteerState
from shared.mongo import ClientSession, Database, Document
from shared.relay import SEQUENCES, SOURCE
from shared.timeline import changes, from_documents

JOBS = "recounts"
ROWS = "recount_rows"
ROWS_PER_PAGE = 5_000
KEEP_SECONDS = 24 * 3600
INDEXES = {
    JOBS: [IndexModel([("at", ASCENDING)], name="kept", expireAfterSeconds=KEEP_SECONDS)],
    ROWS: [
        IndexModel([("at", ASCENDING)], name="kept", expireAfterSeconds=KEEP_SECONDS),
        IndexModel([("recount", ASCENDING), ("page", ASCENDING)], name="page", unique=True),
    ],
}

StateModel = type[MemberState] | type[VolunteerState] | type[UnitState]
Key = tuple[str, str, str, str]
"""Topic, unit, day, counter name."""


@dataclass(frozen=True)
class Counted:
    """What of a writer is counted: a collection of entities, its topic, its state's model."""

    collection: str
    topic: str
    model: StateModel


@dataclass(frozen=True)
class Recount:
    """Counts and the marks that fit them."""

    at: datetime
    epoch: int
    sequences: dict[str, int]
    """``topic/partition`` to the last number given."""
    counts: Counter[Key]


def recount(database: Database, source: str, counted: Iterable[Counted]) -> Recount:
    """Count a writer's database at one cluster time.

    Args:
        database: the writer's database.
        source: CloudEvents source, whose epoch is told.
        counted: its collections of entities.
    """
    counts: Counter[Key] = Counter()
    at = now()
    with database.client.start_session(snapshot=True) as session:
        sequences = {
            item["_id"]: item["last"] for item in database[SEQUENCES].find({}, session=session)
        }
        found = database[SOURCE].find_one({"_id": source}, session=session)
        for row in database[outbox.COLLECTION].find({"state": outbox.WRITTEN}, session=session):
            _take_off(counts, row)
        for kind in counted:
            for document in _timelines(database, kind.collection, session):
                _add_timeline(counts, kind, document)
    return Recount(at, found["epoch"] if found else 1, sequences, counts)


def _timelines(database: Database, collection: str, session: ClientSession) -> Iterator[Document]:
    yield from database[collection].find({}, {"timeline": 1}, session=session, batch_size=5_000)


def _add_timeline(counts: Counter[Key], kind: Counted, document: Mapping[str, Any]) -> None:
    for change in changes((), from_documents(document["timeline"])):
        day = change.effective_on.isoformat()
        for state, sign in ((change.was, -1), (change.now, 1)):
            if state is not None:
                _add_state(counts, kind.topic, day, kind.model.model_validate(state), sign)


def _add_state(counts: Counter[Key], topic: str, day: str, state: Any, sign: int) -> None:
    for name in counter_names(state):
        counts[(topic, state.unit, day, name)] += sign


def _take_off(counts: Counter[Key], row: Mapping[str, Any]) -> None:
    event = orjson.loads(row["body"])
    payload = events.MODELS[event["type"]].model_validate(event["data"])
    steps: list[Any] = []
    if isinstance(payload, Imported):
        steps = [payload.steps[place] for _, _, places in payload.rows for place in places]
    elif isinstance(payload, Changed):
        steps = list(payload.changes)
    for step in steps:
        day = step.effective_on.isoformat()
        for state, sign in ((step.was, 1), (step.now, -1)):
            if state is not None:
                _add_state(counts, row["topic"], day, state, sign)


def answer_one(database: Database, source: str, counted: Iterable[Counted]) -> bool:
    """Answer the oldest request, if there is one; return whether there was.

    A request a worker died over is answered anew: its pages are written over.
    """
    job = database[JOBS].find_one_and_update(
        {"status": {"$in": ["requested", "running"]}},
        {"$set": {"status": "running"}},
        sort=[("at", ASCENDING)],
        return_document=ReturnDocument.AFTER,
    )
    if job is None:
        return False
    result = recount(database, source, counted)
    rows = [[*key, count] for key, count in result.counts.items() if count]
    database[ROWS].delete_many({"recount": job["_id"]})
    pages = 0
    for start in range(0, len(rows), ROWS_PER_PAGE):
        database[ROWS].insert_one(
            {
                "_id": f"{job['_id']}/{pages}",
                "recount": job["_id"],
                "page": pages,
                "rows": rows[start : start + ROWS_PER_PAGE],
                "at": result.at,
            }
        )
        pages += 1
    database[JOBS].update_one(
        {"_id": job["_id"]},
        {
            "$set": {
                "status": "done",
                "counted_at": result.at,
                "finished_at": now(),
                "source": source,
                "epoch": result.epoch,
                "sequences": result.sequences,
                "pages": pages,
            }
        },
    )
    return True
