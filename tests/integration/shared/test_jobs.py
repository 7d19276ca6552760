"""The job table on a real replica set: one attempt at a time writes, and nothing is done twice."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from pymongo.errors import AutoReconnect

from shared.base.clock import now
from shared.base.mongo import ClientSession, Database, Document, transact
from shared.register.jobloop import JobFailed, JobLoop, run_next
from shared.register.jobs import (
    JOBS,
    MOST_ATTEMPTS,
    ClaimLost,
    JobCancelled,
    Status,
    Work,
    claim,
)
from shared.register.migration import migrate_writer
from tests.integration.asking import Asking
from tests.waiting import LIMIT, until

CLAIM_SECONDS = 60
KIND = "numbers"


def nothing(_work: Work, _done: int) -> None:
    """A stand-in for what may happen before a chunk."""


@dataclass
class Numbers:
    """A kind that writes the numbers from 1 up to the one asked for, two in a chunk.

    Args:
        kind: name of the kind.
        before: called within each chunk's transaction, after its writes, with what is done before it.
    """

    kind: str = KIND
    before: Callable[[Work, int], None] = nothing
    claim_seconds: int = field(default=CLAIM_SECONDS, init=False)

    def run(self, work: Work) -> Mapping[str, Any]:
        done, last = done_of(work), work.job.request["last"]
        while done < last:
            done = self.chunk(work, done)
        return {"written": done}

    def chunk(self, work: Work, done: int) -> int:
        """Write the next two numbers; an id that is there already would be refused."""

        def write(session: ClientSession) -> int:
            rows: list[Document] = [{"_id": f"{work.job.id}/{done + n}"} for n in (1, 2)]
            work.database["numbers"].insert_many(rows, session=session)
            self.before(work, done)
            work.advance(session, {"done": done + 2}, {"done": done + 2})
            return done + 2

        return transact(work.database, write)


def done_of(work: Work) -> int:
    """Return where a claimed job goes on from."""
    return int((work.job.cursor or {"done": 0})["done"])


def claimed(mongo: Database, holder: str, kind: str = KIND) -> Work:
    found = claim(mongo, kind, holder, claim_seconds=CLAIM_SECONDS)
    assert found is not None
    return found


def written(mongo: Database) -> set[str]:
    return {row["_id"] for row in mongo["numbers"].find()}


def expire_the_claim(mongo: Database, identity: str) -> None:
    """Wait until anybody may claim a job."""
    past = now() - timedelta(seconds=CLAIM_SECONDS + 1)
    mongo[JOBS].update_one({"_id": identity}, {"$set": {"claimed_at": past}})


@pytest.fixture(autouse=True)
def migrated(mongo: Database) -> None:
    migrate_writer(mongo, {"numbers": ()})


def test_jobs_are_asked_for_once_by_their_id(asking: Asking) -> None:
    first = asking.ask(KIND, "j1", last=4)
    assert (first.status, first.attempt, first.cursor) == (Status.REQUESTED, 0, None)
    assert first.expires_at is None
    assert asking.ask(KIND, "j1", last=9) == first == asking.find(KIND, "j1")
    assert asking.look("another", "j1") is None
    assert asking.look(KIND, "j2") is None


def test_jobs_are_claimed_oldest_first_and_each_kind_by_itself(
    mongo: Database, asking: Asking
) -> None:
    for number, (kind, identity) in enumerate([(KIND, "j2"), ("another", "x1"), (KIND, "j1")]):
        asking.ask(kind, identity)
        at = now() + timedelta(seconds=number)
        mongo[JOBS].update_one({"_id": identity}, {"$set": {"at": at}})
    assert [claimed(mongo, holder).job.id for holder in ("a", "b")] == ["j2", "j1"]
    assert claim(mongo, KIND, "c", claim_seconds=CLAIM_SECONDS) is None
    assert claimed(mongo, "c", "another").job.id == "x1"


def test_jobs_of_a_dead_worker_are_claimed_at_once_by_itself_and_later_by_anybody(
    mongo: Database, asking: Asking
) -> None:
    asking.ask(KIND, "j1")
    assert claimed(mongo, "a").job.attempt == 1
    assert claim(mongo, KIND, "b", claim_seconds=CLAIM_SECONDS) is None
    assert claimed(mongo, "a").job.attempt == 2
    expire_the_claim(mongo, "j1")
    taken = claimed(mongo, "b").job
    assert (taken.attempt, taken.holder) == (3, "b")


def test_each_chunk_of_jobs_is_a_heartbeat_of_their_worker(mongo: Database, asking: Asking) -> None:
    asking.ask(KIND, "j1", last=4)
    work = claimed(mongo, "a")
    expire_the_claim(mongo, "j1")
    Numbers().chunk(work, 0)
    assert claim(mongo, KIND, "b", claim_seconds=CLAIM_SECONDS) is None


def test_jobs_show_their_progress_and_at_the_end_their_result(
    mongo: Database, asking: Asking
) -> None:
    asking.ask(KIND, "j1", last=6)
    seen: list[Mapping[str, int]] = []

    def look(_work: Work, _done: int) -> None:
        seen.append(asking.find(KIND, "j1").progress)

    assert run_next(mongo, Numbers(before=look), "a")
    assert seen == [{}, {"done": 2}, {"done": 4}]
    job = asking.find(KIND, "j1")
    assert (job.status, job.result, job.progress) == (Status.DONE, {"written": 6}, {"done": 6})
    assert job.finished_at is not None
    assert not run_next(mongo, Numbers(), "a")


def test_jobs_killed_between_chunks_go_on_after_the_last_one_and_the_old_attempt_is_fenced(
    mongo: Database, asking: Asking
) -> None:
    asking.ask(KIND, "j1", last=6)
    zombie = claimed(mongo, "a")
    Numbers().chunk(zombie, 0)
    fresh = claimed(mongo, "a")
    assert done_of(fresh) == 2
    with pytest.raises(ClaimLost):
        Numbers().chunk(zombie, 2)
    assert written(mongo) == {"j1/1", "j1/2"}
    assert Numbers().run(fresh) == {"written": 6}
    assert not zombie.finish({"written": 2})
    assert not zombie.fail("of the old attempt")
    assert not zombie.release()
    assert fresh.finish({"written": 6})
    job = asking.find(KIND, "j1")
    assert (job.status, job.attempt, job.reason) == (Status.DONE, 2, "")
    assert written(mongo) == {f"j1/{number}" for number in range(1, 7)}


def test_jobs_claimed_anew_while_a_chunk_is_open_lose_that_chunk(
    mongo: Database, asking: Asking
) -> None:
    """The transaction began before the claim: it sees the job as its own, and must still abort."""
    asking.ask(KIND, "j1", last=4)
    slow = claimed(mongo, "a")
    expire_the_claim(mongo, "j1")
    others: list[Work] = []

    def claim_elsewhere(_work: Work, _done: int) -> None:
        if not others:
            others.append(claimed(mongo, "b"))

    with pytest.raises(ClaimLost):
        Numbers(before=claim_elsewhere).chunk(slow, 0)
    assert written(mongo) == set()
    assert Numbers().run(others[0]) == {"written": 4}


def test_a_chunk_of_jobs_that_is_not_committed_moves_no_cursor(
    mongo: Database, asking: Asking
) -> None:
    asking.ask(KIND, "j1", last=4)
    work = claimed(mongo, "a")
    Numbers().chunk(work, 0)

    def dies(session: ClientSession) -> None:
        work.advance(session, {"done": 4}, {"done": 4})
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        transact(mongo, dies)
    job = asking.find(KIND, "j1")
    assert (job.cursor, job.progress) == ({"done": 2}, {"done": 2})


def test_cancelled_jobs_store_no_further_chunk(mongo: Database, asking: Asking) -> None:
    asking.ask(KIND, "j1", last=6)

    def cancel(_work: Work, done: int) -> None:
        if done == 2:
            asking.cancel(KIND, "j1")

    assert run_next(mongo, Numbers(before=cancel), "a")
    assert written(mongo) == {"j1/1", "j1/2"}
    job = asking.find(KIND, "j1")
    assert (job.status, job.progress) == (Status.CANCELLED, {"done": 2})
    assert job.finished_at is not None
    assert not run_next(mongo, Numbers(), "a")


def test_cancelled_jobs_stop_their_worker_and_finished_ones_stay_as_they_are(
    mongo: Database, asking: Asking
) -> None:
    asking.ask(KIND, "j1", last=2)
    work = claimed(mongo, "a")
    asking.cancel(KIND, "j1")
    with pytest.raises(JobCancelled):
        Numbers().chunk(work, 0)
    assert not work.finish({})
    asking.ask(KIND, "j2", last=2)
    assert run_next(mongo, Numbers(), "a")
    done = asking.find(KIND, "j2")
    assert done.finished_at is not None
    assert done.expires_at == done.finished_at + timedelta(days=1)
    assert asking.cancel(KIND, "j2") == done
    assert asking.cancel(KIND, "j3") is None
    asking.ask(KIND, "j4", last=2)
    asking.cancel(KIND, "j4")
    assert not run_next(mongo, Numbers(), "a")


def test_jobs_that_no_attempt_ends_fail_with_the_last_reason(
    mongo: Database, asking: Asking
) -> None:
    asking.ask(KIND, "j1", last=4)
    attempts: list[int] = []

    def unreachable(work: Work, done: int) -> None:
        if done == 2:
            attempts.append(work.job.attempt)
            raise AutoReconnect(f"no primary, time {work.job.attempt}")

    for _ in range(MOST_ATTEMPTS):
        with pytest.raises(AutoReconnect):
            run_next(mongo, Numbers(before=unreachable), "a")
    assert not run_next(mongo, Numbers(before=unreachable), "a")
    assert attempts == [1, 2, 3]
    job = asking.find(KIND, "j1")
    assert (job.status, job.reason) == (Status.FAILED, "no primary, time 3")
    assert written(mongo) == {"j1/1", "j1/2"}


def test_jobs_whose_worker_dies_again_and_again_fail_only_where_they_stand_still(
    mongo: Database, asking: Asking
) -> None:
    """A job of a thousand chunks may outlive more than three restarts of its worker."""
    asking.ask(KIND, "j1", last=10)
    for number in range(4):
        claimed(mongo, "a")  # and dies
        Numbers().chunk(claimed(mongo, "a"), 2 * number)  # and dies after a chunk
    for _ in range(MOST_ATTEMPTS - 1):
        claimed(mongo, "a")
    assert claim(mongo, KIND, "a", claim_seconds=CLAIM_SECONDS) is None
    job = asking.find(KIND, "j1")
    assert (job.status, job.reason) == (Status.FAILED, "no worker ended it")
    assert job.progress == {"done": 8}


def test_jobs_that_cannot_be_done_fail_at_once(mongo: Database, asking: Asking) -> None:
    asking.ask(KIND, "j1", last=4)

    def refuse(_work: Work, done: int) -> None:
        if done == 2:
            raise JobFailed("row.unreadable")

    assert run_next(mongo, Numbers(before=refuse), "a")
    job = asking.find(KIND, "j1")
    assert (job.status, job.reason, job.attempt) == (Status.FAILED, "row.unreadable", 1)
    assert written(mongo) == {"j1/1", "j1/2"}


def test_the_reason_of_jobs_quotes_no_data(mongo: Database, asking: Asking) -> None:
    asking.ask(KIND, "j1", last=2)

    def stumble(_work: Work, _done: int) -> None:
        raise ValueError("110101199003070010")

    with pytest.raises(ValueError, match="1101"):
        run_next(mongo, Numbers(before=stumble), "a")
    assert asking.find(KIND, "j1").reason == "ValueError"


def test_jobs_of_a_worker_that_stops_go_on_elsewhere(mongo: Database, asking: Asking) -> None:
    asking.ask(KIND, "j1", last=6)
    stop = threading.Event()

    def stopping(_work: Work, done: int) -> None:
        if done == 2:
            stop.set()

    assert run_next(mongo, Numbers(before=stopping), "a", stop)
    job = asking.find(KIND, "j1")
    assert (job.status, job.progress, job.tries) == (Status.REQUESTED, {"done": 2}, 0)
    assert run_next(mongo, Numbers(), "b")
    job = asking.find(KIND, "j1")
    assert (job.status, job.holder, job.attempt) == (Status.DONE, "b", 2)


def test_the_loop_of_jobs_runs_each_kind_in_turn(mongo: Database, asking: Asking) -> None:
    order: list[str] = []

    def ordered(work: Work, _done: int) -> None:
        order.append(work.job.id)

    kinds = [Numbers(kind, ordered) for kind in ("k", "l")]
    for identity in ("k/1", "k/2", "l/1"):
        asking.ask(identity[0], identity, last=2)
    loop = JobLoop(mongo, kinds, "a")
    thread = threading.Thread(target=loop.run)
    thread.start()
    until(lambda: all(asking.find(i[0], i).status == Status.DONE for i in ("k/2", "l/1")))
    loop.stop.set()
    thread.join(LIMIT)
    assert order == ["k/1", "l/1", "k/2"]
    assert loop.failing_seconds() == 0.0


def test_jobs_are_found_by_an_index_and_deleted_when_they_expire(mongo: Database) -> None:
    indexes = mongo[JOBS].index_information()
    assert [key for key, _ in indexes["queue"]["key"]] == ["kind", "status", "at"]
    assert (indexes["kept"]["key"], indexes["kept"]["expireAfterSeconds"]) == (
        [("expires_at", 1)], 0,
    )  # fmt: skip
