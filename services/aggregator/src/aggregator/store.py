"""The aggregator's collections: counters per own unit, their dated history, marks, dead letters.

One chunk is one transaction (docs/design.md section 5.3). A counter's key is (generation, unit,
topic), so that workers of different topics never collide.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from pymongo import ASCENDING, DESCENDING, IndexModel, UpdateOne
from pymongo.asynchronous.cursor import AsyncCursor

from aggregator.projection import Cursor, DeadLetter, Delta, Fold, Gap
from shared.base.clock import now
from shared.base.mongo import AsyncDatabase, ClientSession, Database, Document, transact
from shared.contract.events.payloads import Watermark
from shared.pipeline.consumer import Superseded
from shared.pipeline.eventlog import TopicPartition

COUNTERS = "counters"
HISTORY = "history"
MARKS = "marks"
UNITS = "units"
WATERMARKS = "watermarks"
DEAD_LETTERS = "dead_letters"
RECOUNTS = "recounts"

INDEXES = {
    COUNTERS: [IndexModel([("g", ASCENDING), ("u", ASCENDING)], name="unit")],
    HISTORY: [
        IndexModel([("g", ASCENDING), ("d", ASCENDING)], name="day"),
        IndexModel([("g", ASCENDING), ("u", ASCENDING), ("d", ASCENDING)], name="unit_day"),
    ],
    DEAD_LETTERS: [
        IndexModel([("at", ASCENDING), ("_id", ASCENDING)], name="order"),
        IndexModel([("state", ASCENDING), ("at", ASCENDING), ("_id", ASCENDING)], name="in_state"),
    ],
    RECOUNTS: [IndexModel([("at", ASCENDING), ("_id", ASCENDING)], name="order")],
}
"""Their names are new where their keys are: an index of an older database keeps its own."""
Place = tuple[datetime, str]
"""Where an entry of a list stands: its instant and its id, since instants may be equal."""
GENERATION = 1
"""A rebuild is to write the next one beside it (docs/design.md section 5.6)."""


def migrate(database: Database) -> None:
    """Create the indexes."""
    for name, indexes in INDEXES.items():
        database[name].create_indexes(indexes)


def listed(
    database: AsyncDatabase,
    name: str,
    wanted: Mapping[str, Any],
    *,
    after: Place | None,
    newest_first: bool = False,
    without: Iterable[str] = (),
) -> AsyncCursor[Document]:
    """Return the entries of a collection in order of their instants, from the one after on."""
    order, follows = (DESCENDING, "$lt") if newest_first else (ASCENDING, "$gt")
    conditions = dict(wanted)
    if after is not None:
        at, identity = after
        # The first bounds what is read of the index; the second leaves out the page before, of
        # which some entries may be of the same instant.
        conditions["at"] = {f"{follows}e": at}
        conditions["$or"] = [{"at": {follows: at}}, {"_id": {follows: identity}}]
    found = database[name].find(conditions, dict.fromkeys(without, 0))
    return found.sort([("at", order), ("_id", order)])


def mark_id(place: TopicPartition) -> str:
    """Return the id of a partition's mark."""
    return f"{GENERATION}/{place[0]}/{place[1]}"


def load_cursors(
    database: Database, places: Iterable[TopicPartition], topic_ids: Mapping[str, str]
) -> dict[TopicPartition, Cursor]:
    """Return where each partition stands; a partition never read starts at the beginning.

    An offset of another topic id (the topic was made anew) starts at the beginning too: the
    numbers, not the offsets, tell what was applied.
    """
    wanted = {mark_id(place): place for place in places}
    cursors = {place: Cursor() for place in wanted.values()}
    for document in database[MARKS].find({"_id": {"$in": list(wanted)}}):
        place = wanted[document["_id"]]
        same_topic = document["topic_id"] == topic_ids.get(place[0])
        gap = document.get("gap")
        cursors[place] = Cursor(
            offset=document["offset"] if same_topic else 0,
            commits=document["commits"],
            sequences=dict(document["sequences"]),
            gap=Gap(gap["expected"], gap["seen"], gap["since"]) if gap else None,
        )
    return cursors


def commit(database: Database, fold: Fold, topic_ids: Mapping[str, str]) -> None:
    """Apply a chunk in one transaction: counters, history, cards, dead letters, marks.

    Raises:
        Superseded: a mark is not as it was when the fold began; nothing was written.
    """

    def run(session: ClientSession) -> None:
        write_delta(database, fold.delta, session)
        _write_dead(database, fold.dead, session)
        _write_watermarks(database, fold.watermarks, session)
        # Last, so that whoever follows the commits in order sees the counts before the marks
        # that call them complete.
        for place in sorted(fold.touched):
            _advance(database, place, fold.cursors[place], topic_ids, session)

    transact(database, run)
    for place in fold.touched:
        fold.cursors[place].commits += 1


def _advance(
    database: Database,
    place: TopicPartition,
    cursor: Cursor,
    topic_ids: Mapping[str, str],
    session: ClientSession,
) -> None:
    gap = cursor.gap
    fields = {
        "g": GENERATION,
        "topic": place[0],
        "partition": place[1],
        "topic_id": topic_ids.get(place[0], ""),
        "offset": cursor.offset,
        "sequences": cursor.sequences,
        "gap": None
        if gap is None
        else {"expected": gap.expected, "seen": gap.seen, "since": gap.since},
        "commits": cursor.commits + 1,
    }
    identity = mark_id(place)
    if cursor.commits == 0:
        # A worker that was given the same fresh partition meets the unique _id and aborts.
        if database[MARKS].find_one({"_id": identity}, session=session) is not None:
            raise Superseded(identity)
        database[MARKS].insert_one({"_id": identity, **fields}, session=session)
        return
    outcome = database[MARKS].update_one(
        {"_id": identity, "commits": cursor.commits}, {"$set": fields}, session=session
    )
    if outcome.matched_count != 1:
        raise Superseded(identity)


def write_delta(database: Database, delta: Delta, session: ClientSession) -> None:
    """Add a delta to counters and history, and the newer cards to the tree."""
    counters = [
        UpdateOne(
            {"_id": f"{GENERATION}/{topic}/{unit}"},
            {"$inc": amounts, "$setOnInsert": {"g": GENERATION, "t": topic, "u": unit}},
            upsert=True,
        )
        for (unit, topic), names in delta.counters.items()
        if (amounts := _amounts(names))
    ]
    history = [
        UpdateOne(
            {"_id": f"{GENERATION}/{topic}/{unit}/{day}"},
            {"$inc": amounts, "$setOnInsert": {"g": GENERATION, "t": topic, "u": unit, "d": day}},
            upsert=True,
        )
        for (unit, topic, day), names in delta.history.items()
        if (amounts := _amounts(names))
    ]
    cards = []
    for card in delta.cards.values():
        document = {"_id": card.id, **card.model_dump(exclude={"id"})}
        newer = {"$gt": [card.version, {"$ifNull": ["$version", 0]}]}
        replace = {"$replaceWith": {"$cond": [newer, {"$literal": document}, "$$ROOT"]}}
        cards.append(UpdateOne({"_id": card.id}, [replace], upsert=True))
    for name, updates in ((COUNTERS, counters), (HISTORY, history), (UNITS, cards)):
        if updates:
            database[name].bulk_write(updates, ordered=False, session=session)


def _amounts(names: Mapping[str, int]) -> dict[str, int]:
    return {f"c.{name}": amount for name, amount in names.items() if amount}


def _write_dead(database: Database, dead: Iterable[DeadLetter], session: ClientSession) -> None:
    updates = [
        UpdateOne(
            {"_id": letter.id},
            {
                "$setOnInsert": {
                    "topic": letter.topic,
                    "partition": letter.partition,
                    "offset": letter.offset,
                    "source": letter.source,
                    "epoch": letter.epoch,
                    "first": letter.first,
                    "last": letter.last,
                    "reason": letter.reason,
                    "raw": letter.raw,
                    "state": "open",
                    "at": now(),
                }
            },
            upsert=True,
        )
        for letter in dead
    ]
    if updates:
        database[DEAD_LETTERS].bulk_write(updates, ordered=False, session=session)


def _write_watermarks(
    database: Database, watermarks: Mapping[str, Watermark], session: ClientSession
) -> None:
    for source, mark in watermarks.items():
        document: dict[str, Any] = {
            "_id": source,
            "epoch": mark.epoch,
            "at": mark.at,
            "sequences": {
                topic.replace(".", "/"): numbers for topic, numbers in mark.sequences.items()
            },
        }
        newer = {
            "$gt": [mark.at, {"$ifNull": ["$at", datetime.min.replace(tzinfo=mark.at.tzinfo)]}]
        }
        database[WATERMARKS].update_one(
            {"_id": source},
            [{"$replaceWith": {"$cond": [newer, {"$literal": document}, "$$ROOT"]}}],
            upsert=True,
            session=session,
        )
