"""A recount at any moment fits the marks of that moment, whatever is written but not yet numbered."""

from collections.abc import Iterator

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pymongo.errors import OperationFailure

from aggregator.intake.projection import Delta
from shared.base.mongo import Database
from shared.contract import events
from shared.contract.events import envelope
from shared.contract.events.states import MemberState
from shared.contract.timeline import Entry, to_documents
from shared.pipeline import outbox
from shared.pipeline.eventlog import EventLog
from shared.pipeline.memorylog import MemoryLog
from shared.pipeline.relay import INDEXES, SEQUENCES, Relay
from shared.register.jobloop import run_next
from shared.register.jobs import MOST_ATTEMPTS, claim
from shared.register.recount import KIND, Counted, Recounts, _write_pages, page_id, recount
from tests.histories import MOMENT, START, History, histories, member_state
from tests.integration.asking import Asking

SOURCE, TOPIC = "/services/member", events.MEMBER_TOPIC
COUNTED = (Counted("members", TOPIC, MemberState),)
RECOUNTS = Recounts(SOURCE, COUNTED)


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(history=histories(), numbered=st.integers(0, 30))
def test_a_recount_counts_what_the_numbered_rows_report(
    mongo: Database, history: History, numbered: int
) -> None:
    for name in mongo.list_collection_names():
        mongo[name].delete_many({})  # of the example before
    log: EventLog = MemoryLog({TOPIC: 2, events.WATERMARK_TOPIC: 1})
    rows = [outbox.row(f, source=SOURCE, topic=TOPIC, partitions=2) for f in history.facts]
    mongo[outbox.COLLECTION].create_indexes(INDEXES)
    mongo["members"].insert_many(
        [
            {"_id": entity, "timeline": to_documents(timeline)}
            for entity, timeline in history.timelines.items()
        ]
        or [{"_id": "nobody", "timeline": []}]
    )
    relay = Relay(mongo, log, SOURCE, "relay", 2)
    assert relay.lead()
    if rows[:numbered]:
        mongo[outbox.COLLECTION].insert_many(rows[:numbered])
        relay.number()
    if rows[numbered:]:
        mongo[outbox.COLLECTION].insert_many(rows[numbered:])
    found = recount(mongo, SOURCE, COUNTED)
    delta = Delta()
    for row in mongo[outbox.COLLECTION].find({"state": outbox.NUMBERED}):
        raw = envelope.numbered(row["body"], sequence=row["sequence"], epoch=row["epoch"])
        event = events.read_event(orjson.loads(raw))
        delta.apply(TOPIC, events.read_payload(event))
    folded = delta.addends()
    assert {k: n for k, n in found.counts.items() if n} == {k: n for k, n in folded.items() if n}
    assert sum(found.sequences.values()) == min(numbered, len(rows))


def test_a_request_for_a_recount_is_answered_once_with_its_pages(
    mongo: Database, asking: Asking
) -> None:
    asking.ask(KIND, "r1")
    assert run_next(mongo, RECOUNTS, "worker-a")
    job = asking.find(KIND, "r1")
    assert (job.status, job.result["pages"], job.result["epoch"]) == ("done", 0, 1)
    assert not run_next(mongo, RECOUNTS, "worker-a")


def test_what_is_written_during_a_recount_is_of_the_next(mongo: Database) -> None:
    """It would be counted, and the marks, read before it, would not cover it."""
    mongo.create_collection(SEQUENCES)  # by the migration: what is not there fixes no instant
    state = member_state("u1", "ACTIVE")
    timeline = to_documents((Entry(START, MOMENT, state),))
    mongo["members"].insert_one({"_id": "e1", "timeline": timeline})

    def after_the_marks() -> Iterator[Counted]:
        mongo["members"].insert_one({"_id": "e2", "timeline": timeline})
        yield from COUNTED

    key = (TOPIC, "u1", START.isoformat(), "ACTIVE")
    assert recount(mongo, SOURCE, after_the_marks()).counts[key] == 1
    assert recount(mongo, SOURCE, COUNTED).counts[key] == 2


def test_what_a_dead_worker_left_of_a_recount_is_not_mixed_with_the_next_attempt(
    mongo: Database, asking: Asking
) -> None:
    asking.ask(KIND, "r1")
    state = member_state("u1", "ACTIVE")
    timeline = to_documents((Entry(START, MOMENT, state),))
    mongo["members"].insert_one({"_id": "e1", "timeline": timeline})
    dying = claim(mongo, KIND, "worker-a", claim_seconds=RECOUNTS.claim_seconds)
    assert dying is not None
    before = recount(mongo, SOURCE, COUNTED)
    assert not run_next(mongo, RECOUNTS, "worker-b")  # it may still be at work
    mongo["members"].insert_one({"_id": "e2", "timeline": timeline})
    assert run_next(mongo, RECOUNTS, "worker-a")
    _write_pages(mongo, dying.job, before)  # the former life was only slow
    assert not dying.finish({"pages": 7})
    job = asking.find(KIND, "r1")
    assert (job.status, job.attempt, job.result["pages"]) == ("done", 2, 1)
    page = mongo["recount_rows"].find_one({"_id": page_id("r1", job.attempt, 0)})
    assert page is not None
    assert [TOPIC, "u1", START.isoformat(), "ACTIVE", 2] in page["rows"]


def test_a_recount_that_no_attempt_ends_has_failed(
    mongo: Database, asking: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    asking.ask(KIND, "r1")

    def too_old(*_: object) -> None:
        raise OperationFailure("SnapshotTooOld")

    monkeypatch.setattr("shared.register.recount.recount", too_old)
    for _ in range(MOST_ATTEMPTS):
        with pytest.raises(OperationFailure):
            run_next(mongo, RECOUNTS, "worker-a")
    assert not run_next(mongo, RECOUNTS, "worker-a")
    job = asking.find(KIND, "r1")
    assert (job.status, "SnapshotTooOld" in job.reason) == ("failed", True)
