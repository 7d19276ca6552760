"""Any history of asking, claims, chunks, deaths, cancellations and ends keeps to the states of a job."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from shared.base.clock import now
from shared.base.mongo import ClientSession, Database, transact
from shared.register.jobs import JOBS, MOST_ATTEMPTS, ClaimLost, JobCancelled, Status, Work, claim
from tests.integration.asking import Asking

KIND = "numbers"
CLAIM_SECONDS = 60
FINAL = {Status.DONE, Status.FAILED, Status.CANCELLED}


@dataclass(frozen=True)
class Expected:
    """What a job must be, by the history alone."""

    number: int
    status: Status = Status.REQUESTED
    attempt: int = 0
    tries: int = 0
    holder: str = ""
    silent: bool = False
    """Its last heartbeat is older than the limit."""
    chunks: int = 0

    def claimable(self, holder: str) -> bool:
        return self.status == Status.REQUESTED or (
            self.status == Status.RUNNING and (self.holder == holder or self.silent)
        )


class Histories(RuleBasedStateMachine):
    """Drives the table, and a model of it by the rules of docs/design.md section 5.14."""

    works = Bundle("works")

    def __init__(self, mongo: Database, asking: Asking) -> None:
        super().__init__()
        self.mongo, self.asking = mongo, asking
        self.expected: dict[str, Expected] = {}
        for name in (JOBS, "chunks"):
            self.mongo[name].delete_many({})  # of the history before

    @rule(number=st.integers(1, 3))
    def ask(self, number: int) -> None:
        identity = f"j{number}"
        self.asking.ask(KIND, identity)
        self.expected.setdefault(identity, Expected(len(self.expected)))
        at = now() + timedelta(seconds=self.expected[identity].number)
        self.mongo[JOBS].update_one({"_id": identity}, {"$set": {"at": at}})

    @rule(target=works, holder=st.sampled_from("ab"))
    def claim(self, holder: str) -> Work | None:
        found = None
        for identity, job in self.expected.items():
            if not job.claimable(holder):
                continue
            claimed = replace(
                job, status=Status.RUNNING, attempt=job.attempt + 1, tries=job.tries + 1,
                holder=holder, silent=False,
            )  # fmt: skip
            if claimed.tries <= MOST_ATTEMPTS:
                self.expected[identity] = claimed
                found = (identity, claimed.attempt)
                break
            self.expected[identity] = replace(claimed, status=Status.FAILED)
        work = claim(self.mongo, KIND, holder, claim_seconds=CLAIM_SECONDS)
        assert (work and (work.job.id, work.job.attempt)) == found
        return work

    @rule(work=works)
    def advance(self, work: Work | None) -> None:
        if work is None:
            return
        job = self.expected[work.job.id]

        def write(session: ClientSession) -> None:
            chunk = {"job": work.job.id, "attempt": work.job.attempt}
            self.mongo["chunks"].insert_one(chunk, session=session)
            work.advance(session, {"chunks": job.chunks + 1}, {})

        if self.holds(work):
            transact(self.mongo, write)
            changed = replace(job, chunks=job.chunks + 1, tries=1, silent=False)
            self.expected[work.job.id] = changed
        else:
            cancelled = job.status == Status.CANCELLED
            with pytest.raises(JobCancelled if cancelled else ClaimLost):
                transact(self.mongo, write)

    @rule(work=works, how=st.sampled_from(["finish", "fail", "release"]))
    def end(self, work: Work | None, how: str) -> None:
        if work is None:
            return
        job = self.expected[work.job.id]
        match how:
            case "finish":
                held, after = work.finish({}), replace(job, status=Status.DONE)
            case "fail":
                held, after = work.fail("no"), replace(job, status=Status.FAILED)
            case _:
                held = work.release()
                after = replace(job, status=Status.REQUESTED, tries=job.tries - 1)
        assert held == self.holds(work)
        if held:
            self.expected[work.job.id] = after

    @rule(number=st.integers(1, 3))
    def cancel(self, number: int) -> None:
        identity = f"j{number}"
        self.asking.cancel(KIND, identity)
        job = self.expected.get(identity)
        if job is not None and job.status not in FINAL:
            self.expected[identity] = replace(job, status=Status.CANCELLED)

    @rule(number=st.integers(1, 3))
    def fall_silent(self, number: int) -> None:
        identity, past = f"j{number}", now() - timedelta(seconds=CLAIM_SECONDS + 1)
        if identity in self.expected:
            self.mongo[JOBS].update_one({"_id": identity}, {"$set": {"claimed_at": past}})
            self.expected[identity] = replace(self.expected[identity], silent=True)

    def holds(self, work: Work) -> bool:
        job = self.expected[work.job.id]
        return (job.status, job.attempt) == (Status.RUNNING, work.job.attempt)

    @invariant()
    def the_table_is_as_expected(self) -> None:
        found = {document["_id"]: document for document in self.mongo[JOBS].find()}
        assert found.keys() == self.expected.keys()
        for identity, job in self.expected.items():
            stored = found[identity]
            assert (stored["status"], stored["attempt"], stored["tries"], stored["holder"]) == (
                job.status, job.attempt, job.tries, job.holder,
            )  # fmt: skip
            assert (stored["finished_at"] is not None) == (job.status in FINAL)
            chunks = self.mongo["chunks"].count_documents({"job": identity})
            assert chunks == job.chunks == (stored["cursor"] or {"chunks": 0})["chunks"]


def test_jobs_keep_to_their_states_in_any_history(mongo: Database, asking: Asking) -> None:
    for name in (JOBS, "chunks"):
        mongo.create_collection(name)
    history: Any = lambda: Histories(mongo, asking)  # noqa: E731 - typed as a class, takes any factory
    run_state_machine_as_test(history, settings=settings(max_examples=40, stateful_step_count=40))
