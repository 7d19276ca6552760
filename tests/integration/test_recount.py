"""A recount at any moment fits the marks of that moment, whatever is written but not yet numbered."""

import uuid
from collections import Counter

import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aggregator.projection import Delta
from embedded.servers import RealServers
from shared import events, outbox
from shared.eventlog import EventLog
from shared.events import envelope
from shared.events.states import MemberState
from shared.memorylog import MemoryLog
from shared.mongo import connect
from shared.recount import Counted, answer_one, recount
from shared.relay import INDEXES, Relay
from shared.settings import MongoSettings
from shared.timeline import to_documents
from tests.histories import MOMENT, History, histories

SOURCE, TOPIC = "/services/member", events.MEMBER_TOPIC
COUNTED = (Counted("members", TOPIC, MemberState),)


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(history=histories(), numbered=st.integers(0, 30))
def test_counts_are_those_of_the_numbered_rows(
    servers: RealServers, history: History, numbered: int
) -> None:
    name = f"t_{uuid.uuid4().hex[:12]}"
    database = connect(MongoSettings(mongo_uri=servers.mongo_uri, mongo_database=name))
    log: EventLog = MemoryLog({TOPIC: 2, events.WATERMARK_TOPIC: 1})
    rows = [outbox.row(f, source=SOURCE, topic=TOPIC, partitions=2) for f in history.facts]
    database[outbox.COLLECTION].create_indexes(INDEXES)
    database["members"].insert_many(
        [
            {"_id": entity, "timeline": to_documents(timeline)}
            for entity, timeline in history.timelines.items()
        ]
        or [{"_id": "nobody", "timeline": []}]
    )
    relay = Relay(database, log, SOURCE, "relay", 2)
    assert relay.lead()
    if rows[:numbered]:
        database[outbox.COLLECTION].insert_many(rows[:numbered])
        relay.number()
    if rows[numbered:]:
        database[outbox.COLLECTION].insert_many(rows[numbered:])
    found = recount(database, SOURCE, COUNTED)
    delta = Delta()
    for row in database[outbox.COLLECTION].find({"state": outbox.NUMBERED}):
        raw = envelope.numbered(row["body"], sequence=row["sequence"], epoch=row["epoch"])
        event = events.read_event(orjson.loads(raw))
        delta.apply(TOPIC, events.read_payload(event))
    folded = Counter(
        {
            (topic, unit, day, counter): count
            for (unit, topic, day), names in delta.history.items()
            for counter, count in names.items()
        }
    )
    assert {k: n for k, n in found.counts.items() if n} == {k: n for k, n in folded.items() if n}
    assert sum(found.sequences.values()) == min(numbered, len(rows))
    database.client.drop_database(name)
    database.client.close()


def test_a_request_is_answered_once_with_its_pages(servers: RealServers) -> None:
    name = f"t_{uuid.uuid4().hex[:12]}"
    database = connect(MongoSettings(mongo_uri=servers.mongo_uri, mongo_database=name))
    database["recounts"].insert_one({"_id": "r1", "status": "requested", "at": MOMENT})
    assert answer_one(database, SOURCE, COUNTED)
    job = database["recounts"].find_one({"_id": "r1"})
    assert job is not None
    assert (job["status"], job["pages"], job["epoch"]) == ("done", 0, 1)
    assert not answer_one(database, SOURCE, COUNTED)
    database.client.drop_database(name)
    database.client.close()
