"""A dead letter is replayed once, or dismissed by name (docs/design.md section 5.5).

A dismissed one stays a difference from the registers, named in every answer, until it is replayed.
"""

import orjson

from aggregator.deadletters import store
from aggregator.deadletters.store import count_open, dismissed
from aggregator.intake import service as intake
from aggregator.intake.documents import DISMISSED, OPEN, REPLAYED
from aggregator.intake.projection import DeadLetter, Delta
from shared.base.errors import Conflict, Invalid
from shared.base.mongo import ClientSession, Database, transact
from shared.contract import events
from shared.contract.events import PoisonEvent, UnknownEventType
from shared.register.trail import RequestKey

__all__ = ["count_open", "dismiss", "dismissed", "replay"]


def replay(
    database: Database, identity: str, by: str, key: RequestKey | None, mended: bytes | None
) -> None:
    """Count a dead letter's events, once, in one transaction with the letter's closing.

    One that was dismissed may still be replayed.

    Args:
        by: subject of the administrator.
        key: the same request sent again is answered as the first time.
        mended: the event (or batch of events) to count instead of the stored bytes; its source,
            epoch and numbers must be the letter's own.

    Raises:
        NotFound: there is no such letter.
        Conflict: it was counted before, or its source, restored from a backup, never sent it.
        Invalid: the events cannot be read, or are not those of the letter; or the key was
            used with another body.
    """

    def run(session: ClientSession) -> None:
        letter = _to_close(database, identity, key, session, (OPEN, DISMISSED))
        if letter is not None:
            raw = letter.raw if mended is None else mended
            delta = _read(letter, raw)
            intake.write_delta(database, delta, session)
            # Its bytes are kept: a new epoch of the source may have to take them off again.
            outcome: store.Outcome = {"state": REPLAYED, "rows": delta.rows, "counted": raw}
            store.close(database, identity, by, key, session, outcome)

    transact(database, run)


def dismiss(
    database: Database, identity: str, by: str, key: RequestKey | None, reason: str
) -> None:
    """Close a dead letter without counting it; arguments and errors are those of ``replay``."""

    def run(session: ClientSession) -> None:
        if _to_close(database, identity, key, session, (OPEN,)) is not None:
            outcome: store.Outcome = {"state": DISMISSED, "dismissal": reason}
            store.close(database, identity, by, key, session, outcome)

    transact(database, run)


def _to_close(
    database: Database,
    identity: str,
    key: RequestKey | None,
    session: ClientSession,
    states: tuple[str, ...],
) -> DeadLetter | None:
    """Return a letter in one of these states; None if the very request closed it before."""
    letter, state, closed_by = store.find(database, identity, session)
    again = key is not None and closed_by is not None and closed_by.id == key.id
    if state in states and not again:
        return letter
    if not again:
        raise Conflict("dead_letter.closed", params={"state": state})
    if key is not None and closed_by is not None and closed_by.digest != key.digest:
        raise Invalid("idempotency.reused", field="Idempotency-Key")
    return None


def _read(letter: DeadLetter, raw: bytes) -> Delta:
    """Return what the events of a letter count; ``raw`` is an event, or a batch of events."""
    delta = Delta()
    source, epoch, first, last = letter.source, letter.epoch, letter.first, letter.last
    try:
        parsed = orjson.loads(raw)
        found = list(map(events.read_event, parsed if isinstance(parsed, list) else [parsed]))
        numbers = [(source, epoch, number) for number in range(first, last + 1)]
        if [(event.source, event.epoch, event.sequence) for event in found] != numbers:
            own = f"{source}, {epoch}, {first}-{last}"
            raise PoisonEvent(f"source, epoch and numbers must be {own}")
        for event in found:
            delta.apply(letter.topic, events.read_payload(event))
    except (orjson.JSONDecodeError, PoisonEvent, UnknownEventType) as problem:
        params = {"problem": str(problem)}
        raise Invalid("dead_letter.unreadable", field="event", params=params) from problem
    return delta
