"""Follows what intake commits: first everything there is, then each change in commit order.

The change stream carries absolute values, so whoever follows holds what was committed; it starts
before everything is loaded, and values seen twice change nothing.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bson.timestamp import Timestamp
from pymongo.read_concern import ReadConcern

from aggregator.intake import documents
from aggregator.intake.documents import COUNTERS, DEAD_LETTERS, MARKS, Document
from shared.base.mongo import AsyncDatabase

LOADED = (COUNTERS, documents.UNITS, MARKS, documents.WATERMARKS)

WRITES = ["insert", "update", "replace", "delete"]


class Withdrawn(Exception):
    """A unit's card was taken back (an epoch began): what follows it loads everything anew."""


@dataclass(frozen=True)
class Letters:
    """How many dead letters are open, and the sources whose events were dismissed."""

    open: int
    dismissed: Sequence[str]


class Feed:
    """One pass over the database: load, then follow until something fails.

    Args:
        database: the aggregator's database.
        follower: takes a collection and what is stored there: of counters those that changed, of
            anything else the whole document. One may be given twice, and is not to be changed.
    """

    def __init__(self, database: AsyncDatabase, follower: Callable[[str, Document], None]) -> None:
        self._database, self._follower = database, follower
        self._documents: dict[tuple[str, str], Document] = {}

    async def run(self) -> AsyncIterator[Letters]:
        """Load everything, then follow its changes; ends by an exception only.

        Yields:
            The dead letters that matter, whenever what was given is what was committed.
        """
        collections = {"$in": [*LOADED, DEAD_LETTERS]}
        match = {"ns.coll": collections, "operationType": {"$in": WRITES}}
        start = await self._settled_time()
        async with await self._database.watch(
            [{"$match": match}],
            start_at_operation_time=start,
            max_await_time_ms=200,
            batch_size=1_000,
        ) as changes:
            await self._load()
            letters = await self._letters()
            loaded = (await self._database.command("ping"))["operationTime"]
            while True:
                change = await changes.try_next()
                if change is not None and change["ns"]["coll"] == DEAD_LETTERS:
                    letters = await self._letters()
                elif change is not None:
                    self._change(change)
                # What was loaded is read once more: until that is over, an older value may be
                # in place of a newer one. Under load there is always a next change.
                if change is None or change["clusterTime"] > loaded:
                    yield letters

    async def _settled_time(self) -> Timestamp:
        """Return an instant up to which no failover undoes anything: to follow changes from."""
        start: Timestamp = (await self._database.command("ping"))["operationTime"]
        marks = self._database[MARKS].with_options(read_concern=ReadConcern("majority"))
        async with self._database.client.start_session() as session:
            session.advance_operation_time(start)
            await marks.find_one({}, session=session)  # waits until a majority has it
        return start

    async def _load(self) -> None:
        """Take all that is there at one instant, no earlier than what is followed.

        Counts and the marks that call them complete must be of one commit, and of one that stays.
        """
        async with self._database.client.start_session(snapshot=True) as session:
            for name in LOADED:
                found = self._database[name].find({}, batch_size=5_000, session=session)
                async for document in found:
                    self.take(name, document)

    async def _letters(self) -> Letters:
        found = self._database[DEAD_LETTERS]
        open_ones = await found.count_documents({"state": documents.OPEN})
        return Letters(open_ones, await found.distinct("source", documents.dismissed_of_ours()))

    def _change(self, change: Mapping[str, Any]) -> None:
        name = change["ns"]["coll"]
        if change["operationType"] == "delete":
            raise Withdrawn(name)
        if "fullDocument" in change:
            self.take(name, change["fullDocument"])
        else:
            self.update(name, change["documentKey"]["_id"], change["updateDescription"])

    def update(self, name: str, identity: str, description: Mapping[str, Any]) -> None:
        """Take an update of a document, as the change stream describes it."""
        if name == COUNTERS:
            _generation, topic, unit = identity.split("/", 2)
            updated = description["updatedFields"]
            values = {path[2:]: count for path, count in updated.items() if path.startswith("c.")}
            self._follower(name, {"t": topic, "u": unit, "c": values})
            return
        document = self._documents.setdefault((name, identity), {"_id": identity})
        _apply(document, description)
        self._follower(name, document)

    def take(self, name: str, document: Document) -> None:
        if name != COUNTERS:
            self._documents[(name, document["_id"])] = document
        self._follower(name, document)


def _apply(document: Document, description: Mapping[str, Any]) -> None:
    """Apply the ``updateDescription`` of a change event to a document, in place."""
    for cut in description.get("truncatedArrays", ()):
        holder, last = _holder(document, cut["field"])
        del holder[last][cut["newSize"] :]
    for path, value in description["updatedFields"].items():
        holder, last = _holder(document, path)
        if isinstance(holder, list):
            holder[int(last) : int(last) + 1] = [value]
        else:
            holder[last] = value
    for path in description["removedFields"]:
        holder, last = _holder(document, path)
        holder.pop(last, None)


def _holder(container: Any, path: str) -> tuple[Any, str]:
    """Return what holds the last step of a dotted path, and that step."""
    *parents, last = path.split(".")
    for key in parents:
        if isinstance(container, list):
            container = container[int(key)]
            continue
        if container.get(key) is None:
            container[key] = {}  # an older change of what was loaded without it
        container = container[key]
    return container, last
