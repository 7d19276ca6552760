"""Who may close a dead letter, and what its events count (pure)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from aggregator.intake.documents import OPEN
from aggregator.intake.projection import DeadLetter, Delta
from shared.base.errors import Conflict, Invalid
from shared.contract import events
from shared.contract.events import PoisonEvent, UnknownEventType

REPLAYED, DISMISSED = "replayed", "dismissed"


@dataclass(frozen=True)
class Request:
    """Who closes a letter; the key's id and the body's digest identify a repeated request."""

    subject: str
    key: str | None = None
    digest: str | None = None


def check_closable(letter: Mapping[str, Any], by: Request) -> bool:
    """Return whether a stored letter is open; False if this very request closed it before.

    Raises:
        Conflict: another request closed it.
        Invalid: the request's key was used with another body.
    """
    if letter["state"] == OPEN:
        return True
    if by.key is None or letter.get("key") != by.key:
        raise Conflict("dead_letter.closed", params={"state": letter["state"]})
    if letter["digest"] != by.digest:
        raise Invalid("idempotency.reused", field="Idempotency-Key")
    return False


def read(letter: DeadLetter, raw: bytes) -> Delta:
    """Return what the events of a letter count.

    Args:
        letter: its source, epoch and numbers must be those of the events.
        raw: an event, or a batch of events.

    Raises:
        Invalid: they cannot be read, or are not those the letter stands for.
    """
    delta = Delta()
    try:
        parsed = orjson.loads(raw)
        members = parsed if isinstance(parsed, list) else [parsed]
        numbers = list(range(letter.first, letter.last + 1))
        found = [events.read_event(member) for member in members]
        if [event.sequence for event in found] != numbers or any(
            (event.source, event.epoch) != (letter.source, letter.epoch) for event in found
        ):
            raise PoisonEvent(
                f"source, epoch and numbers must be {letter.source}, {letter.epoch}, "
                f"{letter.first}-{letter.last}"
            )
        for event in found:
            delta.apply(letter.topic, events.read_payload(event))
    except (orjson.JSONDecodeError, PoisonEvent, UnknownEventType) as problem:
        raise Invalid(
            "dead_letter.unreadable", field="event", params={"problem": str(problem)}
        ) from problem
    return delta
