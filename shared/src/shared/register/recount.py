"""A recount of a registry at one cluster time, plainly, from every entity's timeline.

It answers with the last number of each partition at that same time, so that counts and marks fit
exactly: changes of outbox rows not yet numbered then are taken off again (docs/design.md section
5.6).
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

import orjson
from pymongo import ASCENDING, IndexModel

from shared.base.clock import now
from shared.base.mongo import Database, Document
from shared.contract import events
from shared.contract.countable import counter_names
from shared.contract.events.payloads import Changed, Imported
from shared.contract.events.states import MemberState, UnitState, VolunteerState
from shared.pipeline import outbox
from shared.pipeline.relay import SEQUENCES, SOURCE
from shared.register.jobs import KEEP_SECONDS, Job, Work

KIND = "recount"
ROWS = "recount_rows"
ROWS_PER_PAGE = 5_000
CLAIM_SECONDS = 3_600
"""A recount has no heartbeat: this is longer than anyone waits for one."""
INDEXES = {
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


@dataclass
class _Names:
    """Counter names of stored states; a nation of people is in a few thousand different ones."""

    model: StateModel
    _known: dict[bytes, tuple[str, ...]] = field(default_factory=dict)

    def of(self, state: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the names a state adds one to, at whatever unit."""
        key = orjson.dumps({name: value for name, value in state.items() if name != "unit"})
        names = self._known.get(key)
        if names is None:
            names = self._known[key] = tuple(counter_names(self.model.model_validate(state)))
        return names


def recount(database: Database, source: str, counted: Iterable[Counted]) -> Recount:
    """Count a writer's database at one cluster time.

    Args:
        database: the writer's database.
        source: CloudEvents source, whose epoch is reported.
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
            names, entities = _Names(kind.model), database[kind.collection]
            for document in entities.find({}, {"timeline": 1}, session=session, batch_size=5_000):
                _add_timeline(counts, kind.topic, names, document)
    return Recount(at, found["epoch"] if found else 1, sequences, counts)


def _add_timeline(
    counts: Counter[Key], topic: str, names: _Names, document: Mapping[str, Any]
) -> None:
    """Count an entity's dated states: each takes the place of the one before on its day."""
    before: Mapping[str, Any] | None = None
    for entry in document["timeline"]:
        present, day = entry["state"], entry["effective_on"]
        if present == before:
            continue
        for state, sign in ((before, -1), (present, 1)):
            if state is not None:
                for name in names.of(state):
                    counts[(topic, state["unit"], day, name)] += sign
        before = present


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
                for name in counter_names(state):
                    counts[(row["topic"], state.unit, day, name)] += sign


def page_id(recount: str, attempt: int, page: int) -> str:
    """Return the id of a page of rows; attempts never write over one another's."""
    return f"{recount}/{attempt}/{page}"


@dataclass(frozen=True)
class Recounts:
    """The kind of job that counts a register and keeps the counts in pages of rows.

    It has no cursor: a recount is of one instant, so each attempt counts from the start.

    Args:
        source: CloudEvents source of the writer.
        counted: its collections of entities.
    """

    source: str
    counted: Sequence[Counted]

    kind: ClassVar[str] = KIND
    claim_seconds: ClassVar[int] = CLAIM_SECONDS

    def run(self, work: Work) -> Document:
        """Count, write the pages of this attempt, and return the marks of the same instant."""
        result = recount(work.database, self.source, self.counted)
        return {
            "counted_at": result.at,
            "source": self.source,
            "epoch": result.epoch,
            "sequences": result.sequences,
            "pages": _write_pages(work.database, work.job, result),
        }


def _write_pages(database: Database, job: Job, result: Recount) -> int:
    rows = [[*key, count] for key, count in result.counts.items() if count]
    starts = range(0, len(rows), ROWS_PER_PAGE)
    for page, start in enumerate(starts):
        database[ROWS].insert_one(
            {
                "_id": page_id(job.id, job.attempt, page),
                "recount": f"{job.id}/{job.attempt}",
                "page": page,
                "rows": rows[start : start + ROWS_PER_PAGE],
                "at": result.at,
            }
        )
    return len(starts)
