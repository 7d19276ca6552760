"""The access log: who read, revealed, exported or changed what (docs/design.md section 7).

A row names entities by id and fields by name; it never holds a value of a person.
"""

from collections.abc import Sequence

from pymongo import ASCENDING, DESCENDING, IndexModel

from shared.base.clock import now
from shared.base.ids import new_id
from shared.base.log import correlation_id
from shared.base.mongo import AsyncDatabase, Document

COLLECTION = "access_log"
KEEP_DAYS = 3 * 365


def indexes(keep_days: int = KEEP_DAYS) -> list[IndexModel]:
    """Return the indexes of the collection, for the migrate step.

    Args:
        keep_days: how long a row is kept; the law asks for six months at least (docs/domain.md
            section 5), three years are the default.
    """
    return [
        IndexModel([("at", ASCENDING)], name="ttl", expireAfterSeconds=keep_days * 24 * 3600),
        IndexModel([("entity", ASCENDING), ("at", DESCENDING)], name="entity"),
        IndexModel([("subject", ASCENDING), ("at", DESCENDING)], name="subject"),
    ]


def row(
    subject: str,
    action: str,
    entity: str | Sequence[str],
    *,
    unit: str | None = None,
    fields: Sequence[str] = (),
    reason: str | None = None,
) -> Document:
    """Return one row.

    Args:
        subject: who did it.
        action: ``read``, ``list``, ``search``, ``reveal``, or a command's name.
        entity: id of the entity, or of all those on a page.
        unit: the unit it belongs to.
        fields: names of the fields revealed or changed.
        reason: the reason given, for a reveal.
    """
    return {
        "_id": new_id(),
        "at": now(),
        "subject": subject,
        "action": action,
        "entity": entity if isinstance(entity, str) else list(entity),
        "unit": unit,
        "fields": list(fields),
        "reason": reason,
        "correlation_id": correlation_id.get(),
    }


async def write(database: AsyncDatabase, row: Document) -> None:
    """Store the row of a read; the answer is sent after this, so that none goes unlogged."""
    await database[COLLECTION].insert_one(row)
