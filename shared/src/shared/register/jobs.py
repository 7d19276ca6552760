"""Background jobs of a writer: one table, asked for over HTTP and run by the second process.

A job is claimed under a new attempt number, which fences the attempt before it. A kind that works in
chunks stores its cursor in the transaction of each chunk, so that a job whose worker died goes on
after the last chunk committed (docs/design.md section 5.14, docs/adr/0018).
"""

import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from pymongo import ASCENDING, IndexModel, ReturnDocument

from shared.base.clock import now
from shared.base.mongo import AsyncDatabase, ClientSession, Database, Document

JOBS = "jobs"
KEEP_SECONDS = 24 * 3600
MOST_ATTEMPTS = 3
REASON_CHARACTERS = 300
INDEXES = {
    JOBS: [
        IndexModel([("expires_at", ASCENDING)], name="kept", expireAfterSeconds=0),
        IndexModel([("kind", ASCENDING), ("status", ASCENDING), ("at", ASCENDING)], name="queue"),
    ]
}


class Status(StrEnum):
    """The status of a job; the last three are final."""

    REQUESTED = "requested"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


UNFINISHED = [Status.REQUESTED, Status.RUNNING]


@dataclass(frozen=True)
class Job:
    """A job as it is stored.

    No field holds personal data: what a job works on is named by id.

    Args:
        id: a repeated request has the same one.
        kind: which of the worker's kinds runs it.
        status: its present status.
        at: when it was asked for.
        expires_at: when it is deleted; None until it has ended.
        request: what is to be done.
        attempt: number of the newest claim; 0 before the first.
        tries: attempts at the chunk that comes after the cursor, the present one included.
        holder: name of the worker of the newest attempt.
        claimed_at: when that worker claimed it or last committed a chunk.
        cursor: the end of the last chunk committed, as the kind writes it; None before the first.
        progress: counts as of the last chunk committed.
        reason: why the last attempt that failed did so.
        result: what the kind returned.
        finished_at: when it was done, failed or cancelled.
    """

    id: str
    kind: str
    status: Status
    at: datetime
    expires_at: datetime | None = None
    request: Mapping[str, Any] = field(default_factory=dict)
    attempt: int = 0
    tries: int = 0
    holder: str = ""
    claimed_at: datetime | None = None
    cursor: Mapping[str, Any] | None = None
    progress: Mapping[str, int] = field(default_factory=dict)
    reason: str = ""
    result: Mapping[str, Any] = field(default_factory=dict)
    finished_at: datetime | None = None

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> "Job":
        """Return the job of a stored document; fields of a later release are left out."""
        known = {one.name: document[one.name] for one in fields(cls) if one.name in document}
        return cls(**{**known, "id": document["_id"], "status": Status(document["status"])})


class WorkEnded(Exception):
    """This worker must stop working on the job; the transaction that is open is aborted."""


class ClaimLost(WorkEnded):
    """Another attempt has been made since, or the job is gone."""


class JobCancelled(WorkEnded):
    """The job was cancelled."""


class WorkerStopping(WorkEnded):
    """The process is to stop; the job waits for the next claim."""


@dataclass(frozen=True)
class Work:
    """A job claimed by a worker, for one attempt.

    Args:
        database: the writer's database.
        job: the job as it was claimed, with the cursor to go on from.
        stop: set when the process is to stop.
    """

    database: Database
    job: Job
    stop: threading.Event = field(default_factory=threading.Event)

    def advance(
        self, session: ClientSession, cursor: Mapping[str, Any], progress: Mapping[str, int]
    ) -> None:
        """Store the end of a chunk, inside the transaction of that chunk.

        The job is written, not just read: a claim or a cancellation meanwhile conflicts with it, and
        either this transaction aborts or the other waits for it. It is also the heartbeat that
        keeps others from claiming the job.

        Raises:
            ClaimLost: another attempt has been made since.
            JobCancelled: the job was cancelled.
            WorkerStopping: the process is to stop.
        """
        if self.stop.is_set():
            raise WorkerStopping(self.job.id)
        jobs = self.database[JOBS]
        chunk = {
            "cursor": dict(cursor),
            "progress": dict(progress),
            "claimed_at": now(),
            "tries": 1,
        }
        stored = jobs.update_one(self._mine, {"$set": chunk}, session=session)
        if stored.matched_count == 1:
            return
        found = jobs.find_one({"_id": self.job.id}, {"status": 1}, session=session)
        if found is not None and found["status"] == Status.CANCELLED:
            raise JobCancelled(self.job.id)
        raise ClaimLost(self.job.id)

    def finish(self, result: Mapping[str, Any]) -> bool:
        """Store the result; return False, and store nothing, where the job is no longer held."""
        return self._set(status=Status.DONE, result=dict(result), **_ended())

    def fail(self, reason: str) -> bool:
        """End the job without a result; return False where it is no longer held."""
        reason = reason[:REASON_CHARACTERS]
        return self._set(status=Status.FAILED, reason=reason, **_ended())

    def record_failure(self, reason: str) -> bool:
        """Store why this attempt failed; the job stays claimed and may be claimed again."""
        return self._set(reason=reason[:REASON_CHARACTERS])

    def release(self) -> bool:
        """Give an unfinished job back for any worker to claim; this was no failed attempt."""
        back = {"$set": {"status": Status.REQUESTED}, "$inc": {"tries": -1}}
        return self.database[JOBS].update_one(self._mine, back).matched_count == 1

    @property
    def _mine(self) -> Document:
        return {"_id": self.job.id, "attempt": self.job.attempt, "status": Status.RUNNING}

    def _set(self, **changes: Any) -> bool:
        return self.database[JOBS].update_one(self._mine, {"$set": changes}).matched_count == 1


def _ended() -> dict[str, datetime]:
    moment = now()
    return {"finished_at": moment, "expires_at": moment + timedelta(seconds=KEEP_SECONDS)}


async def ask(database: AsyncDatabase, kind: str, identity: str, request: Mapping[str, Any]) -> Job:
    """Ask for a job, unless one of that id exists already; return it as stored.

    Args:
        database: the writer's database.
        kind: which kind of job.
        identity: id of the job, derived from what makes the request repeatable.
        request: what is to be done, small and without personal data.
    """
    fresh = Job(identity, kind, Status.REQUESTED, now(), request=request)
    stored = asdict(fresh)
    del stored["id"]
    found = await database[JOBS].find_one_and_update(
        {"_id": identity},
        {"$setOnInsert": stored},
        upsert=True,
        return_document=ReturnDocument.AFTER,
    )
    return fresh if found is None else Job.read(found)


async def find(database: AsyncDatabase, kind: str, identity: str) -> Job | None:
    """Return a job of a kind, if there is one of that id."""
    found = await database[JOBS].find_one({"_id": identity, "kind": kind})
    return None if found is None else Job.read(found)


async def cancel(database: AsyncDatabase, kind: str, identity: str) -> Job | None:
    """Cancel a job that is not finished; return it as stored, None if there is none.

    A worker that holds it stops at its next chunk, which is not stored.
    """
    await database[JOBS].update_one(
        {"_id": identity, "kind": kind, "status": {"$in": UNFINISHED}},
        {"$set": {"status": Status.CANCELLED, **_ended()}},
    )
    return await find(database, kind, identity)


def claim(
    database: Database,
    kind: str,
    holder: str,
    *,
    claim_seconds: int,
    stop: threading.Event | None = None,
) -> Work | None:
    """Claim the oldest job of a kind that waits, or whose worker died; None if there is none.

    A job that has been tried too often at the same place fails, with the reason of its last attempt.

    Args:
        database: the writer's database.
        kind: which kind of job.
        holder: name of this worker, stable over restarts: a job that it left is claimed at once.
            Two that run at the same time have different names.
        claim_seconds: seconds after its last heartbeat when another worker is considered dead.
        stop: set when the process is to stop.
    """
    while (job := _claim_oldest(database, kind, holder, claim_seconds)) is not None:
        work = Work(database, job, stop or threading.Event())
        if job.tries <= MOST_ATTEMPTS:
            return work
        work.fail(job.reason or "no worker ended it")
    return None


def _claim_oldest(database: Database, kind: str, holder: str, claim_seconds: int) -> Job | None:
    moment = now()
    dead = [{"holder": holder}, {"claimed_at": {"$lt": moment - timedelta(seconds=claim_seconds)}}]
    found = database[JOBS].find_one_and_update(
        {
            "kind": kind,
            "$or": [{"status": Status.REQUESTED}, {"status": Status.RUNNING, "$or": dead}],
        },
        {
            "$set": {"status": Status.RUNNING, "holder": holder, "claimed_at": moment},
            "$inc": {"attempt": 1, "tries": 1},
        },
        sort=[("at", ASCENDING)],
        return_document=ReturnDocument.AFTER,
    )
    return None if found is None else Job.read(found)
