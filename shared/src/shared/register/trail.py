"""What a command leaves in its own transaction, together with the entity and its event.

- The record of its Idempotency-Key: a request sent twice has one effect and one answer
  (docs/design.md section 3). It keeps ids and a status for seven days, never personal data: the
  digest of the body is keyed with the caller's own key, of which only a hash is stored, so it cannot
  be searched by guessing.
- A row of the access log: who read, revealed, exported or changed what (docs/design.md section 7).
  It names entities by id and fields by name, and never holds a value of a person.
"""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from pydantic import BaseModel
from pymongo import ASCENDING, DESCENDING, IndexModel

from shared.base.clock import now
from shared.base.errors import Invalid
from shared.base.ids import new_id
from shared.base.log import correlation_id
from shared.base.mongo import AsyncClientSession, AsyncDatabase, Document, transact_async
from shared.web.requests import HEADER

REQUESTS = "idempotency"
"""Collection of the records of keys."""
ACCESS_LOG = "access_log"
"""Collection of the access log."""
_DAY = 24 * 3600
INDEXES = {
    REQUESTS: [IndexModel([("at", ASCENDING)], name="ttl", expireAfterSeconds=7 * _DAY)],
    ACCESS_LOG: [
        # The law asks for six months at least (docs/domain.md section 5).
        IndexModel([("at", ASCENDING)], name="ttl", expireAfterSeconds=3 * 365 * _DAY),
        IndexModel([("entity", ASCENDING), ("at", DESCENDING)], name="entity"),
        IndexModel([("subject", ASCENDING), ("at", DESCENDING)], name="subject"),
    ],
}


@dataclass(frozen=True)
class Outcome:
    """Result of the first request, enough to repeat its answer.

    Args:
        status: HTTP status.
        entity: id of the entity written, if it was one.
        version: the version it then had.
        rows: per-record results of a bulk request: ids, statuses and codes only.
    """

    status: int
    entity: str | None = None
    version: int | None = None
    rows: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class RequestKey:
    """Identifies a request that is sent again.

    Args:
        id: ``_id`` of its record.
        digest: of the body it was sent with.
    """

    id: str
    digest: str

    @classmethod
    def of(cls, subject: str, route: str, key: str, body: BaseModel | None = None) -> "RequestKey":
        """Return the key of a request.

        The order of the body's fields makes no difference, nor do fields that were not sent: a
        later release may know more of them.

        Args:
            subject: the caller.
            route: method and path, ids included (``POST /v1/members/…/approve``).
            key: the header's value.
        """
        plain = body and body.model_dump(mode="json", exclude_unset=True)
        packed = orjson.dumps(plain, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
        return cls(
            hashlib.sha256(orjson.dumps([subject, route, key])).hexdigest(),
            hmac.new(key.encode(), packed, hashlib.sha256).hexdigest(),
        )

    def record(self, outcome: Outcome) -> Document:
        """Return the document to insert in the transaction of the request's own writes."""
        return {"_id": self.id, "digest": self.digest, **vars(outcome), "at": now()}


async def earlier(database: AsyncDatabase, key: RequestKey) -> Outcome | None:
    """Return the result of an earlier request with this key, None if there was none.

    Returned only after a majority has stored it, since a failover may undo the write until then. The
    read is in a transaction, whose commit waits for that.

    Raises:
        Invalid: the key was used with another body.
    """
    records = database[REQUESTS]
    if await records.find_one({"_id": key.id}, {"_id": 1}) is None:
        return None

    async def read(session: AsyncClientSession) -> Document | None:
        return await records.find_one({"_id": key.id}, session=session)

    found = await transact_async(database, read)
    return None if found is None else check(found, key.digest)


def check(found: Document, digest: str) -> Outcome:
    """Return the outcome to repeat.

    Raises:
        Invalid: the key was used with another body.
    """
    if not hmac.compare_digest(found["digest"], digest):
        raise Invalid("idempotency.reused", field=HEADER)
    return Outcome(found["status"], found["entity"], found["version"], found["rows"])


def access_row(
    subject: str,
    action: str,
    entity: str | Sequence[str],
    *,
    at: datetime | None = None,
    unit: str | None = None,
    fields: Sequence[str] = (),
    reason: str | None = None,
) -> Document:
    """Return one row.

    Args:
        subject: who did it.
        action: ``read``, ``list``, ``search``, ``reveal``, or a command's name.
        entity: id of the entity, or of all those on a page.
        at: when; now by default.
        unit: the unit it belongs to.
        fields: names of the fields revealed or changed.
        reason: the reason given, for a reveal.
    """
    return {
        "_id": new_id(),
        "at": at or now(),
        "subject": subject,
        "action": action,
        "entity": entity if isinstance(entity, str) else list(entity),
        "unit": unit,
        "fields": list(fields),
        "reason": reason,
        "correlation_id": correlation_id.get(),
    }


async def log_access(database: AsyncDatabase, row: Document) -> None:
    """Store the row of a read; the answer is sent after this, so that none goes unlogged."""
    await database[ACCESS_LOG].insert_one(row)
