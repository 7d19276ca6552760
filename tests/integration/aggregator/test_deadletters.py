"""Dead letters: poison is set aside, counted once when replayed, and closed by who may."""

from typing import Any

import orjson
import pytest

from aggregator.deadletters import service as deadletters
from aggregator.intake.documents import DEAD_LETTERS
from shared.base.clock import now
from shared.base.errors import Conflict, Invalid
from shared.base.mongo import Database
from shared.contract import events
from shared.contract.events import envelope
from shared.contract.timeline import Change
from shared.pipeline import outbox
from shared.pipeline.outbox import Fact
from tests.clients.inside import FiguresInside, figures_inside
from tests.clients.register import a_key, check_problem
from tests.histories import MOMENT, START, member_state
from tests.integration.aggregator.planted import COUNTY, HQ, UNIT
from tests.integration.pipeline import Pipeline
from tests.servers import RealServers
from tests.waiting import until

OPERATOR = "op"


def test_a_dead_letter_of_poison_among_good_events_is_replayed_once(
    pipeline: Pipeline, mongo: Database
) -> None:
    pipeline.write(9, units=1)
    row = mongo[outbox.COLLECTION].find_one(sort=[("_id", 1)], skip=4)
    assert row is not None
    good = row["body"]
    spoilt = orjson.loads(good)
    spoilt["data"]["changes"][0]["effective_on"] = "2026-02-30"
    mongo[outbox.COLLECTION].update_one(
        {"_id": row["_id"]}, {"$set": {"body": orjson.dumps(spoilt)}}
    )
    pipeline.relay().cycle()
    consumer = pipeline.consumer()
    until(lambda: consumer.turn(0.05) >= 0 and pipeline.counted() == 8, "the good are counted")
    (letter,) = mongo[DEAD_LETTERS].find()
    assert letter["state"] == "open"
    with pytest.raises(Invalid):  # as stored it is still poison
        deadletters.replay(mongo, letter["_id"], by=OPERATOR, key=None, mended=None)
    sent = mongo[outbox.COLLECTION].find_one({"_id": row["_id"]})
    assert sent is not None
    mended = envelope.numbered(good, sequence=sent["sequence"], epoch=1)
    wrong = envelope.numbered(good, sequence=sent["sequence"] + 1, epoch=1)
    with pytest.raises(Invalid):
        deadletters.replay(mongo, letter["_id"], by=OPERATOR, key=None, mended=wrong)
    deadletters.replay(mongo, letter["_id"], by=OPERATOR, key=None, mended=mended)
    assert pipeline.by_unit() == pipeline.expected(units=1)
    with pytest.raises(Conflict):
        deadletters.replay(mongo, letter["_id"], by=OPERATOR, key=None, mended=mended)
    with pytest.raises(Conflict):
        deadletters.dismiss(mongo, letter["_id"], by=OPERATOR, key=None, reason="no more needed")
    assert pipeline.by_unit() == pipeline.expected(units=1)


LETTER = {
    "_id": "foreign.1", "topic": events.MEMBER_TOPIC, "partition": 0, "offset": 3, "source": "",
    "epoch": 0, "first": 0, "last": 0, "reason": "planted", "raw": b"\xff?", "state": "open",
    "at": MOMENT,
}  # fmt: skip


def reported(figures: FiguresInside) -> bool:
    return "dead_letter" in figures.progress()["incomplete_reasons"]


def test_dead_letters_are_for_the_national_administrator(
    servers: RealServers, filled: Database
) -> None:
    filled[DEAD_LETTERS].insert_one(dict(LETTER))
    with figures_inside(servers, filled, COUNTY) as figures:
        http = figures.http
        admin = figures.officer("admin", "admin", "viewer", unit=HQ)
        officer = figures.officer("officer", "viewer")
        stranger = figures.officer("stranger", "viewer", "admin", unit="elsewhere")
        assert reported(figures)
        for who, status in ((officer, 403), (stranger, 403), (admin, 200)):
            answer = http.get("/v1/dead-letters", headers=who)
            assert answer.status_code == status
        assert [item["id"] for item in answer.json()["items"]] == ["foreign.1"]
        path = "/v1/dead-letters/foreign.1"
        assert http.get(path, headers=admin).json()["raw"] == "\ufffd?"
        refused = http.post(f"{path}/replay", json={}, headers=admin)
        assert refused.status_code == 422
        body = {"reason": "a test record"}
        keyed = {**admin, **a_key()}
        done = http.post(f"{path}/dismiss", json=body, headers=keyed)
        assert (done.status_code, done.json()["state"]) == (200, "dismissed")
        repeated = http.post(f"{path}/dismiss", json=body, headers=keyed)
        assert (repeated.status_code, repeated.json()) == (200, done.json())
        other = http.post(f"{path}/dismiss", json={"reason": "another"}, headers=keyed)
        check_problem(other, 422, "idempotency.reused")
        again = http.post(f"{path}/dismiss", json=body, headers=admin)
        assert again.status_code == 409
        until(lambda: not reported(figures), "no dead letter is open")


def test_a_dismissed_dead_letter_stays_a_named_difference_until_it_is_replayed(
    servers: RealServers, filled: Database
) -> None:
    event = event_of(1)
    ours = {"source": "/services/member", "epoch": 1, "first": 1, "last": 1}
    filled[DEAD_LETTERS].insert_one({**LETTER, **ours, "_id": "member.1"})
    with figures_inside(servers, filled, COUNTY) as figures:
        admin = figures.officer("admin", "admin", "viewer", unit=HQ)
        path = "/v1/dead-letters/member.1"
        body = {"reason": "a test record"}
        assert figures.http.post(f"{path}/dismiss", json=body, headers=admin).status_code == 200

        def named() -> bool:
            answers = [figures.progress(), figures.counters()]
            assert not any(answer["complete"] for answer in answers)
            return all("dismissed:member" in answer["incomplete_reasons"] for answer in answers)

        until(named, "the difference is named")
        assert not reported(figures)
        key = {**admin, **a_key()}
        for _ in range(2):  # the same request again is answered as the first time
            done = figures.http.post(f"{path}/replay", json={"event": event}, headers=key)
            assert (done.status_code, done.json()["state"]) == (200, "replayed")
            assert "counted" not in done.json()
        until(lambda: not named(), "nothing differs")
        assert figures.progress()["indicators"]["members"]["value"] == 11
        again = figures.http.post(f"{path}/replay", json={"event": event}, headers=admin)
        assert again.status_code == 409


def event_of(number: int) -> dict[str, Any]:
    """Return the event of one more member of the planted unit."""
    state = member_state(UNIT, "ACTIVE")
    fact = Fact("org.redcross.member.registered.v1", "m99", 1, now(), [Change(START, None, state)])
    row = outbox.row(fact, source="/services/member", topic=events.MEMBER_TOPIC, partitions=1)
    found: dict[str, Any] = orjson.loads(envelope.numbered(row["body"], sequence=number, epoch=1))
    return found
