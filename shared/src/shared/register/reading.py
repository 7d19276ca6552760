"""The one reading path of every register: within scope, and logged where persons are read."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic

from shared.base.mongo import AsyncClientSession, Document, transact_async
from shared.register import trail
from shared.register.entity import E
from shared.register.register import Found, Register
from shared.register.store import DUPLICATES, LIST_TIMEOUT_MS, insert_all
from shared.register.trail import Outcome, RequestKey
from shared.web.access.principal import Principal


@dataclass(frozen=True)
class Page(Generic[E]):
    """A page of a list.

    Args:
        items: each with the path of its unit.
        after: id from which the next page goes on; None after the last one.
    """

    items: list[Found[E]]
    after: str | None


async def read(register: Register[E], caller: Principal, identity: str) -> Found[E]:
    """Return an entity to a caller who may read it.

    Raises:
        NotFound: there is none, or it lies outside the scope of reading.
    """
    found = await register.find(caller, identity)
    if register.reads_logged:
        unit = found.entity.unit
        row = trail.access_row(caller.subject, "read", identity, unit=unit)
        await trail.log_access(register.store.database, row)
    return found


async def page(
    register: Register[E],
    caller: Principal,
    query: Mapping[str, Any],
    *,
    after: str | None,
    limit: int,
    unit: str | None = None,
    timeout_ms: int = LIST_TIMEOUT_MS,
) -> Page[E]:
    """Return a page of the entities that a query finds, in order of their ids.

    Args:
        query: of the register's store; it holds the caller's scope.
        after: id of the last entity of the page before.
        unit: the unit the list was asked for, for the access log.
    """
    entities = await register.store.page(query, after=after, limit=limit + 1, timeout_ms=timeout_ms)
    shown = entities[:limit]
    if register.reads_logged:
        ids = [entity.id for entity in shown]
        row = trail.access_row(caller.subject, "list", ids, unit=unit)
        await trail.log_access(register.store.database, row)
    paths = await register.scope.paths.paths([entity.unit for entity in shown])
    items = [Found(entity, path) for entity, path in zip(shown, paths, strict=True)]
    return Page(items, shown[-1].id if len(entities) > limit else None)


async def log_once(
    register: Register[E], key: RequestKey | None, row: Document, outcome: Outcome
) -> None:
    """Store the access row of a read by POST, with the record of its key the first time.

    Such a request changes nothing: sent again it is done and logged again. A key that was used with
    another body is refused (``trail.earlier``).
    """
    database = register.store.database
    if key is None or await trail.earlier(database, key) is not None:
        await trail.log_access(database, row)
        return
    both = [(trail.REQUESTS, key.record(outcome)), (trail.ACCESS_LOG, row)]

    async def run(session: AsyncClientSession) -> None:
        await insert_all(database, both, session)

    try:
        await transact_async(database, run)
    except DUPLICATES:
        await trail.earlier(database, key)  # the same key was under way at the same time
        await trail.log_access(database, row)
