"""Reads of a register of persons: within scope, logged before they are answered.

Masked is what every ordinary answer shows; full values come by ``reveal`` alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.base.mongo import Document
from shared.people.office import OK, Office
from shared.people.once import Once
from shared.people.requests import RevealInput
from shared.people.sealed import unseal
from shared.people.subtree import ids_below
from shared.register import accesslog
from shared.register.idempotency import Outcome
from shared.web.access import READERS, Principal

LIST_TIMEOUT_MS = 5_000


@dataclass(frozen=True)
class Wanted:
    """What a list asks for; None asks for everything within the reader's scope.

    Args:
        unit: id of the unit whose subtree is meant.
        status: status of the entries.
        after: id of the last entry of the page before.
        limit: most entries.
        phones: indexes of a whole phone number or of its tail; whoever has one of them.
    """

    unit: str | None = None
    status: str | None = None
    after: str | None = None
    limit: int = 50
    phones: Sequence[str] | None = None


async def read(
    office: Office, principal: Principal, identity: str, *, own: bool = True
) -> Document:
    """Return an entry to one who may read it.

    Args:
        own: whether accounts may be tied to the register's entries; persons then read their own.

    Raises:
        NotFound: there is none, or it lies outside the scope of reading.
    """
    found = await office.stored(identity)
    if not principal.service and not (own and principal.person == identity):
        await office.permit(principal, found["unit"], "viewer")
    row = accesslog.row(principal.subject, "read", identity, unit=found["unit"])
    await accesslog.write(office.database, row)
    return found


async def units_within(
    office: Office, principal: Principal, unit: str | None
) -> Sequence[str] | None:
    """Return the units a list may show: of a unit's subtree, or of the whole scope of reading.

    None is every unit there is.

    Raises:
        NotFound: the unit asked for is outside the scope of reading.
    """
    if unit is None:
        roots = [grant.unit for grant in principal.grants if READERS & grant.roles]
        return await ids_below(office.database, roots)
    await office.permit(principal, unit, "viewer")
    return await ids_below(office.database, [unit])


async def find(
    office: Office, wanted: Wanted, units: Sequence[str] | None, *, limit: int
) -> list[Document]:
    """Return up to ``limit`` entries of some units, in order of their ids, without timelines."""
    query: Document = {}
    if units is not None:
        query["unit"] = {"$in": units}
    if wanted.status is not None:
        query["status"] = wanted.status
    if wanted.phones is not None:
        phones = {"$in": wanted.phones}
        query["$or"] = [{"phone_tail_index": phones}, {"phone_index": phones}]
    if wanted.after is not None:
        query["_id"] = {"$gt": wanted.after}
    cursor = office.database[office.writer.collection].find(query, {"timeline": 0})
    return await cursor.sort("_id", 1).limit(limit).max_time_ms(LIST_TIMEOUT_MS).to_list()


async def page(
    office: Office, principal: Principal, wanted: Wanted
) -> tuple[list[Document], str | None]:
    """Return a page of entries within the reader's scope, in order of their ids.

    The second value is where the next page goes on; None after the last one.

    Raises:
        NotFound: the unit asked for is outside the scope of reading.
    """
    units = await units_within(office, principal, wanted.unit)
    return await page_of(office, principal, wanted, units)


async def page_of(
    office: Office, principal: Principal, wanted: Wanted, units: Sequence[str] | None
) -> tuple[list[Document], str | None]:
    """Return a page of the entries of some units (None: of all); the caller may read them."""
    found = await find(office, wanted, units, limit=wanted.limit + 1)
    items = found[: wanted.limit]
    ids = [document["_id"] for document in items]
    row = accesslog.row(principal.subject, "list", ids, unit=wanted.unit)
    await accesslog.write(office.database, row)
    return items, ids[-1] if len(found) > wanted.limit else None


async def reveal(
    office: Office, principal: Principal, identity: str, given: RevealInput, once: Once
) -> dict[str, str | None]:
    """Return full values of masked fields, logged with the reason; a repeat is logged again.

    Raises:
        NotFound: there is no such entry within the scope of reading.
        Forbidden: the caller is no privacy officer for its unit.
    """
    found = await office.stored(identity)
    await office.permit(principal, found["unit"], "privacy")
    names = sorted(set(given.fields))
    row = accesslog.row(
        principal.subject, "reveal", identity,
        unit=found["unit"], fields=names, reason=given.reason,
    )  # fmt: skip
    await office.log_read(once, row, Outcome(OK, identity))
    return unseal(found, names, office.writer.collection, office.ring)


async def people(office: Office, unit: str, statuses: Sequence[str]) -> int:
    """Return how many entries of a unit itself are in one of the statuses."""
    return await office.database[office.writer.collection].count_documents(
        {"unit": unit, "status": {"$in": list(statuses)}}
    )
