"""Org-units' outbox and relay, and the workers of a unit directory, on one database."""

from typing import Any

from shared.base.clock import now
from shared.base.mongo import Database
from shared.contract import events
from shared.contract.timeline import Change
from shared.pipeline import outbox
from shared.pipeline.eventlog import EventLog
from shared.pipeline.outbox import Fact
from shared.pipeline.relay import INDEXES, Relay
from shared.register.directory_worker import DirectoryHandler
from shared.register.worker import DirectoryConsumer
from tests.histories import START
from tests.integration.pipeline import PARTITIONS
from tests.integration.shared.test_directory import card
from tests.waiting import until

SOURCE = "/services/org-units"


class Mirroring:
    """See the module; each is turned by the test's own hand."""

    def __init__(self, mongo: Database, log: EventLog) -> None:
        self.mongo, self.log = mongo, log
        mongo[outbox.COLLECTION].create_indexes(INDEXES)
        self.relay = Relay(mongo, log, SOURCE, "org-units-relay-0", PARTITIONS)
        self.workers: list[DirectoryConsumer] = []

    def worker(self) -> DirectoryConsumer:
        """Return a further worker."""
        handler = DirectoryHandler(self.mongo, self.log, rewind_seconds=0.5)
        topics = (events.UNIT_TOPIC, events.WATERMARK_TOPIC)
        made = DirectoryConsumer(self.log, f"{self.mongo.name}-directory", topics, handler)
        self.workers.append(made)
        return made

    def publish(self, *names: str, version: int = 1, **changes: Any) -> None:
        """Have org-units commit and send new versions of units, and say so."""
        facts = [
            Fact(
                "org.redcross.unit.activated.v1", name, version, now(),
                [Change(START, None, {
                    "unit": name, "level": "GRASSROOTS", "type": "SCHOOL", "status": "ACTIVE",
                    "parent": None, "flags": [],
                })],
                {"unit": card(name, version, **changes)},
            )
            for name in names
        ]  # fmt: skip
        rows = [
            outbox.row(one, source=SOURCE, topic=events.UNIT_TOPIC, partitions=PARTITIONS)
            for one in facts
        ]
        self.mongo[outbox.COLLECTION].insert_many(rows)
        assert self.relay.lead()
        self.announce()

    def announce(self) -> None:
        """Send what is there, and publish the watermark."""
        until(lambda: self.relay.cycle() == 0 and self.relay.publish_watermark(), "it is sent")

    def turn(self) -> None:
        for worker in self.workers:
            worker.turn(0.05)
