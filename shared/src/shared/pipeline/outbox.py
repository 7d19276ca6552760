"""The outbox: events written in the transaction of the document they tell of.

A row's life: ``state`` 0 (written), 1 (numbered), 2 (sent and acknowledged). Numbers are given by
the relay, never here: only the order in which commits are seen is free of gaps (docs/adr/0004).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zlib import crc32

from shared.base.ids import new_id
from shared.base.log import correlation_id
from shared.contract import events
from shared.contract.events import envelope
from shared.contract.timeline import Change

COLLECTION = "outbox"
WRITTEN, NUMBERED, SENT = 0, 1, 2
KEEP_SENT_SECONDS = 7 * 24 * 3600


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
    extra: dict[str, Any] = field(default_factory=dict)


def partition_of(unit: str, partitions: int) -> int:
    """Return the partition that a unit's events go to."""
    return crc32(unit.encode()) % partitions


def _unit_of(changes: Iterable[Change]) -> str | None:
    unit: str | None = None
    for change in changes:
        state = change.now or change.was
        unit = state["unit"] if state else unit
    return unit


def _step(change: Change) -> dict[str, Any]:
    return {
        "effective_on": change.effective_on.isoformat(),
        "was": None if change.was is None else dict(change.was),
        "now": None if change.now is None else dict(change.now),
    }


def _row(
    *,
    source: str,
    topic: str,
    partition: int,
    event_type: str,
    subject: str,
    recorded_at: datetime,
    data: dict[str, Any],
) -> dict[str, Any]:
    events.MODELS[event_type].model_validate(data)
    event_id = new_id()
    body = envelope.body(
        event_id=event_id,
        source=source,
        event_type=event_type,
        subject=subject,
        time=recorded_at.isoformat(),
        correlation=correlation_id.get(),
        data=data,
    )
    if len(body) > envelope.MAX_RECORD_BYTES - 1024:
        raise ValueError(f"event of {len(body)} bytes is over the size of a record")
    return {
        "_id": event_id,
        "topic": topic,
        "partition": partition,
        "state": WRITTEN,
        "at": recorded_at,
        "body": body,
    }


def row(fact: Fact, *, source: str, topic: str, partitions: int) -> dict[str, Any]:
    """Return the outbox row of one fact, validated against its contract.

    Args:
        source: CloudEvents source of the service.
        topic: Kafka topic it goes to.
        partitions: how many partitions the topic has.

    Raises:
        pydantic.ValidationError: the fact breaks the event's contract (a defect of ours).
    """
    return _row(
        source=source,
        topic=topic,
        partition=partition_of(_unit_of(fact.changes) or fact.entity, partitions),
        event_type=fact.type,
        subject=fact.entity,
        recorded_at=fact.recorded_at,
        data={
            "entity": fact.entity,
            "version": fact.version,
            "recorded_at": fact.recorded_at.isoformat(),
            "changes": [_step(change) for change in fact.changes],
            **fact.extra,
        },
    )


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
        facts: all of one moment (the first one's ``recorded_at`` is told for all).
        event_type: type of the packed event.
        cards: key of ``extra`` gathered into a list of that event's data, if any.
    """
    by_partition: dict[int, list[Fact]] = {}
    for fact in facts:
        home = _unit_of(fact.changes) or fact.entity
        by_partition.setdefault(partition_of(home, partitions), []).append(fact)
    rows: list[dict[str, Any]] = []
    size = 200 if cards else 1_000
    for partition, group in sorted(by_partition.items()):
        for start in range(0, len(group), size):
            chunk = group[start : start + size]
            data = _pack(chunk)
            if cards:
                data[f"{cards}s"] = [fact.extra[cards] for fact in chunk]
            rows.append(
                _row(
                    source=source,
                    topic=topic,
                    partition=partition,
                    event_type=event_type,
                    subject=chunk[0].entity,
                    recorded_at=chunk[0].recorded_at,
                    data=data,
                )
            )
    return rows


def _pack(facts: Sequence[Fact]) -> dict[str, Any]:
    positions: dict[str, int] = {}
    steps: list[dict[str, Any]] = []
    rows: list[list[Any]] = []
    for fact in facts:
        named: list[int] = []
        for change in fact.changes:
            step = _step(change)
            key = repr(step)
            if key not in positions:
                positions[key] = len(steps)
                steps.append(step)
            named.append(positions[key])
        rows.append([fact.entity, fact.version, named])
    return {"recorded_at": facts[0].recorded_at.isoformat(), "steps": steps, "rows": rows}
