"""Group commit: requests that arrive together share one transaction (design.md section 3).

One fsync then serves up to 64 requests. A request that cannot be written is found out and taken
from the group, so that it never fails a neighbour; nobody is answered before the commit.
"""

import asyncio
import contextvars
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bson.errors import BSONError
from prometheus_client import Histogram
from pymongo.errors import (
    BulkWriteError,
    ConnectionFailure,
    DuplicateKeyError,
    ExecutionTimeout,
    PyMongoError,
    WTimeoutError,
)

from shared import log
from shared.errors import Unavailable
from shared.mongo import AsyncClientSession, AsyncDatabase, Document, transact_async

Insert = tuple[str, Document]
"""A collection's name and a document to insert there."""

_DUPLICATE = 11000
_FAULTS = (PyMongoError, BSONError, TypeError, ValueError, OverflowError)
"""What a document may raise: the server refuses it, or it cannot be encoded."""
_SIZES = Histogram(
    "registry_group_commit_writes", "Requests per transaction", buckets=(1, 2, 4, 8, 16, 32, 64)
)
_log = log.get(__name__)


class AlreadyThere(Exception):
    """A document of the write exists already.

    Args:
        collection: where.
        id: its ``_id``, or the ``_id`` of the refused document where another unique index spoke.
        index: the fields of the unique index.
    """

    def __init__(self, collection: str, id: str, index: tuple[str, ...] = ("_id",)) -> None:  # noqa: A002
        super().__init__(f"{collection} has {id} already")
        self.collection = collection
        self.id = id
        self.index = index


@dataclass(frozen=True)
class Write:
    """What one request writes, wholly or not at all.

    Args:
        inserts: (collection, document) in order; each document bears its ``_id``.
        keys: what two writes of one group must not have in common (the idempotency record's id,
            identifiers): the later write waits for the next group.
        unique: ids that must not exist yet, per collection: asked before the transaction, so
            that a duplicate costs its neighbours nothing.
    """

    inserts: tuple[Insert, ...]
    keys: frozenset[str] = frozenset()
    unique: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(eq=False)
class _Waiting:
    write: Write
    outcome: asyncio.Future[None]

    def refuse(self, problem: BaseException) -> None:
        if not self.outcome.done():
            self.outcome.set_exception(problem)

    def confirm(self) -> None:
        if not self.outcome.done():
            self.outcome.set_result(None)


class _Offence(Exception):
    """A transaction was aborted by one document; ``offender`` brought it, if that is known."""

    def __init__(self, offender: _Waiting | None, problem: Exception) -> None:
        super().__init__(str(problem))
        self.offender = offender
        self.problem = problem


def _is_outage(problem: Exception) -> bool:
    """Whether the database failed and not a document, so that trying singly is no use."""
    if not isinstance(problem, PyMongoError):
        return False
    return isinstance(problem, ConnectionFailure | ExecutionTimeout | WTimeoutError) or any(
        problem.has_error_label(label)
        for label in ("TransientTransactionError", "UnknownTransactionCommitResult")
    )


class GroupCommit:
    """Collects writes and commits them in groups, one transaction at a time.

    Args:
        database: the service's database.
        collection_order: collections in the order their documents are inserted; the idempotency
            records belong first, so that a repeated request stops before it writes. Others
            follow in the order in which writes name them.
        max_writes: most writes of one transaction.
        max_wait_ms: how long a group waits for as many as came last time.
    """

    def __init__(
        self,
        database: AsyncDatabase,
        *,
        collection_order: Sequence[str] = (),
        max_writes: int = 64,
        max_wait_ms: float = 5,
    ) -> None:
        self._database = database
        self._order = tuple(collection_order)
        self._max_writes = max_writes
        self._max_wait = max_wait_ms / 1000
        self._queue: deque[_Waiting] = deque()
        self._arrived = asyncio.Event()
        self._committer: asyncio.Task[None] | None = None
        self._closing = False
        self._last_size = 1

    async def submit(self, write: Write) -> None:
        """Return when the write is committed, durable on a majority.

        A caller that is cancelled gives up the answer, not the group; its write may still happen.

        Raises:
            AlreadyThere: one of its documents exists already; nothing of it is written.
            Unavailable: the database cannot be reached; whether it was written is not known.
        """
        if self._closing:
            raise Unavailable("unavailable")
        waiting = _Waiting(write, asyncio.get_running_loop().create_future())
        self._queue.append(waiting)
        if self._committer is None or self._committer.done():
            # Not in the context of this request: its correlation id is not the others'.
            self._committer = asyncio.create_task(self._run(), context=contextvars.Context())
        self._arrived.set()
        await waiting.outcome

    async def shutdown(self) -> None:
        """Take no more writes, and return when those under way are answered."""
        self._closing = True
        self._arrived.set()
        if self._committer is not None:
            await self._committer

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
        """Wait for neighbours, but only where the last group shows that there are any."""
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

    def _take(self) -> list[_Waiting]:
        """Take the next group from the queue: in order, without two that share a key."""
        group: list[_Waiting] = []
        held: set[str] = set()
        later: list[_Waiting] = []
        while self._queue and len(group) < self._max_writes:
            waiting = self._queue.popleft()
            if waiting.outcome.done():
                continue  # its caller has gone
            (later if held & waiting.write.keys else group).append(waiting)
            held |= waiting.write.keys
        self._queue.extendleft(reversed(later))
        return group

    async def _settle(self, group: list[_Waiting]) -> None:
        """Answer every write of a group: committed, or why not."""
        try:
            if rest := await self._absent(group):
                await self._together(rest)
        except Exception as problem:  # noqa: BLE001 - nobody may wait for ever
            _log.warning("cannot commit now", writes=len(group), kind=type(problem).__name__)
        finally:
            for waiting in group:
                waiting.refuse(Unavailable("unavailable"))  # those not answered yet

    async def _together(self, group: list[_Waiting]) -> None:
        _SIZES.observe(len(group))
        try:
            await self._commit(group)
        except _Offence as offence:
            if len(group) == 1:
                group[0].refuse(offence.problem)
                return
            await self._apart(group, offence)

    async def _apart(self, group: list[_Waiting], offence: _Offence) -> None:
        """After an abort: the rest once more, on a second abort each alone; the offender last."""
        rest = [waiting for waiting in group if waiting is not offence.offender]
        try:
            if offence.offender is None:
                raise offence
            await self._commit(rest)
        except _Offence:
            for waiting in rest:
                await self._alone(waiting)
        if offence.offender is not None:
            await self._alone(offence.offender)

    async def _alone(self, waiting: _Waiting) -> None:
        try:
            await self._commit([waiting])
        except _Offence as offence:
            waiting.refuse(offence.problem)

    async def _absent(self, group: list[_Waiting]) -> list[_Waiting]:
        """Refuse the writes whose unique ids exist; return the others."""
        wanted: dict[str, list[str]] = {}
        for waiting in group:
            for collection, ids in waiting.write.unique.items():
                wanted.setdefault(collection, []).extend(ids)
        answers = await asyncio.gather(*(self._existing(*item) for item in wanted.items()))
        there = dict(zip(wanted, answers, strict=True))
        rest: list[_Waiting] = []
        for waiting in group:
            found = next(
                (
                    AlreadyThere(collection, one)
                    for collection, ids in waiting.write.unique.items()
                    for one in ids
                    if one in there[collection]
                ),
                None,
            )
            if found is None:
                rest.append(waiting)
            else:
                waiting.refuse(found)
        return rest

    async def _existing(self, collection: str, ids: list[str]) -> set[str]:
        found = self._database[collection].find({"_id": {"$in": ids}}, {"_id": 1})
        return {document["_id"] async for document in found}

    async def _commit(self, group: list[_Waiting]) -> None:
        """Write a group in one transaction and confirm its writes.

        Raises:
            _Offence: a document stood against it, and nothing was written.
        """
        batches: dict[str, list[tuple[_Waiting, Document]]] = {name: [] for name in self._order}
        for waiting in group:
            for collection, document in waiting.write.inserts:
                batches.setdefault(collection, []).append((waiting, document))
        filled = [(collection, batch) for collection, batch in batches.items() if batch]

        async def insert(session: AsyncClientSession) -> None:
            for collection, batch in filled:
                await self._insert(collection, batch, session)

        try:
            await transact_async(self._database, insert)
        except _FAULTS as problem:
            if _is_outage(problem):
                raise
            raise _Offence(None, problem) from problem
        for waiting in group:
            waiting.confirm()

    async def _insert(
        self,
        collection: str,
        batch: list[tuple[_Waiting, Document]],
        session: AsyncClientSession,
    ) -> None:
        documents = [document for _, document in batch]
        try:
            if len(documents) == 1:
                await self._database[collection].insert_one(documents[0], session=session)
            else:
                await self._database[collection].insert_many(documents, session=session)
        except (BulkWriteError, DuplicateKeyError) as problem:
            if _is_outage(problem):
                raise
            errors = (problem.details or {}).get("writeErrors") or []
            position = errors[0]["index"] if errors else 0
            error: dict[str, Any] = errors[0] if errors else dict(problem.details or {})
            offender, document = batch[position]
            if error.get("code", problem.code) == _DUPLICATE:
                index = tuple(error.get("keyPattern") or ("_id",))
                raise _Offence(
                    offender, AlreadyThere(collection, str(document["_id"]), index)
                ) from None
            raise _Offence(offender, problem) from problem
