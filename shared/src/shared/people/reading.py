"""Reads of a register of persons: within scope, logged before they are answered.

Masked is what every ordinary answer shows; full values come by ``reveal`` alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from shared import accesslog
from shared.access import READERS, Principal
from shared.mongo import Document
from shared.people.office import Office
from shared.people.subtree import ids_below
from shared.personal.records import unseal

LIST_TIMEOUT_MS = 5_000


@dataclass(frozen=True)
class Wanted:
    """What a list asks for; None asks for everything within the reader's scope.

    Args:
        unit: id of the unit whose subtree is meant.
        status: status of the entries.
        after: id of the last entry of the page before.
        limit: most entries.
    """

    unit: str | None = None
    status: str | None = None
    after: str | None = None
    limit: int = 50


async def read(office: Office, principal: Principal, identity: str) -> Document:
    """Return an entry to one who may read it; persons may always read their own.

    Raises:
        NotFound: there is none, or it lies outside the scope of reading.
    """
    found = await office.stored(identity)
    if principal.person != identity and not principal.service:
        await office.permit(principal, found["unit"], "viewer")
    row = accesslog.row(principal.subject, "read", identity, unit=found["unit"])
    await accesslog.write(office.database, row)
    return found


async def page(
    office: Office, principal: Principal, wanted: Wanted
) -> tuple[list[Document], str | None]:
    """Return a page of entries within the reader's scope, in order of their ids.

    The second value is where the next page goes on; None after the last one.

    Raises:
        NotFound: the unit asked for is outside the scope of reading.
    """
    conditions: list[Document] = []
    roots = [grant.unit for grant in principal.grants if READERS & grant.roles]
    if wanted.unit is not None:
        await office.permit(principal, wanted.unit, "viewer")
        roots = [wanted.unit]
    units = await ids_below(office.database, roots)
    if units is not None:
        conditions.append({"unit": {"$in": units}})
    if wanted.status is not None:
        conditions.append({"status": wanted.status})
    if wanted.after is not None:
        conditions.append({"_id": {"$gt": wanted.after}})
    entries = office.database[office.writer.collection]
    cursor = entries.find({"$and": conditions} if conditions else {}, {"timeline": 0})
    cursor = cursor.sort("_id", 1).limit(wanted.limit + 1).max_time_ms(LIST_TIMEOUT_MS)
    found = await cursor.to_list()
    items = found[: wanted.limit]
    ids = [document["_id"] for document in items]
    row = accesslog.row(principal.subject, "list", ids, unit=wanted.unit)
    await accesslog.write(office.database, row)
    return items, ids[-1] if len(found) > wanted.limit else None


async def reveal(
    office: Office, principal: Principal, identity: str, fields: Sequence[str], reason: str
) -> dict[str, str | None]:
    """Return full values of masked fields, logged with the reason.

    Raises:
        NotFound: there is no such entry within the scope of reading.
        Forbidden: the caller is no privacy officer for its unit.
    """
    found = await office.stored(identity)
    await office.permit(principal, found["unit"], "privacy")
    names = sorted(set(fields))
    row = accesslog.row(
        principal.subject, "reveal", identity, unit=found["unit"], fields=names, reason=reason
    )
    await accesslog.write(office.database, row)
    return unseal(found, names, office.writer.collection, office.ring)


async def people(office: Office, unit: str, statuses: Sequence[str]) -> int:
    """Return how many entries of a unit itself are in one of the statuses."""
    return await office.database[office.writer.collection].count_documents(
        {"unit": unit, "status": {"$in": list(statuses)}}
    )
