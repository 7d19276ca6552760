"""The loop of a writer's worker that claims jobs and has their kinds run them."""

import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from pymongo.errors import PyMongoError

from shared.base import log
from shared.base.mongo import Database
from shared.pipeline.consumer import Consumer
from shared.register.jobs import Work, WorkEnded, WorkerStopping, claim

POLL_SECONDS = 0.2

_log = log.get(__name__)


class Kind(Protocol):
    """A kind of job that a worker runs."""

    @property
    def kind(self) -> str:
        """Return the name under which its jobs are stored."""

    @property
    def claim_seconds(self) -> int:
        """Return how many seconds after its last heartbeat a worker is considered dead by others."""

    def run(self, work: Work) -> Mapping[str, Any]:
        """Do the job, from ``work.job.cursor`` on, and return its result.

        Raises:
            JobFailed: it cannot be done.
            WorkEnded: as ``Work.advance`` does.
        """


class JobFailed(Exception):
    """Raised by a kind: the job cannot be done, however often it is tried.

    The message is stored as the reason and holds no personal data.
    """


def run_next(
    database: Database, kind: Kind, holder: str, stop: threading.Event | None = None
) -> bool:
    """Run the oldest job of a kind that can be claimed; return whether there was one.

    An error other than ``JobFailed`` is an attempt that failed: its reason is stored, it comes
    through, and the job is claimed again.

    Args:
        database: the writer's database.
        kind: runs the job.
        holder: name of this worker; see ``claim``.
        stop: set when the process is to stop.
    """
    work = claim(database, kind.kind, holder, claim_seconds=kind.claim_seconds, stop=stop)
    if work is None:
        return False
    try:
        work.finish(kind.run(work))
    except JobFailed as problem:
        work.fail(str(problem))
    except WorkerStopping:
        work.release()
    except WorkEnded as problem:
        _log.warning("work ended", kind=kind.kind, job=work.job.id, why=type(problem).__name__)
    except Exception as problem:
        # Other errors may quote the data in their messages.
        reason = str(problem) if isinstance(problem, PyMongoError) else type(problem).__name__
        work.record_failure(reason)
        raise
    return True


class JobLoop:
    """Runs jobs until ``stop`` is set: one at a time, the kinds in turn.

    Args:
        database: the writer's database.
        kinds: what is run.
        holder: name of this process, stable over restarts, so that a job it left is claimed at once.
    """

    def __init__(self, database: Database, kinds: Sequence[Kind], holder: str) -> None:
        self.stop = threading.Event()
        self.broken: Exception | None = None
        self._database, self._kinds, self._holder = database, kinds, holder
        self._failing_since: float | None = None

    def failing_seconds(self) -> float:
        """Return for how long every attempt to look for jobs has failed; 0 if the last did not."""
        since = self._failing_since
        return 0.0 if since is None else time.monotonic() - since

    def run(self) -> None:
        """Poll for jobs."""
        while not self.stop.is_set():
            try:
                ran = self._turn()
                self._failing_since = None
            except PyMongoError as problem:
                self._failing_since = self._failing_since or time.monotonic()
                _log.warning("cannot run jobs now", problem=str(problem)[:300])
                ran = False
            if not ran:
                self.stop.wait(POLL_SECONDS)

    def _turn(self) -> bool:
        """Run at most one job of each kind; return whether there was any."""
        ran = False
        for kind in self._kinds:
            if not self.stop.is_set():
                ran |= run_next(self._database, kind, self._holder, self.stop)
        return ran

    def run_for(self, consumer: Consumer) -> None:
        """Run in a thread of its own; an error ends the whole process, through its consumer."""
        try:
            self.run()
        except Exception as problem:  # noqa: BLE001 - raised by the main thread
            self.broken = problem
            consumer.stop.set()
