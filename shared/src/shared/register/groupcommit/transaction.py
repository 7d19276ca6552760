"""One transaction of several writes; finds the write that made it fail."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bson.errors import BSONError
from pymongo.errors import (
    BulkWriteError,
    ConnectionFailure,
    DuplicateKeyError,
    ExecutionTimeout,
    PyMongoError,
    WTimeoutError,
)

from shared.base.errors import Unavailable
from shared.base.mongo import AsyncClientSession, AsyncDatabase, Document, transact_async
from shared.register.fences import Fenced, Fences
from shared.register.store import DUPLICATE_KEY, Insert

_GROUP_RUNS = 3
"""Runs of a group's transaction after which its writes are tried singly: one of them meets a
document that another transaction holds, and the others need not wait for its end."""
_LONE_SECONDS = 2.0
"""How long a write alone is tried against a document that another transaction holds; then the caller
is asked to retry. The server's own limit is a minute."""
_FAULTS = (PyMongoError, BSONError, TypeError, ValueError, OverflowError)
"""What a document may raise: the server refuses it, or it cannot be encoded."""


class AlreadyThere(Exception):
    """A document of the write exists already.

    Args:
        collection: where.
        id: its ``_id``, or the ``_id`` of the refused document if another unique index refused it.
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
        inserts: (collection, document) in order; each document has its ``_id``.
        keys: what two writes of one group must not have in common (the idempotency record's id,
            identifiers): the later write waits for the next group.
        unique: ids that must not exist yet, per collection: checked before the transaction, so
            that a duplicate does not abort the group.
        probes: whether some of them are not inserted, so that the transaction would not find them.
        enters: id of the unit that it enters a person in, which may be fenced.
    """

    inserts: tuple[Insert, ...]
    keys: frozenset[str] = frozenset()
    unique: Mapping[str, Sequence[str]] = field(default_factory=dict)
    enters: str | None = None
    probes: bool = False


@dataclass(eq=False)
class Waiting:
    write: Write
    outcome: asyncio.Future[None]
    alone: bool = False
    """Whether it was taken from its group, to be tried and answered by itself."""

    def refuse(self, problem: BaseException) -> None:
        if not self.outcome.done():
            self.outcome.set_exception(problem)

    def confirm(self) -> None:
        if not self.outcome.done():
            self.outcome.set_result(None)


class CommitFailed(Exception):
    """A document aborted the transaction; ``cause`` is its write, None if unknown."""

    def __init__(self, cause: Waiting | None, problem: Exception) -> None:
        super().__init__(str(problem))
        self.cause = cause
        self.problem = problem


def is_outage(problem: Exception) -> bool:
    """Whether the database failed, not a document, so that single retries cannot help."""
    if not isinstance(problem, PyMongoError):
        return False
    return isinstance(problem, ConnectionFailure | ExecutionTimeout | WTimeoutError) or any(
        problem.has_error_label(label)
        for label in ("TransientTransactionError", "UnknownTransactionCommitResult")
    )


def _tried_enough(runs: int, started: float, *, alone: bool) -> bool:
    """Whether a transaction that the server aborted for another one is not run again."""
    if runs > _GROUP_RUNS and not alone:
        return True
    return runs > 1 and time.monotonic() - started > _LONE_SECONDS


async def commit(
    database: AsyncDatabase,
    group: Sequence[Waiting],
    order: Sequence[str],
    fences: Fences | None,
    *,
    alone: bool,
) -> None:
    """Write a group in one transaction.

    Args:
        fences: of the units that the writes enter people in.
        order: collections whose documents are inserted first, in this order.
        alone: whether the group is a single write, whose caller alone waits.

    Raises:
        CommitFailed: a document was refused, and nothing was written.
    """
    batches: dict[str, list[tuple[Waiting, Document]]] = {name: [] for name in order}
    for waiting in group:
        for collection, document in waiting.write.inserts:
            batches.setdefault(collection, []).append((waiting, document))
    runs, started = 0, time.monotonic()

    async def insert(session: AsyncClientSession) -> None:
        nonlocal runs
        runs += 1
        if _tried_enough(runs, started, alone=alone):
            raise CommitFailed(None, Unavailable("unavailable"))
        for collection, batch in batches.items():
            await _insert(database, collection, batch, session)
        await _enter(fences, group, session)  # last: two groups conflict as briefly as may be

    try:
        await transact_async(database, insert)
    except _FAULTS as problem:
        if is_outage(problem):
            raise
        raise CommitFailed(None, problem) from problem


async def _enter(
    fences: Fences | None, group: Sequence[Waiting], session: AsyncClientSession
) -> None:
    if fences is None:
        return
    units = {waiting.write.enters: waiting for waiting in group if waiting.write.enters}
    try:
        await fences.enter(units, session)
    except Fenced as problem:
        raise CommitFailed(units[problem.unit], problem) from None


async def _insert(
    database: AsyncDatabase,
    collection: str,
    batch: list[tuple[Waiting, Document]],
    session: AsyncClientSession,
) -> None:
    documents = [document for _, document in batch]
    if not documents:
        return
    try:
        if len(documents) == 1:
            await database[collection].insert_one(documents[0], session=session)
        else:
            await database[collection].insert_many(documents, session=session)
    except (BulkWriteError, DuplicateKeyError) as problem:
        if is_outage(problem):
            raise
        details = dict(problem.details or {})
        error: dict[str, Any] = (details.get("writeErrors") or [details])[0]
        cause, document = batch[error.get("index", 0)]
        if error.get("code", problem.code) == DUPLICATE_KEY:
            index = tuple(error.get("keyPattern") or ("_id",))
            raise CommitFailed(
                cause, AlreadyThere(collection, str(document["_id"]), index)
            ) from None
        raise CommitFailed(cause, problem) from problem
