"""The live stream: one watcher of the database, many viewers, frames as Server-Sent Events."""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import orjson

from aggregator.figures.service import FiguresService, Row
from aggregator.intake.service import Feed
from aggregator.settings import AggregatorSettings
from shared.base import log

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
"""Seconds before everything is loaded again; doubled each time that fails, too."""
FRAMES_WAITING = 50
"""A viewer that lags this many frames behind is asked to reconnect and gets a new snapshot."""

_log = log.get(__name__)


@dataclass(eq=False)
class Viewer:
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
    """Keeps what is in memory up to date, and sends viewers the changes."""

    def __init__(self, service: FiguresService, settings: AggregatorSettings) -> None:
        self.service, self.live = service, service.live
        self.settings = settings
        self.closing = False
        self._viewers: dict[tuple[str, frozenset[str]], set[Viewer]] = {}
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self, closing: asyncio.Event) -> None:
        """Begin to follow; ``live.ready`` becomes true when everything is loaded.

        Args:
            closing: set when the process is to stop; open streams then end at once.
        """
        runs = (self._follow(), self._tick(), self._close_on(closing))
        self._tasks = [asyncio.create_task(run) for run in runs]

    async def _close_on(self, closing: asyncio.Event) -> None:
        await closing.wait()
        self.closing = True
        self._drop_viewers()

    async def stop(self) -> None:
        """Ask viewers to reconnect elsewhere, then stop following."""
        self.closing = True
        self._drop_viewers()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _follow(self) -> None:
        pause = FIRST_PAUSE
        while True:
            try:
                self.live.reset()
                self._drop_viewers()
                async for letters in Feed(self.service.database, self.live.take).run():
                    self.live.freshness.dead_letters = letters.open
                    self.live.freshness.dismissed = letters.dismissed
                    self.live.ready = True
            except Exception as problem:  # noqa: BLE001 - figures that stand still are wrong ones
                pause = FIRST_PAUSE if self.live.ready else min(pause * 2, LONGEST_PAUSE)
                self.live.ready = False
                _log.warning("loading again", problem=repr(problem)[:300])
                await asyncio.sleep(pause)

    def _drop_viewers(self) -> None:
        for viewers in self._viewers.values():
            for viewer in viewers:
                viewer.dropped = True
                viewer.wake.set()

    async def _tick(self) -> None:
        interval = 1.0 / self.settings.stream_frames_per_second
        beats = 0
        while True:
            await asyncio.sleep(interval)
            beats += 1
            if not self.live.ready:
                continue  # being loaded again: the old viewers were asked to reconnect
            figures = self.live.figures
            changed, figures.changed = figures.changed, set()
            try:
                self._beat(changed, every_second=beats % max(1, round(1.0 / interval)) == 0)
            except Exception as problem:  # noqa: BLE001 - else no viewer ever got a frame again
                figures.changed |= changed  # the next beat sends them
                _log.error("a beat failed", problem=repr(problem)[:300])

    def _beat(self, changed: set[str], *, every_second: bool) -> None:
        for (unit, levels), viewers in list(self._viewers.items()):
            if unit not in self.live.figures.cards:
                continue
            rows = self.service.rows(unit, levels, among=changed)
            if rows or unit in changed or every_second:
                frame = self._frame("figures", unit, rows)
                for viewer in viewers:
                    viewer.push(frame)

    def _frame(self, event: str, unit: str, rows: list[Row]) -> bytes:
        body = orjson.dumps({**self.service.progress(unit), "rows": rows})
        return b"event: %s\ndata: %s\n\n" % (event.encode(), body)

    async def frames(self, unit: str, *, levels: frozenset[str]) -> AsyncIterator[bytes]:
        """Yield a snapshot of a unit, then what changes, for at most the stream's lifetime.

        Args:
            unit: id of a known unit.
            levels: levels of its children whose lines are included.
        """
        viewer, channel = Viewer(), (unit, levels)
        self._viewers.setdefault(channel, set()).add(viewer)
        deadline = asyncio.get_running_loop().time() + self.settings.stream_lifetime_seconds
        try:
            yield b"retry: 1000\n\n"
            if self.live.has(unit):
                yield self._frame("snapshot", unit, self.service.rows(unit, levels))
            else:
                viewer.dropped = True  # loaded again since the unit was found
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
        return sum(len(viewers) for viewers in self._viewers.values())
