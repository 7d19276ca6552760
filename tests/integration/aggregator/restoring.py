"""One register with its relay, the counting worker, and what an operator does with a backup of it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

import httpx

from aggregator.intake import documents
from aggregator.intake.handler import TOPICS, CountingConsumer, CountingHandler
from aggregator.migrate import migrate
from aggregator.recount.rules import Report
from aggregator.recount.service import compare
from aggregator.settings import AggregatorSettings
from shared.base.clock import now
from shared.base.mongo import Database, Document
from shared.contract import events
from shared.contract.events.states import MemberState, UnitState
from shared.contract.timeline import Change, Entry, to_documents
from shared.pipeline import lease, outbox
from shared.pipeline.eventlog import EventLog
from shared.pipeline.outbox import Fact
from shared.pipeline.relay import INDEXES, SEQUENCES, SOURCE, Relay
from shared.register.recount import Counted, recount
from tests.histories import MOMENT, START, member_state
from tests.integration.pipeline import PARTITIONS
from tests.waiting import LIMIT, until

ENTITIES = "entities"
OF_THE_REGISTER = (ENTITIES, outbox.COLLECTION, SEQUENCES, SOURCE, lease.COLLECTION)
Dump = dict[str, list[Document]]


@dataclass
class Register:
    """A register; every write is an entity's newest version and its event, in one transaction."""

    mongo: Database
    log: EventLog
    source: str
    relays: list[Relay] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.mongo[outbox.COLLECTION].create_indexes(INDEXES)
        for name in OF_THE_REGISTER:
            if name not in self.mongo.list_collection_names():
                self.mongo.create_collection(name)
        migrate(self.mongo)

    @property
    def of_units(self) -> bool:
        return self.source == "/services/org-units"

    @property
    def topic(self) -> str:
        return events.TOPICS_OF_SOURCE[self.source][0]

    def write(self, names: list[str], status: str = "ACTIVE", *, title: str = "名") -> None:
        """Put entities into a status; a new version of each."""
        rows = []
        for name in names:
            known = self.mongo[ENTITIES].find_one({"_id": name}) or {"version": 0, "status": None}
            was = known["status"] and self._state(name, known["status"])
            state = self._state(name, status)
            version = known["version"] + 1
            entry = Entry(START, MOMENT, state)
            self.mongo[ENTITIES].replace_one(
                {"_id": name},
                {"version": version, "status": status, "timeline": to_documents((entry,))},
                upsert=True,
            )
            extra = {"unit": self._card(name, version, status, title)} if self.of_units else {}
            fact = Fact(self._type(), name, version, now(), [Change(START, was, state)], extra)
            row = outbox.row(fact, source=self.source, topic=self.topic, partitions=PARTITIONS)
            rows.append(row)
        self.mongo[outbox.COLLECTION].insert_many(rows)

    def _type(self) -> str:
        return (
            "org.redcross.unit.corrected.v1"
            if self.of_units
            else "org.redcross.member.corrected.v1"
        )

    def _state(self, name: str, status: str) -> dict[str, Any]:
        if not self.of_units:
            return member_state(f"u{sum(name.encode()) % 5}", status)
        return {
            "unit": name, "level": "GRASSROOTS", "type": "SCHOOL", "status": status,
            "parent": None, "flags": [],
        }  # fmt: skip

    def _card(self, name: str, version: int, status: str, title: str) -> dict[str, Any]:
        return {
            "id": name, "version": version, "name": f"{title}{name}", "code": "c",
            "region_code": None, "type": "SCHOOL", "level": "GRASSROOTS", "status": status,
            "parent": None, "flags": [], "founded_on": "2020-05-04",
            "predecessor_founded_on": "1998-01-01",
        }  # fmt: skip

    def start_relay(self) -> Relay:
        """Return a relay of the next life, which leads."""
        for relay in self.relays:
            relay.resign()
        made = Relay(self.mongo, self.log, self.source, "relay-0", PARTITIONS)
        self.relays.append(made)
        assert made.lead()
        return made

    def publish(self) -> None:
        """Send everything by the newest relay, and say so."""
        relay = self.relays[-1]
        until(lambda: relay.cycle() == 0 and relay.publish_watermark(), "everything is sent")

    def dump(self) -> Dump:
        """Return the register's collections, as a backup holds them."""
        return {name: list(self.mongo[name].find()) for name in OF_THE_REGISTER}

    def restore(self, dump: Dump) -> None:
        """Stop the relay, and put the collections back."""
        for relay in self.relays:
            relay.resign()
        for name, stored in dump.items():
            self.mongo[name].delete_many({})
            if stored:
                self.mongo[name].insert_many(stored)

    def compared(self) -> Report:
        """Return the comparison of the figures with the register."""
        kind = UnitState if self.of_units else MemberState
        counted = [Counted(ENTITIES, self.topic, kind)]
        found = recount(self.mongo, self.source, counted)
        job = {"status": "done", "counted_at": "", "source": self.source, "pages": 1, "id": "r"}
        job |= {"epoch": found.epoch, "sequences": found.sequences}
        rows = [[*key, count] for key, count in found.counts.items() if count]

        def answer(request: httpx.Request) -> httpx.Response:
            body = {"rows": rows} if request.url.path.endswith("rows") else job
            return httpx.Response(200, json=body)

        with httpx.Client(transport=httpx.MockTransport(answer)) as client:
            return compare(self.mongo, self.log, client, ["http://register"], seconds=LIMIT)

    def assert_equal(self) -> None:
        """Hold the figures against the register."""
        report = self.compared()
        assert report.equal, asdict(report)
        name = "GRASSROOTS|ACTIVE|SCHOOL" if self.of_units else "ACTIVE"
        counted = sum(one["c"].get(name, 0) for one in self.mongo[documents.COUNTERS].find())
        assert counted == self.mongo[ENTITIES].count_documents({"status": "ACTIVE"})


@contextmanager
def counting(register: Register, group: str = "aggregator") -> Iterator[CountingConsumer]:
    """Run a counting worker meanwhile."""
    owned = [topic for topics in events.TOPICS_OF_SOURCE.values() for topic in topics]
    topics = (*owned, events.WATERMARK_TOPIC)
    assert len(topics) == len(TOPICS)
    settings = AggregatorSettings(gap_rewind_seconds=0.5)
    handler = CountingHandler(register.mongo, register.log, settings)
    worker = CountingConsumer(register.log, f"{group}-{register.mongo.name}", topics, handler)
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        yield worker
    finally:
        worker.stop.set()
        thread.join(LIMIT)
