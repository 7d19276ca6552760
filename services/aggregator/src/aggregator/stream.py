"""One watcher of the aggregator's database, many viewers: figures in memory, frames over SSE.

The change stream carries absolute values in the order of commits, so what is in memory is what was
committed; it starts before everything is loaded, and values seen twice change nothing.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from bson.timestamp import Timestamp
from pymongo.read_concern import ReadConcern

from aggregator import diffs, store
from aggregator.figures import Card, Figures
from aggregator.freshness import Freshness, Mark, Verdict
from aggregator.settings import AggregatorSettings
from shared.base import log
from shared.base.clock import now
from shared.base.errors import Unavailable
from shared.base.mongo import AsyncDatabase, Document

FOLLOWED = (store.COUNTERS, store.UNITS, store.MARKS, store.WATERMARKS, store.DEAD_LETTERS)
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
"""Seconds before everything is loaded anew; twice as long each time that fails, too."""
SUMS_AT_ONCE = 2
SUMS_WAITING = 20
"""Requests that wait for a sum; one more would only wait until its time is over."""
FRAMES_WAITING = 50
"""A viewer that lags this many frames behind is told to reconnect and gets a new snapshot."""

_log = log.get(__name__)


@dataclass(eq=False)
class Viewer:
    """One open stream."""

    frames: deque[bytes] = field(default_factory=deque)
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    dropped: bool = False

    def push(self, frame: bytes) -> None:
        """Queue a frame; a viewer too slow is dropped rather than shown half the changes."""
        if len(self.frames) >= FRAMES_WAITING:
            self.dropped = True
        else:
            self.frames.append(frame)
        self.wake.set()


class Hub:
    """Keeps figures and freshness as committed, and tells viewers of changes.

    Args:
        database: the aggregator's database.
        settings: how often frames go out, and how many viewers there may be.
        describe: turns a unit and its figures into the body of ``/v1/progress``.
    """

    def __init__(
        self,
        database: AsyncDatabase,
        settings: AggregatorSettings,
        describe: Callable[["Hub", str], dict[str, Any]],
    ) -> None:
        self.database = database
        self.settings = settings
        self.figures = Figures()
        self.freshness = self._fresh()
        self.ready = False
        self.closing = False
        self.waiting = 0
        """Requests that wait for a sum."""
        self._sums = asyncio.Semaphore(SUMS_AT_ONCE)
        self._describe = describe
        self._viewers: dict[tuple[str, frozenset[str]], set[Viewer]] = {}
        self._documents: dict[tuple[str, str], Document] = {}
        self._tasks: list[asyncio.Task[None]] = []

    def _fresh(self) -> Freshness:
        return Freshness(self.settings.expected_sources, self.settings.complete_seconds)

    async def start(self, closing: asyncio.Event) -> None:
        """Begin to follow; ``ready`` tells when what was there is loaded.

        Args:
            closing: set when the process is told to stop; open streams then end at once.
        """
        self._tasks = [
            asyncio.create_task(self._follow()),
            asyncio.create_task(self._tick()),
            asyncio.create_task(self._close_on(closing)),
        ]

    async def _close_on(self, closing: asyncio.Event) -> None:
        await closing.wait()
        self.closing = True
        self._drop_viewers()

    async def stop(self) -> None:
        """Tell viewers to reconnect elsewhere, then let go."""
        self.closing = True
        self._drop_viewers()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @contextlib.asynccontextmanager
    async def summing(self) -> AsyncIterator[None]:
        """To be held while the database sums: each such query occupies a core of it.

        Raises:
            Unavailable: too many wait already.
        """
        if self.waiting >= SUMS_WAITING:
            raise Unavailable("overloaded")
        self.waiting += 1
        try:
            await self._sums.acquire()
        finally:
            self.waiting -= 1
        try:
            yield
        finally:
            self._sums.release()

    def verdict(self) -> Verdict:
        """Return lag and completeness; until everything is loaded, nothing is complete."""
        if not self.ready:
            return Verdict(False, None, ("starting",))
        return self.freshness.verdict(now())

    def has(self, unit: str) -> bool:
        """Tell whether a unit is there, with everything else: to be asked again after waiting."""
        return self.ready and unit in self.figures.cards

    def row(self, unit: str) -> dict[str, Any]:
        """Return a unit's line in a table of figures."""
        card = self.figures.cards[unit]
        return {
            "unit": unit,
            "name": card.name,
            "region_code": card.region_code,
            "level": card.level,
            "type": card.type,
            **self.figures.figures(unit),
        }

    def rows(self, unit: str, levels: frozenset[str]) -> list[str]:
        """Return the ids of a unit's children of some levels, in their order."""
        cards = self.figures.cards
        return [child for child in self.figures.children(unit) if cards[child].level in levels]

    async def _follow(self) -> None:
        pause = FIRST_PAUSE
        while True:
            try:
                await self._load_and_watch()
            except Exception as problem:  # noqa: BLE001 - figures that stand still are wrong ones
                pause = FIRST_PAUSE if self.ready else min(pause * 2, LONGEST_PAUSE)
                self.ready = False
                _log.warning("loading anew", problem=repr(problem)[:300])
                await asyncio.sleep(pause)

    async def _load_and_watch(self) -> None:
        begun = await self._settled_time()
        self.figures, self.freshness, self._documents = Figures(), self._fresh(), {}
        self._drop_viewers()
        match = {
            "$match": {
                "ns.coll": {"$in": list(FOLLOWED)},
                "operationType": {"$in": ["insert", "update", "replace"]},
            }
        }
        async with await self.database.watch(
            [match], start_at_operation_time=begun, max_await_time_ms=200, batch_size=1_000
        ) as changes:
            await self._load()
            loaded = (await self.database.command("ping"))["operationTime"]
            while True:
                change = await changes.try_next()
                # What was loaded is told once more: until that is over, an older value may stand
                # in place of a newer one. Under load there is always a next change.
                if change is None or change["clusterTime"] > loaded:
                    self.ready = True
                if change is not None:
                    await self._change(change)

    async def _settled_time(self) -> Timestamp:
        """Return an instant up to which no failover undoes anything: to follow changes from."""
        begun: Timestamp = (await self.database.command("ping"))["operationTime"]
        marks = self.database[store.MARKS].with_options(read_concern=ReadConcern("majority"))
        async with self.database.client.start_session() as session:
            session.advance_operation_time(begun)
            await marks.find_one({}, session=session)  # waits until a majority has it
        return begun

    async def _load(self) -> None:
        """Take all that is there at one instant, no earlier than what is followed.

        Counts and the marks that call them complete must be of one commit, and of one that stays.
        """
        async with self.database.client.start_session(snapshot=True) as session:
            for name in FOLLOWED[:-1]:
                async for document in self.database[name].find(
                    {}, batch_size=5_000, session=session
                ):
                    self._take(name, document)
        await self._count_dead_letters()

    async def _change(self, change: Mapping[str, Any]) -> None:
        name = change["ns"]["coll"]
        if name == store.DEAD_LETTERS:
            await self._count_dead_letters()
        elif "fullDocument" in change:
            self._take(name, change["fullDocument"])
        else:
            self._update(name, change["documentKey"]["_id"], change["updateDescription"])

    def _update(self, name: str, identity: str, description: Mapping[str, Any]) -> None:
        updated = description["updatedFields"]
        if name == store.COUNTERS:
            _generation, topic, unit = identity.split("/", 2)
            values = {path[2:]: count for path, count in updated.items() if path.startswith("c.")}
            self.figures.set_counters(unit, topic, values)
            return
        document = self._documents.setdefault((name, identity), {"_id": identity})
        diffs.apply(document, description)
        self._take(name, document)

    def _take(self, name: str, document: Document) -> None:
        if name == store.COUNTERS:
            self.figures.set_counters(document["u"], document["t"], document.get("c", {}))
            return
        self._documents[(name, document["_id"])] = document
        if name == store.UNITS:
            self.figures.set_card(_card(document))
        elif name == store.MARKS:
            self.freshness.applied(
                document["topic"],
                document["partition"],
                dict(document["sequences"]),
                gap=document.get("gap") is not None,
            )
        elif name == store.WATERMARKS:
            # Copied: the document is changed in place, and a mark waits for its own numbers.
            sequences = {
                topic.replace("/", "."): dict(numbers)
                for topic, numbers in document["sequences"].items()
            }
            self.freshness.watermark(
                Mark(document["_id"], document["epoch"], document["at"], sequences)
            )

    def _drop_viewers(self) -> None:
        for viewers in self._viewers.values():
            for viewer in viewers:
                viewer.dropped = True
                viewer.wake.set()

    async def _count_dead_letters(self) -> None:
        self.freshness.dead_letters = await self.database[store.DEAD_LETTERS].count_documents(
            {"state": "open"}
        )

    async def _tick(self) -> None:
        interval = 1.0 / self.settings.stream_frames_per_second
        beats = 0
        while True:
            await asyncio.sleep(interval)
            beats += 1
            if not self.ready:
                continue  # being loaded anew: the old viewers were told to come again
            changed, self.figures.changed = self.figures.changed, set()
            try:
                self._beat(changed, every_second=beats % max(1, round(1.0 / interval)) == 0)
            except Exception as problem:  # noqa: BLE001 - else no viewer ever got a frame again
                self.figures.changed |= changed  # the next beat tells of them
                _log.error("a beat failed", problem=repr(problem)[:300])

    def _beat(self, changed: set[str], *, every_second: bool) -> None:
        for (unit, levels), viewers in list(self._viewers.items()):
            if unit not in self.figures.cards:
                continue
            rows = [self.row(child) for child in self.rows(unit, levels) if child in changed]
            if rows or unit in changed or every_second:
                frame = self._frame("figures", unit, rows)
                for viewer in viewers:
                    viewer.push(frame)

    def _frame(self, event: str, unit: str, rows: list[dict[str, Any]]) -> bytes:
        body = orjson.dumps({**self._describe(self, unit), "rows": rows})
        return b"event: %s\ndata: %s\n\n" % (event.encode(), body)

    async def frames(self, unit: str, *, levels: frozenset[str]) -> AsyncIterator[bytes]:
        """Yield a snapshot of a unit, then what changes, for at most the stream's lifetime.

        Args:
            unit: id of a known unit.
            levels: levels of its children whose lines go along.
        """
        viewer, channel = Viewer(), (unit, levels)
        self._viewers.setdefault(channel, set()).add(viewer)
        deadline = asyncio.get_running_loop().time() + self.settings.stream_lifetime_seconds
        try:
            yield b"retry: 1000\n\n"
            if self.has(unit):
                rows = [self.row(child) for child in self.rows(unit, levels)]
                yield self._frame("snapshot", unit, rows)
            else:
                viewer.dropped = True  # loaded anew since the unit was found
            while not self.closing and not viewer.dropped:
                left = deadline - asyncio.get_running_loop().time()
                if left <= 0:
                    break
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(viewer.wake.wait(), timeout=min(left, 5.0))
                viewer.wake.clear()
                while viewer.frames:
                    yield viewer.frames.popleft()
            yield b"event: reconnect\ndata: {}\n\n"
        finally:
            self._viewers[channel].discard(viewer)
            if not self._viewers[channel]:
                del self._viewers[channel]

    def viewers(self) -> int:
        """Return how many streams are open."""
        return sum(len(viewers) for viewers in self._viewers.values())


def _card(document: Document) -> Card:
    return Card(
        document["_id"],
        document["version"],
        document["name"],
        document.get("region_code"),
        document["level"],
        document["type"],
        document["status"],
        document.get("parent"),
        tuple(document.get("flags", ())),
    )
