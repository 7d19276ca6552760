"""The outbox: events written in the transaction of the document they are about.

A row's life: ``state`` 0 (written), 1 (numbered), 2 (sent and acknowledged). Numbers are given by
the relay, never here: only the order in which commits are seen is free of gaps (docs/adr/0004).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zlib import crc32

import orjson

from shared.base.ids import new_id
from shared.base.log import correlation_id
from shared.contract import events
from shared.contract.events import envelope
from shared.contract.timeline import Change

COLLECTION = "outbox"
WRITTEN, NUMBERED, SENT = 0, 1, 2
KEEP_SENT_SECONDS = 7 * 24 * 3600
"""How long a sent row stays at least; the relay deletes it later, once it is counted."""


@dataclass(frozen=True)
class Fact:
    """What happened to one entity.

    Args:
        type: event type, ``org.redcross.member.registered.v1``.
        entity: its id.
        version: the version this fact makes.
        recorded_at: when it was recorded (UTC).
        changes: what it does to the entity's timeline.
        extra: further fields of the payload.
    """

    type: str
    entity: str
    version: int
    recorded_at: datetime
    changes: Sequence[Change]
    extra: Mapping[str, object] = field(default_factory=dict)


def row(fact: Fact, *, source: str, topic: str, partitions: int) -> dict[str, Any]:
    """Return the outbox row of one fact, validated against its contract.

    Args:
        source: CloudEvents source of the service.
        topic: Kafka topic it goes to.
        partitions: how many partitions the topic has.

    Raises:
        pydantic.ValidationError: the fact breaks the event's contract (a defect of ours).
    """
    data = {
        "entity": fact.entity,
        "version": fact.version,
        "changes": [_step(change) for change in fact.changes],
        **fact.extra,
    }
    return _row(fact, fact.type, data, source, topic, _partition_of(fact, partitions))


def packed_rows(
    facts: Sequence[Fact],
    *,
    event_type: str,
    source: str,
    topic: str,
    partitions: int,
    cards: str | None = None,
) -> list[dict[str, Any]]:
    """Return the outbox rows of a bulk write: one packed event per partition and 1,000 rows.

    Args:
        facts: all of one moment (the first one's ``recorded_at`` is reported for all).
        event_type: type of the packed event.
        cards: key of ``extra`` gathered into a list of that event's data, if any.
    """
    by_partition: dict[int, list[Fact]] = {}
    for fact in facts:
        by_partition.setdefault(_partition_of(fact, partitions), []).append(fact)
    rows: list[dict[str, Any]] = []
    size = 200 if cards else 1_000
    for partition, group in sorted(by_partition.items()):
        for start in range(0, len(group), size):
            chunk = group[start : start + size]
            data = _pack(chunk)
            if cards:
                data[f"{cards}s"] = [fact.extra[cards] for fact in chunk]
            rows.append(_row(chunk[0], event_type, data, source, topic, partition))
    return rows


def _partition_of(fact: Fact, partitions: int) -> int:
    """Return the partition of a fact: that of its newest unit, else of the entity."""
    states = [state for change in fact.changes if (state := change.now or change.was)]
    unit = states[-1]["unit"] if states else fact.entity
    return crc32(unit.encode()) % partitions


def _step(change: Change) -> dict[str, Any]:
    return {
        "effective_on": change.effective_on.isoformat(),
        "was": None if change.was is None else dict(change.was),
        "now": None if change.now is None else dict(change.now),
    }


def _pack(facts: Sequence[Fact]) -> dict[str, Any]:
    positions: dict[str, int] = {}
    steps: list[dict[str, Any]] = []
    rows: list[list[Any]] = []
    for fact in facts:
        named: list[int] = []
        for change in fact.changes:
            step = _step(change)
            position = positions.setdefault(repr(step), len(steps))
            if position == len(steps):
                steps.append(step)
            named.append(position)
        rows.append([fact.entity, fact.version, named])
    return {"steps": steps, "rows": rows}


def _row(
    first: Fact, event_type: str, data: dict[str, Any], source: str, topic: str, partition: int
) -> dict[str, Any]:
    """Return the row of an event; ``first`` of its facts names its subject and its moment."""
    data["recorded_at"] = first.recorded_at.isoformat()
    events.MODELS[event_type].model_validate(data)
    event_id = new_id()
    # All but ``sequence`` and ``epoch``, which the relay gives.
    body = orjson.dumps(
        {
            "specversion": "1.0",
            "id": event_id,
            "source": source,
            "type": event_type,
            "subject": first.entity,
            "time": data["recorded_at"],
            "datacontenttype": "application/json",
            "correlationid": correlation_id.get(),
            "data": data,
        }
    )
    if len(body) > envelope.MAX_RECORD_BYTES - 1024:
        raise ValueError(f"event of {len(body)} bytes is over the size of a record")
    return {
        "_id": event_id,
        "topic": topic,
        "partition": partition,
        "state": WRITTEN,
        "at": first.recorded_at,
        "body": body,
    }
