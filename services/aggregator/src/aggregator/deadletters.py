"""A dead letter is replayed once, or dismissed by name (docs/design.md section 5.5)."""

from dataclasses import dataclass
from typing import Any

import orjson

from aggregator import store
from aggregator.projection import Delta
from shared.base.clock import now
from shared.base.errors import Conflict, Invalid, NotFound
from shared.base.mongo import ClientSession, Database, Document, transact
from shared.contract import events
from shared.contract.events import PoisonEvent, UnknownEventType

OPEN, REPLAYED, DISMISSED = "open", "replayed", "dismissed"


@dataclass(frozen=True)
class Request:
    """Who closes a letter; the key's id and the body's digest tell a repeated request."""

    subject: str
    key: str | None = None
    digest: str | None = None


def replay(database: Database, identity: str, *, by: Request, mended: bytes | None) -> Document:
    """Count a dead letter's events, once, in one transaction with the letter's closing.

    Args:
        database: the aggregator's database.
        identity: id of the dead letter.
        by: who replays it; the same request sent again is answered as the first time.
        mended: the event (or batch of events) to count instead of the stored bytes; its source,
            epoch and numbers must be the letter's own.

    Raises:
        NotFound: there is no such letter.
        Conflict: it is no longer open.
        Invalid: the events cannot be read, or are not those the letter stands for.
    """

    def run(session: ClientSession) -> Document:
        letter = _letter(database, identity, by, session)
        if letter["state"] != OPEN:
            return letter
        delta = _read(letter, letter["raw"] if mended is None else mended)
        store.write_delta(database, delta, session)
        return _close(database, letter, REPLAYED, {"rows": delta.rows}, by, session)

    return transact(database, run)


def dismiss(database: Database, identity: str, *, by: Request, reason: str) -> Document:
    """Close a dead letter without counting it; the reason and the name stay with it.

    Raises:
        NotFound: there is no such letter.
        Conflict: it is no longer open.
    """

    def run(session: ClientSession) -> Document:
        letter = _letter(database, identity, by, session)
        if letter["state"] != OPEN:
            return letter
        return _close(database, letter, DISMISSED, {"dismissal": reason}, by, session)

    return transact(database, run)


def _letter(database: Database, identity: str, by: Request, session: ClientSession) -> Document:
    """Return a letter that is open, or that this very request closed before."""
    letter = database[store.DEAD_LETTERS].find_one({"_id": identity}, session=session)
    if letter is None:
        raise NotFound("not_found")
    if letter["state"] != OPEN and (by.key is None or letter.get("key") != by.key):
        raise Conflict("dead_letter.closed", params={"state": letter["state"]})
    if letter["state"] != OPEN and letter["digest"] != by.digest:
        raise Invalid("idempotency.reused", field="Idempotency-Key")
    return letter


def _close(
    database: Database,
    letter: Document,
    state: str,
    fields: dict[str, Any],
    by: Request,
    session: ClientSession,
) -> Document:
    closing = {"state": state, "closed_by": by.subject, "closed_at": now(), **fields}
    if by.key is not None:
        closing |= {"key": by.key, "digest": by.digest}
    database[store.DEAD_LETTERS].update_one(
        {"_id": letter["_id"], "state": OPEN}, {"$set": closing}, session=session
    )
    return {**letter, **closing}


def _read(letter: Document, raw: bytes) -> Delta:
    delta = Delta()
    try:
        parsed = orjson.loads(raw)
        members = parsed if isinstance(parsed, list) else [parsed]
        numbers = list(range(letter["first"], letter["last"] + 1))
        found = [events.read_event(member) for member in members]
        if [event.sequence for event in found] != numbers or any(
            (event.source, event.epoch) != (letter["source"], letter["epoch"]) for event in found
        ):
            raise PoisonEvent(
                f"source, epoch and numbers must be {letter['source']}, {letter['epoch']}, "
                f"{letter['first']}-{letter['last']}"
            )
        for event in found:
            delta.apply(letter["topic"], events.read_payload(event))
    except (orjson.JSONDecodeError, PoisonEvent, UnknownEventType) as problem:
        raise Invalid(
            "dead_letter.unreadable", field="event", params={"problem": str(problem)}
        ) from problem
    return delta
