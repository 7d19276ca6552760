"""What lies in the member topic while the worker is measured, written as the relay packs it."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import cycle, islice
from typing import Any

import orjson

from shared.base.clock import now, today
from shared.base.ids import new_id
from shared.base.settings import KafkaSettings
from shared.contract import events
from shared.contract.events import envelope
from shared.contract.timeline import Change
from shared.pipeline import outbox
from shared.pipeline.eventlog import Delivery, TopicPartition
from shared.pipeline.kafka import KafkaLog
from shared.pipeline.outbox import Fact
from shared.pipeline.relay.sending import pack

SOURCE, TOPIC = "/services/member", events.MEMBER_TOPIC
UNITS, PAGE_UNITS = 500, 5
DISTINCT = 6_000
"""People whose events are written over and over with new numbers: deltas do not mind."""


@dataclass(frozen=True)
class Shape:
    """How the same people's registrations lie in the topic.

    Args:
        name: of the figure.
        packed: whether an event carries a page's rows or one person.
        per_record: most events of one Kafka record.
        alike: whether the rows of a page share ten states, or are a roster's, nearly all distinct.
        rows: how many, in a full run.
    """

    name: str
    packed: bool
    per_record: int
    alike: bool
    rows: int


@dataclass(frozen=True)
class Filled:
    """What was written to the topic."""

    rows: int
    events: int
    records: int
    bytes: int
    steps: int

    @classmethod
    def of(cls, shape: Shape, settings: KafkaSettings, wanted: int) -> "Filled":
        """Write a shape's records as the relay packs them."""
        log = KafkaLog(settings, client_id="fill")
        producer = log.producer()
        rows = _rows(shape, settings.kafka_partitions, wanted)
        records = size = 0
        for start in range(0, len(rows), 5_000):
            waiting: list[Delivery] = []
            chunk = sorted(rows[start : start + 5_000], key=_place)
            for place, span, value in _packed(chunk, shape.per_record):
                waiting.append(producer.send(*place, value, envelope.headers(span)))
                size += len(value)
            for delivery in waiting:
                delivery.wait(60.0)
            records += len(waiting)
        producer.close()
        log.close()
        total = sum(row["rows"] for row in rows)
        return cls(total, len(rows), records, size, sum(row["steps"] for row in rows))


def _place(row: dict[str, Any]) -> TopicPartition:
    return row["topic"], row["partition"]


def _packed(
    rows: list[dict[str, Any]], per_record: int
) -> Iterator[tuple[TopicPartition, envelope.Span, bytes]]:
    if per_record == envelope.MAX_EVENTS_PER_RECORD:
        yield from pack(rows, SOURCE)
        return
    for start in range(0, len(rows), per_record):
        yield from pack(rows[start : start + per_record], SOURCE)


def _rows(shape: Shape, partitions: int, wanted: int) -> list[dict[str, Any]]:
    """Return numbered outbox rows of ``wanted`` people or a few more."""
    made = _made(shape, partitions)
    last = dict.fromkeys(range(partitions), 0)
    numbered: list[dict[str, Any]] = []
    reported = 0
    for row in cycle(made):
        last[row["partition"]] += 1
        numbered.append({**row, "sequence": last[row["partition"]], "epoch": 1})
        reported += row["rows"]
        if reported >= wanted:
            return numbered
    raise AssertionError("there are rows")


def _made(shape: Shape, partitions: int) -> list[dict[str, Any]]:
    dice = random.Random(20261123)
    if not shape.packed:
        facts = [_fact(dice, f"unit-{dice.randrange(UNITS)}", today()) for _ in range(DISTINCT)]
        rows = [outbox.row(one, source=SOURCE, topic=TOPIC, partitions=partitions) for one in facts]
        return [{**row, "rows": 1, "steps": 1} for row in rows]
    made: list[dict[str, Any]] = []
    for number in range(48 if shape.alike else DISTINCT // 500):
        facts = list(_page(shape, dice, number))
        made += outbox.packed_rows(
            facts,
            event_type="org.redcross.member.members-imported.v1",
            source=SOURCE,
            topic=TOPIC,
            partitions=partitions,
        )
    return [{**row, **_size(row["body"])} for row in made]


def _size(body: bytes) -> dict[str, int]:
    data = orjson.loads(body)["data"]
    return {"rows": len(data["rows"]), "steps": len(data["steps"])}


def _page(shape: Shape, dice: random.Random, number: int) -> Iterator[Fact]:
    """Yield the members of long standing of one request: a roster of a few units."""
    if shape.alike:
        states = [_fact(dice, f"unit-{number % UNITS}", today()).changes for _ in range(10)]
        for changes in islice(cycle(states), 1_000):
            yield Fact("imported", new_id(), 1, now(), changes)
        return
    for _ in range(500):
        unit = f"unit-{(number * PAGE_UNITS + dice.randrange(PAGE_UNITS)) % UNITS}"
        yield _fact(dice, unit, today() - timedelta(days=dice.randrange(3_650)))


def _fact(dice: random.Random, unit: str, day: date) -> Fact:
    state = {
        "unit": unit,
        "status": "ACTIVE",
        "kind": "INDIVIDUAL_ADULT",
        "grade": "ORDINARY",
        "sex": dice.choice("12"),
        "birth_year": dice.randrange(1950, 1990),
        "education": dice.choice(["10", "20", "30", "40", "60", None]),
        "occupation": dice.choice(["11", "13", "17", "24", "27", None]),
        "minority": dice.choice(["no", "no", "no", "yes", "unknown"]),
        "political": dice.choice(["01", "03", "13", None]),
        "unverified": False,
    }
    return Fact("org.redcross.member.registered.v1", new_id(), 1, now(), [Change(day, None, state)])
