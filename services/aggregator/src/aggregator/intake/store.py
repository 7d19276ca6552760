"""What intake stores: counters per own unit, their dated history, cards, marks, watermarks.

One chunk is one transaction (docs/design.md section 5.3). A counter's key is (generation, topic,
unit), so that workers of different topics never collide.
"""

from collections import Counter
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pymongo import ASCENDING, IndexModel, UpdateOne

from aggregator.intake import documents
from aggregator.intake.documents import COUNTERS, GENERATION, HISTORY, MARKS
from aggregator.intake.projection import Addend, Delta, Fold
from shared.base.clock import now
from shared.base.mongo import (
    SNAPSHOT,
    AsyncDatabase,
    ClientSession,
    Database,
    Document,
    replacing,
    transact,
)
from shared.contract import events
from shared.contract.events.payloads import UnitCard, Watermark
from shared.pipeline import watermark
from shared.pipeline.consumer import Superseded
from shared.pipeline.eventlog import TopicPartition
from shared.pipeline.marks import Cursor, cursor_of

INDEXES = {
    COUNTERS: [IndexModel([("g", ASCENDING), ("u", ASCENDING)], name="unit")],
    HISTORY: [
        IndexModel([("g", ASCENDING), ("d", ASCENDING)], name="day"),
        IndexModel([("g", ASCENDING), ("u", ASCENDING), ("d", ASCENDING)], name="unit_day"),
    ],
}
TIMEOUT_MS = 20_000
"""A sum over history that takes longer is given up, by the server too: anyone may ask for one."""
SUMMED_AT_ONCE = 20_000
"""Units named in one query; a larger subtree is summed over all units and picked from."""


def load_cursors(
    database: Database, places: Iterable[TopicPartition], topic_ids: Mapping[str, str]
) -> dict[TopicPartition, Cursor]:
    """Return the cursor of each partition; a partition never read starts at the beginning."""
    wanted = {documents.mark_id(place): place for place in places}
    cursors = {place: Cursor() for place in wanted.values()}
    for document in database[MARKS].find({"_id": {"$in": list(wanted)}}):
        place = wanted[document["_id"]]
        cursors[place] = cursor_of(document, topic_ids.get(place[0], ""))
    return cursors


def commit(database: Database, fold: Fold, topic_ids: Mapping[str, str]) -> None:
    """Apply a chunk in one transaction: counters, history, cards, dead letters, marks.

    Raises:
        Superseded: a mark is not as it was when the fold began; nothing was written.
    """

    def run(session: ClientSession) -> None:
        write_delta(database, fold.delta, session)
        letters = ((letter.id, documents.letter_fields(letter, now())) for letter in fold.dead)
        dead = [
            UpdateOne({"_id": identity}, {"$setOnInsert": fields}, upsert=True)
            for identity, fields in letters
        ]
        watermarks = [
            replacing(watermark.document(mark), "epoch", "$gte")
            for mark in fold.watermarks.values()
        ]
        _write(database, session, {documents.DEAD_LETTERS: dead, documents.WATERMARKS: watermarks})
        # Last, so that whoever follows the commits in order sees the counts before the marks
        # that call them complete.
        for place in sorted(fold.touched):
            advance(database, place, fold.cursors[place], topic_ids, session)

    transact(database, run)
    for place in fold.touched:
        fold.cursors[place].commits += 1


def advance(
    database: Database,
    place: TopicPartition,
    cursor: Cursor,
    topic_ids: Mapping[str, str],
    session: ClientSession,
) -> None:
    """Store a partition's cursor; whoever writes counts does it in the same transaction.

    Raises:
        Superseded: the stored mark is not the expected one.
    """
    identity = documents.mark_id(place)
    fields = documents.mark_fields(place, cursor, topic_ids.get(place[0], ""))
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
    cards = [
        replacing(documents.card_document(card), "version", "$gt") for card in delta.cards.values()
    ]
    counters, history = _additions(delta.counters.items()), _additions(delta.history.items())
    _write(database, session, {COUNTERS: counters, HISTORY: history, documents.UNITS: cards})


def replace_cards(
    database: Database, lost: Collection[str], kept: Iterable[UnitCard], session: ClientSession
) -> None:
    """Put former cards of units in the place of lost ones, whatever their versions; or none."""
    database[documents.UNITS].delete_many({"_id": {"$in": list(lost)}}, session=session)
    if cards := [documents.card_document(card) for card in kept]:
        database[documents.UNITS].insert_many(cards, session=session)


def _additions(counts: Iterable[tuple[tuple[str, ...], Mapping[str, int]]]) -> list[UpdateOne]:
    """Return the updates that add counts by unit and topic or, to history, by unit, topic, day."""
    updates = []
    for (unit, topic, *day), names in counts:
        amounts = {f"c.{name}": amount for name, amount in names.items() if amount}
        if amounts:
            identity = "/".join((str(GENERATION), topic, unit, *day))
            key = {"g": GENERATION, "t": topic, "u": unit, **({"d": day[0]} if day else {})}
            update = {"$inc": amounts, "$setOnInsert": key}
            updates.append(UpdateOne({"_id": identity}, update, upsert=True))
    return updates


def _write(
    database: Database, session: ClientSession, updates: Mapping[str, Sequence[UpdateOne]]
) -> None:
    for collection, wanted in updates.items():
        if wanted:
            database[collection].bulk_write(wanted, ordered=False, session=session)


async def sums(
    database: AsyncDatabase,
    names: str,
    *,
    topic: str | None = None,
    units: Collection[str] | None = None,
    day: str | None = None,
) -> AsyncIterator[tuple[str, str, str, int]]:
    """Yield unit, topic, counter name and sum of the counters whose names match.

    Args:
        names: regular expression for the beginning of a counter's name.
        topic: the topic whose counters are summed; None for all.
        units: ids of the units; None for all.
        day: end of this day (YYYY-MM-DD), from history; None for now.
    """
    match: dict[str, Any] = {"g": GENERATION}
    if topic is not None:
        match["t"] = topic
    if units is not None and len(units) <= SUMMED_AT_ONCE:
        match["u"] = {"$in": list(units)}
    if day is not None:
        match["d"] = {"$lte": day}
    # Of the hundreds of counters of a unit only the few wanted become documents.
    counters = {"$objectToArray": {"$ifNull": ["$c", {}]}}
    fits = {"$regexMatch": {"input": "$$counter.k", "regex": f"^(?:{names})"}}
    wanted = {"$filter": {"input": counters, "as": "counter", "cond": fits}}
    pipeline: list[Document] = [
        {"$match": match},
        {"$project": {"u": 1, "t": 1, "c": wanted}},
        {"$unwind": "$c"},
        {"$group": {"_id": {"u": "$u", "t": "$t", "k": "$c.k"}, "n": {"$sum": "$c.v"}}},
    ]
    # A chunk of the worker changes many documents: it is summed wholly or not at all.
    summed = database[COUNTERS if day is None else HISTORY].with_options(read_concern=SNAPSHOT)
    async for row in await summed.aggregate(pipeline, allowDiskUse=True, maxTimeMS=TIMEOUT_MS):
        key = row["_id"]
        if units is None or key["u"] in units:
            yield key["u"], key["t"], key["k"], row["n"]


def watermarks(database: Database) -> list[Watermark]:
    """Return the newest watermark of each source."""
    return [watermark.of_document(found) for found in database[documents.WATERMARKS].find()]


@dataclass(frozen=True)
class Snapshot:
    """Marks, dated history and counters (their day is empty) as of one instant."""

    cursors: dict[TopicPartition, Cursor]
    history: Counter[Addend]
    counters: Counter[Addend]


def cursors(
    database: Database, session: ClientSession | None = None
) -> dict[TopicPartition, Cursor]:
    """Return the cursor of every partition that is counted."""
    return {
        (mark["topic"], mark["partition"]): cursor_of(mark)
        for mark in database[MARKS].find({"g": GENERATION}, session=session)
        if mark["topic"] != events.WATERMARK_TOPIC
    }


def snapshot(database: Database) -> Snapshot:
    """Return everything that is counted, as of one instant."""
    found: dict[str, Counter[Addend]] = {HISTORY: Counter(), COUNTERS: Counter()}
    with database.client.start_session(snapshot=True) as session:
        marks = cursors(database, session)
        for collection, counts in found.items():
            for row in database[collection].find({"g": GENERATION}, session=session):
                for name, count in row.get("c", {}).items():
                    counts[(row["t"], row["u"], row.get("d", ""), name)] += count
    return Snapshot(marks, found[HISTORY], found[COUNTERS])
