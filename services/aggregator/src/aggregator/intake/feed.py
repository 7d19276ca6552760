"""Follows what intake commits: everything as it stands, then each change in the order of commits.

The change stream carries absolute values, so whoever follows holds what was committed; it starts
before everything is loaded, and values seen twice change nothing.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from bson.timestamp import Timestamp
from pymongo.read_concern import ReadConcern

from aggregator.intake import diffs, documents, store
from aggregator.intake.documents import DEAD_LETTERS, OPEN, Card
from shared.base.mongo import AsyncDatabase, Document
from shared.contract.events.payloads import Watermark

LOADED = (store.COUNTERS, store.UNITS, store.MARKS, store.WATERMARKS)


class Follower(Protocol):
    """Takes the values a feed reads; a value may be taken twice."""

    def set_counters(self, unit: str, topic: str, values: Mapping[str, int]) -> None:
        """Take the present values of some counters of a unit."""

    def set_card(self, card: Card) -> None:
        """Take a unit's newest card."""

    def set_mark(
        self, topic: str, partition: int, sequences: Mapping[str, int], *, gap: bool
    ) -> None:
        """Take a partition's stored numbers (``source@epoch`` to number)."""

    def set_watermark(self, mark: Watermark) -> None:
        """Take a source's newest watermark."""

    def set_dead_letters(self, count: int) -> None:
        """Take the number of open dead letters."""

    def set_ready(self) -> None:
        """Everything was loaded, and what changed meanwhile was taken too."""


class Feed:
    """One pass over the database: load, then follow until something fails.

    Args:
        database: the aggregator's database.
        follower: takes what is read.
    """

    def __init__(self, database: AsyncDatabase, follower: Follower) -> None:
        self._database, self._follower = database, follower
        self._documents: dict[tuple[str, str], Document] = {}

    async def settled_time(self) -> Timestamp:
        """Return an instant up to which no failover undoes anything: to follow changes from."""
        start: Timestamp = (await self._database.command("ping"))["operationTime"]
        marks = self._database[store.MARKS].with_options(read_concern=ReadConcern("majority"))
        async with self._database.client.start_session() as session:
            session.advance_operation_time(start)
            await marks.find_one({}, session=session)  # waits until a majority has it
        return start

    async def run(self, start: Timestamp) -> None:
        """Load everything, then follow the changes since ``start``; ends by an exception only."""
        match = {
            "$match": {
                "ns.coll": {"$in": [*LOADED, DEAD_LETTERS]},
                "operationType": {"$in": ["insert", "update", "replace"]},
            }
        }
        async with await self._database.watch(
            [match], start_at_operation_time=start, max_await_time_ms=200, batch_size=1_000
        ) as changes:
            await self._load()
            loaded = (await self._database.command("ping"))["operationTime"]
            while True:
                change = await changes.try_next()
                # What was loaded is read once more: until that is over, an older value may stand
                # in place of a newer one. Under load there is always a next change.
                if change is None or change["clusterTime"] > loaded:
                    self._follower.set_ready()
                if change is not None:
                    await self._change(change)

    async def _load(self) -> None:
        """Take all that is there at one instant, no earlier than what is followed.

        Counts and the marks that call them complete must be of one commit, and of one that stays.
        """
        async with self._database.client.start_session(snapshot=True) as session:
            for name in LOADED:
                async for document in self._database[name].find(
                    {}, batch_size=5_000, session=session
                ):
                    self.take(name, document)
        await self._count_dead_letters()

    async def _change(self, change: Mapping[str, Any]) -> None:
        name = change["ns"]["coll"]
        if name == DEAD_LETTERS:
            await self._count_dead_letters()
        elif "fullDocument" in change:
            self.take(name, change["fullDocument"])
        else:
            self.update(name, change["documentKey"]["_id"], change["updateDescription"])

    async def _count_dead_letters(self) -> None:
        letters = self._database[DEAD_LETTERS]
        self._follower.set_dead_letters(await letters.count_documents({"state": OPEN}))

    def update(self, name: str, identity: str, description: Mapping[str, Any]) -> None:
        """Take an update of a document, as the change stream describes it."""
        if name == store.COUNTERS:
            _generation, topic, unit = identity.split("/", 2)
            updated = description["updatedFields"]
            values = {path[2:]: count for path, count in updated.items() if path.startswith("c.")}
            self._follower.set_counters(unit, topic, values)
            return
        document = self._documents.setdefault((name, identity), {"_id": identity})
        diffs.apply(document, description)
        self.take(name, document)

    def take(self, name: str, document: Document) -> None:
        """Take a whole document."""
        follower = self._follower
        if name == store.COUNTERS:
            follower.set_counters(document["u"], document["t"], document.get("c", {}))
            return
        self._documents[(name, document["_id"])] = document
        if name == store.UNITS:
            follower.set_card(documents.card_of(document))
        elif name == store.MARKS:
            follower.set_mark(
                document["topic"],
                document["partition"],
                dict(document["sequences"]),
                gap=document.get("gap") is not None,
            )
        elif name == store.WATERMARKS:
            follower.set_watermark(documents.watermark_of(document))
