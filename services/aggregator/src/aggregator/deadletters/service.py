"""A dead letter is replayed once, or dismissed by name (docs/design.md section 5.5)."""

from typing import Any

from aggregator.deadletters import rules, store
from aggregator.deadletters.rules import DISMISSED, REPLAYED, Request
from aggregator.deadletters.store import count_open
from aggregator.intake import service as intake
from aggregator.intake.documents import letter_of
from shared.base.clock import now
from shared.base.errors import NotFound
from shared.base.mongo import ClientSession, Database, Document, transact

__all__ = ["count_open", "dismiss", "replay"]


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
        letter = _found(database, identity, session)
        if not rules.check_closable(letter, by):
            return letter
        delta = rules.read(letter_of(letter), letter["raw"] if mended is None else mended)
        intake.write_delta(database, delta, session)
        return _close(database, letter, REPLAYED, {"rows": delta.rows}, by, session)

    return transact(database, run)


def dismiss(database: Database, identity: str, *, by: Request, reason: str) -> Document:
    """Close a dead letter without counting it; the reason and the name stay with it.

    Raises:
        NotFound: there is no such letter.
        Conflict: it is no longer open.
    """

    def run(session: ClientSession) -> Document:
        letter = _found(database, identity, session)
        if not rules.check_closable(letter, by):
            return letter
        return _close(database, letter, DISMISSED, {"dismissal": reason}, by, session)

    return transact(database, run)


def _found(database: Database, identity: str, session: ClientSession) -> Document:
    letter = store.find(database, identity, session)
    if letter is None:
        raise NotFound("not_found")
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
    store.close(database, letter["_id"], closing, session)
    return {**letter, **closing}
