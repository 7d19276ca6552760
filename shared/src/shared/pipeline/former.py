"""The cards of units as they were before events that a restored source never sent."""

from contextlib import suppress
from typing import Any

import orjson

from shared.contract import events
from shared.contract.events import PoisonEvent, envelope
from shared.contract.events.payloads import UnitCard, UnitChanged, UnitsImported
from shared.pipeline.eventlog import EventLog, TopicPartition
from shared.pipeline.marks import Cursor
from shared.pipeline.watermark import mark_key


def former_cards(
    event_log: EventLog, place: TopicPartition, cursor: Cursor
) -> tuple[set[str], list[UnitCard]]:
    """Return the units with void events in a partition, and their newest cards that hold.

    Args:
        cursor: says which numbers are void; the new epoch has started there.
    """
    lost: set[str] = set()
    found: dict[str, UnitCard] = {}
    for record in event_log.read(place, *event_log.bounds(place)):
        span = envelope.span_of(record.headers)
        if span is None or place[0] not in events.TOPICS_OF_SOURCE.get(span.source, ()):
            continue
        limit = cursor.void_after(mark_key(span.source, span.epoch))
        for sequence, raw in enumerate(_batch(record.value), span.first):
            for card in _readable(raw):
                if sequence > limit:
                    lost.add(card.id)
                elif card.id not in found or found[card.id].version < card.version:
                    found[card.id] = card
    return lost, [found[unit] for unit in sorted(lost & found.keys())]


def cards_of(raw: Any) -> list[UnitCard]:
    """Return the cards that an event carries.

    Raises:
        UnknownEventType: the type or its version is not in this release.
        PoisonEvent: it cannot be read.
    """
    payload = events.read_payload(events.read_event(raw))
    if isinstance(payload, UnitsImported):
        return payload.units
    return [payload.unit] if isinstance(payload, UnitChanged) else []


def _readable(raw: Any) -> list[UnitCard]:
    with suppress(PoisonEvent):
        return cards_of(raw)
    return []


def _batch(value: bytes | None) -> list[Any]:
    with suppress(orjson.JSONDecodeError):
        parsed = orjson.loads(value or b"")
        return parsed if isinstance(parsed, list) else []
    return []
