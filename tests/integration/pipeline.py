"""A writer's outbox, its relay and the counting worker, each held by the test's own hand."""

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date

from aggregator.intake import documents
from aggregator.intake.handler import TOPICS, CountingConsumer, CountingHandler
from aggregator.migrate import migrate
from aggregator.settings import AggregatorSettings
from shared.base.clock import now
from shared.base.mongo import Database
from shared.contract import events
from shared.contract.timeline import Change
from shared.pipeline import outbox
from shared.pipeline.eventlog import EventLog, LogUnavailable
from shared.pipeline.memorylog import MemoryLog
from shared.pipeline.outbox import Fact
from shared.pipeline.relay import INDEXES, Relay
from tests.histories import START, member_state
from tests.waiting import until

SOURCE = "/services/member"
PARTITIONS = 3


class Killed(BaseException):
    """The process ends here; BaseException, so that no handler of ours survives it."""


def die(*_: object) -> None:
    """Take the place of what a process does not come to do any more."""
    raise Killed


def states(mongo: Database) -> list[int]:
    """Return the states of all outbox rows."""
    return sorted(row["state"] for row in mongo[outbox.COLLECTION].find())


def log_in_memory(*leaderless: int) -> MemoryLog:
    """Return a log with every topic; partitions of the members' topic may be without a leader."""
    topics = [topic for owned in events.TOPICS_OF_SOURCE.values() for topic in owned]
    log = MemoryLog({**dict.fromkeys(topics, PARTITIONS), events.WATERMARK_TOPIC: 1})
    log.leaderless.update((events.MEMBER_TOPIC, number) for number in leaderless)
    return log


@dataclass
class Pipeline:
    """Everything between an outbox and the counters, on one database."""

    mongo: Database
    log: EventLog
    group: str = "aggregator"
    written: int = 0
    consumers: list[CountingConsumer] = field(default_factory=list)
    relays: list[Relay] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.mongo[outbox.COLLECTION].create_indexes(INDEXES)
        migrate(self.mongo)

    @property
    def topic(self) -> str:
        return events.TOPICS_OF_SOURCE[SOURCE][0]

    def write(self, count: int, *, units: int = 4, day: date = START) -> None:
        """Commit facts: members who became ACTIVE, spread over units."""
        rows = []
        for number in range(self.written, self.written + count):
            state = member_state(f"u{number % units}", "ACTIVE")
            fact = Fact(
                "org.redcross.member.registered.v1", f"e{number}", 1, now(),
                [Change(day, None, state)],
            )  # fmt: skip
            rows.append(outbox.row(fact, source=SOURCE, topic=self.topic, partitions=PARTITIONS))
        self.mongo[outbox.COLLECTION].insert_many(rows)
        self.written += count

    def standby(self, instance: str) -> Relay:
        """Return a relay that does not lead yet."""
        self.relays.append(Relay(self.mongo, self.log, SOURCE, instance, PARTITIONS))
        return self.relays[-1]

    def relay(self, instance: str = "member-relay-0") -> Relay:
        """Return a relay that leads."""
        relay = self.standby(instance)

        def leads() -> bool:
            with suppress(LogUnavailable):  # as the process does: it asks again
                return relay.lead()
            return False

        until(leads, "the relay leads")
        return relay

    def send(self, relay: Relay) -> None:
        """Turn a relay until everything written is sent."""
        until(
            lambda: relay.cycle() == 0 and states(self.mongo) == [outbox.SENT] * self.written,
            "every row is sent",
        )

    def consumer(self) -> CountingConsumer:
        """Return a worker's loop."""
        settings = AggregatorSettings(gap_rewind_seconds=0.5)
        handler = CountingHandler(self.mongo, self.log, settings)
        owned = [topic for topics in events.TOPICS_OF_SOURCE.values() for topic in topics]
        topics = (*owned, events.WATERMARK_TOPIC)
        assert len(topics) == len(TOPICS)
        consumer = CountingConsumer(self.log, self.group, topics, handler)
        self.consumers.append(consumer)
        return consumer

    def counted(self) -> int:
        """Return how many active members the counters hold."""
        return sum(
            document["c"].get("ACTIVE", 0) for document in self.mongo[documents.COUNTERS].find()
        )

    def by_unit(self) -> Counter[str]:
        """Return active members by unit from the counters."""
        return Counter(
            {d["u"]: d["c"].get("ACTIVE", 0) for d in self.mongo[documents.COUNTERS].find()}
        )

    def expected(self, units: int = 4) -> Counter[str]:
        """Count what was written, one by one."""
        return Counter(f"u{number % units}" for number in range(self.written))

    def drain(self, consumer: CountingConsumer) -> None:
        """Turn a worker until everything written is counted."""

        def done() -> bool:
            try:
                consumer.turn(0.05)
            except LogUnavailable:  # as the process does: it reads its positions again
                consumer._generation = -1
            return self.counted() >= self.written

        until(done, "everything written is counted")

    def stop_workers(self) -> None:
        """Make every worker leave its group."""
        for consumer in self.consumers:
            if consumer._reader is not None:
                consumer._reader.close()
        self.consumers.clear()

    def close(self) -> None:
        """Close what is held: a client of the log left open goes on polling."""
        self.stop_workers()
        for relay in self.relays:
            relay.resign()
