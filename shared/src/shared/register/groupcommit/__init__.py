"""Group commit: requests that arrive together share one transaction (docs/design.md section 3).

One fsync then serves up to 64 requests. A request that cannot be written is removed from its group,
so that the others do not fail; no request is answered before the commit.
"""

import asyncio
import contextvars
from collections import deque
from collections.abc import Sequence

from prometheus_client import Histogram

from shared.base import log
from shared.base.errors import Unavailable
from shared.base.mongo import AsyncDatabase
from shared.register.fences import Fences
from shared.register.groupcommit.transaction import (
    AlreadyThere,
    CommitFailed,
    Waiting,
    Write,
    commit,
)

_SIZES = Histogram(
    "registry_group_commit_writes", "Requests per transaction", buckets=(1, 2, 4, 8, 16, 32, 64)
)
_MOST_DOCUMENTS = 1_000
"""A transaction is closed to further writes beyond this many, so that none lasts long."""
_log = log.get(__name__)


class GroupCommit:
    """Collects writes and commits them in groups, one transaction at a time.

    Args:
        database: the service's database.
        collection_order: collections in the order their documents are inserted; the idempotency
            records belong first, so that a repeated request stops before it writes. Others
            follow in the order in which writes name them.
        fences: of the units that writes enter people in.
        max_writes: most writes of one transaction.
        max_wait_ms: how long a group waits for as many as came last time.
    """

    def __init__(
        self,
        database: AsyncDatabase,
        *,
        collection_order: Sequence[str] = (),
        fences: Fences | None = None,
        max_writes: int = 64,
        max_wait_ms: float = 5,
    ) -> None:
        self._database = database
        self._order = tuple(collection_order)
        self._fences = fences
        self._max_writes = max_writes
        self._max_wait = max_wait_ms / 1000
        self._queue: deque[Waiting] = deque()
        self._arrived = asyncio.Event()
        self._committer: asyncio.Task[None] | None = None
        self._lone: set[asyncio.Task[None]] = set()
        """Writes that are tried alone: one may meet a lock, and no later group waits for it."""
        self._closing = False
        self._last_size = 1

    async def submit(self, write: Write) -> None:
        """Return when the write is committed, durable on a majority.

        If the caller is cancelled, its write stays in the group and may still happen.

        Raises:
            AlreadyThere: one of its documents exists already; nothing of it is written.
            Fenced: the unit that it enters takes nobody; nothing of it is written.
            Unavailable: the database cannot be reached; whether it was written is not known.
        """
        if self._closing:
            raise Unavailable("unavailable")
        waiting = Waiting(write, asyncio.get_running_loop().create_future())
        self._queue.append(waiting)
        if self._committer is None or self._committer.done():
            # Not in the context of this request, whose correlation id is its own.
            self._committer = asyncio.create_task(self._run(), context=contextvars.Context())
        self._arrived.set()
        await waiting.outcome

    async def shutdown(self) -> None:
        """Take no more writes, and return when those under way are answered."""
        self._closing = True
        self._arrived.set()
        if self._committer is not None:
            await self._committer
        await asyncio.gather(*self._lone)

    async def _run(self) -> None:
        try:
            while await self._any():
                await self._gather()
                group = self._take()
                self._last_size = len(group)
                await self._settle(group)
        finally:
            # Empty, unless the process is being torn down.
            for waiting in self._queue:
                waiting.refuse(Unavailable("unavailable"))

    async def _any(self) -> bool:
        """Wait for a write; False once there will be none."""
        while not self._queue:
            if self._closing:
                return False
            self._arrived.clear()
            await self._arrived.wait()
        return True

    async def _gather(self) -> None:
        """Wait for more writes, but only if the last group had more than one."""
        expected = min(self._last_size, self._max_writes)
        await asyncio.sleep(0)
        if len(self._queue) >= expected or self._closing:
            return
        try:
            async with asyncio.timeout(self._max_wait):
                while len(self._queue) < expected and not self._closing:
                    self._arrived.clear()
                    await self._arrived.wait()
        except TimeoutError:
            pass  # those who came are enough

    def _take(self) -> list[Waiting]:
        """Take the next group from the queue: in order, without two that share a key."""
        group: list[Waiting] = []
        held: set[str] = set()
        later: list[Waiting] = []
        documents = 0
        while self._queue and len(group) < self._max_writes and documents < _MOST_DOCUMENTS:
            waiting = self._queue.popleft()
            if waiting.outcome.done():
                continue  # its caller has gone
            (later if held & waiting.write.keys else group).append(waiting)
            held |= waiting.write.keys
            documents += len(waiting.write.inserts)
        self._queue.extendleft(reversed(later))
        return group

    async def _settle(self, group: list[Waiting]) -> None:
        """Answer every write of a group: committed, or why not."""
        try:
            if rest := await self._absent(group):
                await self._together(rest)
        except Exception as problem:  # noqa: BLE001 - nobody may wait for ever
            _log.warning("cannot commit now", writes=len(group), kind=type(problem).__name__)
        finally:
            for waiting in group:
                if not waiting.alone:
                    waiting.refuse(Unavailable("unavailable"))  # those not answered yet

    async def _together(self, group: list[Waiting]) -> None:
        _SIZES.observe(len(group))
        try:
            await self._commit(group)
        except CommitFailed as failure:
            if group == [failure.cause]:
                group[0].refuse(failure.problem)
                return
            await self._apart(group, failure)

    async def _apart(self, group: list[Waiting], failure: CommitFailed) -> None:
        """After an abort: the rest once more, on a second abort each alone; the cause last."""
        rest = [waiting for waiting in group if waiting is not failure.cause]
        try:
            if failure.cause is None:
                raise failure
            await self._commit(rest)
        except CommitFailed:
            for waiting in rest:
                self._try_alone(waiting)
        if failure.cause is not None:
            self._try_alone(failure.cause)

    def _try_alone(self, waiting: Waiting) -> None:
        waiting.alone = True
        task = asyncio.create_task(self._alone(waiting))
        self._lone.add(task)
        task.add_done_callback(self._lone.discard)

    async def _alone(self, waiting: Waiting) -> None:
        try:
            await self._commit([waiting], alone=True)
        except CommitFailed as failure:
            waiting.refuse(failure.problem)
        except Exception as problem:  # noqa: BLE001 - nobody may wait for ever
            _log.warning("cannot commit now", writes=1, kind=type(problem).__name__)
        finally:
            waiting.refuse(Unavailable("unavailable"))  # unless it is answered

    async def _absent(self, group: list[Waiting]) -> list[Waiting]:
        """Refuse the writes whose unique ids exist; return the others.

        A single write need not be asked for: its transaction finds out, and aborts no other.
        """
        if len(group) == 1 and not group[0].write.probes:
            return group
        wanted: dict[str, list[str]] = {}
        for waiting in group:
            for collection, ids in waiting.write.unique.items():
                wanted.setdefault(collection, []).extend(ids)
        answers = await asyncio.gather(*(self._existing(*item) for item in wanted.items()))
        there = dict(zip(wanted, answers, strict=True))
        rest: list[Waiting] = []
        for waiting in group:
            taken = [
                AlreadyThere(collection, one)
                for collection, ids in waiting.write.unique.items()
                for one in ids
                if one in there[collection]
            ]
            if taken:
                waiting.refuse(taken[0])
            else:
                rest.append(waiting)
        return rest

    async def _existing(self, collection: str, ids: list[str]) -> set[str]:
        found = self._database[collection].find({"_id": {"$in": ids}}, {"_id": 1})
        return {document["_id"] async for document in found}

    async def _commit(self, group: list[Waiting], *, alone: bool = False) -> None:
        await commit(self._database, group, self._order, self._fences, alone=alone)
        for waiting in group:
            waiting.confirm()


__all__ = ["AlreadyThere", "GroupCommit", "Write"]
