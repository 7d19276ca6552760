"""Reads of memberships: always masked but for a reveal, always within scope, always logged."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from member import store
from member.domain import LIFE, REOPENABLE
from member.schemas import SearchInput
from member.service.changes import stored
from member.service.registry import Registry, permitted, readable
from shared import accesslog
from shared.access import READERS, Principal, require
from shared.clock import today
from shared.directory import scope
from shared.errors import Invalid, NotFound
from shared.mongo import Document
from shared.people import RevealInput
from shared.personal import identifiers
from shared.personal.encryption import KeyRing
from shared.personal.phones import normalise_phone
from shared.personal.problems import PersonalDataProblem
from shared.personal.records import id_indexes, masked, phone_indexes, unseal

_SHOWN = (
    "version", "status", "kind", "grade", "applied_on", "approved_on", "registered_on",
    "rejected_on", "withdrawn_on", "expelled_on", "deceased_on", "reapplied_on", "voided_on",
    "consent", "filing", "created_by", "created_at", "edited_by", "edited_at",
)  # fmt: skip


@dataclass(frozen=True)
class Listing:
    """What a list was asked for; the rest of the parameters is the page's."""

    unit_id: str | None = None
    status: str | None = None
    phone_tail: str | None = None


def shown(document: Document, ring: KeyRing) -> dict[str, Any]:
    """Return a membership as every ordinary answer shows it."""
    return {
        "id": document["_id"],
        "unit_id": document["unit"],
        **{name: document.get(name) for name in _SHOWN},
        **masked(document, store.MEMBERS, ring),
        "allowed": LIFE.allowed(document["status"]),
    }


async def show(registry: Registry, identity: str, caller: Principal) -> Document:
    """Return one membership within the caller's scope.

    Raises:
        NotFound: there is none, or it lies outside.
    """
    found = await stored(registry, identity)
    if not await readable(registry, caller, found["unit"]):
        raise NotFound("not_found")
    await accesslog.write(
        registry.database, accesslog.row(caller.subject, "read", identity, unit=found["unit"])
    )
    return found


async def page(
    registry: Registry, wanted: Listing, caller: Principal, *, after: str | None, limit: int
) -> list[Document]:
    """Return a page of the memberships within the caller's scope, one more than ``limit``.

    Raises:
        NotFound: the unit asked for lies outside the scope.
    """
    units = await _units(registry, wanted.unit_id, caller)
    tails = registry.ring.phone_tail_indexes(wanted.phone_tail) if wanted.phone_tail else None
    query = store.Filter(units, wanted.status, tails)
    found = await store.page(registry.database, query, after=after, limit=limit + 1)
    names = [document["_id"] for document in found[:limit]]
    row = accesslog.row(caller.subject, "list", names, unit=wanted.unit_id)
    await accesslog.write(registry.database, row)
    return found


async def _units(registry: Registry, unit_id: str | None, caller: Principal) -> set[str] | None:
    if unit_id is not None:
        if not await readable(registry, caller, unit_id):
            raise NotFound("not_found", field="unit_id")
        return await store.units_below(registry.database, [unit_id])
    if caller.service:
        return None
    granted = [grant.unit for grant in caller.grants if grant.roles & READERS]
    return await store.units_below(registry.database, granted)


async def search(registry: Registry, given: SearchInput, caller: Principal) -> list[dict[str, Any]]:
    """Return who bears a document number or a phone number.

    An entry outside the caller's scope appears only for its whole document number, only if it can
    be applied for again, and then with no more than what that takes: id and version.
    """
    indexes = _search_indexes(registry, given)
    if given.phone is not None:
        units = await _units(registry, None, caller)
        found = await store.page(
            registry.database, store.Filter(units, None, indexes), after=None, limit=50
        )
    else:
        holders = await store.holders(registry.database, indexes)
        ids = {holder["_id"] for holder in holders.values()}
        found = [document for one in ids if (document := await store.read(registry.database, one))]
    answer = [item for one in found if (item := await _found(registry, one, caller)) is not None]
    row = accesslog.row(caller.subject, "search", [item["id"] for item in answer])
    await accesslog.write(registry.database, row)
    return answer


def _search_indexes(registry: Registry, given: SearchInput) -> list[str]:
    if (given.id_number is None) == (given.phone is None):
        raise Invalid("member.search_by_one", field="id_number")
    try:
        if given.phone is not None:
            return phone_indexes(registry.ring, normalise_phone(given.phone))
        identifier = identifiers.check(given.id_type, given.id_number, today())
        return id_indexes(registry.ring, identifier)
    except PersonalDataProblem as problem:
        name = "id_number" if given.phone is None else "phone"
        raise Invalid(problem.code, field=name, params=dict(problem.params)) from problem


async def _found(
    registry: Registry, document: Document, caller: Principal
) -> dict[str, Any] | None:
    if await readable(registry, caller, document["unit"]):
        return shown(document, registry.ring)
    registers = any("registrar" in grant.roles for grant in caller.grants)
    if not registers or document["status"] not in REOPENABLE:
        return None
    return {"id": document["_id"], "version": document["version"], "allowed": ["reapply"]}


async def reveal(
    registry: Registry, identity: str, given: RevealInput, caller: Principal
) -> dict[str, str | None]:
    """Return full values of masked fields, with the reason in the access log."""
    found = await stored(registry, identity)
    await permitted(registry, found["unit"], lambda path: require(caller, "privacy", scope(path)))
    names: Sequence[str] = sorted(set(given.fields))
    row = accesslog.row(
        caller.subject, "reveal", identity, unit=found["unit"], fields=names, reason=given.reason
    )
    await accesslog.write(registry.database, row)
    return unseal(found, names, store.MEMBERS, registry.ring)


async def people(registry: Registry, unit_id: str) -> int:
    """Return how many open memberships a unit has; asked before the unit is closed."""
    return await store.people(registry.database, unit_id)
