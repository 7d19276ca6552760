"""Idempotency keys: a request sent twice has one effect and one answer (docs/design.md section 3).

A record keeps ids and a status for seven days, never personal data: the digest of the body is keyed
with the caller's own key, of which only a hash is stored, so it cannot be searched by guessing.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from pydantic import BaseModel
from pymongo import ASCENDING, IndexModel

from shared.base.clock import now
from shared.base.errors import Invalid
from shared.base.mongo import AsyncClientSession, AsyncDatabase, Document, transact_async
from shared.web.requests import HEADER

COLLECTION = "idempotency"
KEEP_SECONDS = 7 * 24 * 3600


def indexes() -> list[IndexModel]:
    """Return the indexes of the collection, for the migrate step."""
    return [IndexModel([("at", ASCENDING)], name="ttl", expireAfterSeconds=KEEP_SECONDS)]


@dataclass(frozen=True)
class Key:
    """A caller's key for one request.

    Args:
        subject: who asks.
        route: method and path, ids included (``POST /v1/members/…/approve``).
        key: the header's value.
    """

    subject: str
    route: str
    key: str

    @property
    def id(self) -> str:
        """Return the ``_id`` of the key's record."""
        parts = [self.subject, self.route, self.key]
        return hashlib.sha256(orjson.dumps(parts)).hexdigest()

    def digest(self, body: bytes | BaseModel | Mapping[str, Any] | None) -> str:
        """Return what tells one body from another; the order of fields makes no difference.

        Nor do fields that were not sent: a later release may know more of them.
        """
        if isinstance(body, BaseModel):
            body = body.model_dump(mode="json", exclude_unset=True)
        if not isinstance(body, bytes):
            body = orjson.dumps(body, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
        return hmac.new(self.key.encode(), body, hashlib.sha256).hexdigest()


@dataclass(frozen=True)
class Outcome:
    """What the first request came to: enough to answer the second one alike.

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


def record(key: Key, digest: str, outcome: Outcome) -> Document:
    """Return the document to insert in the transaction of the request's own writes."""
    return {
        "_id": key.id,
        "digest": digest,
        "status": outcome.status,
        "entity": outcome.entity,
        "version": outcome.version,
        "rows": outcome.rows,
        "at": now(),
    }


async def load_async(database: AsyncDatabase, key: Key) -> Document | None:
    """Return the record of an earlier request with this key, if there was one.

    It is answered with only once a majority has it: the first request may still wait for that, and
    a failover may take its write back. The commit of a transaction that read it waits, too.
    """
    records = database[COLLECTION]
    if await records.find_one({"_id": key.id}, {"_id": 1}) is None:
        return None

    async def read(session: AsyncClientSession) -> Document | None:
        return await records.find_one({"_id": key.id}, session=session)

    return await transact_async(database, read)


def check(found: Document, digest: str) -> Outcome:
    """Return the outcome to answer with again.

    Raises:
        Invalid: the key was used with another body.
    """
    if not hmac.compare_digest(found["digest"], digest):
        raise Invalid("idempotency.reused", field=HEADER)
    return Outcome(found["status"], found["entity"], found["version"], found["rows"])
