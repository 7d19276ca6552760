"""Reads of memberships: always masked but for a reveal, always within scope, always logged."""

from collections.abc import Sequence
from typing import Any

from member import store
from member.domain import LIFE, REOPENABLE
from member.schemas import SearchInput
from member.service.registry import Registry, readable
from shared import accesslog
from shared.access import Principal
from shared.clock import today
from shared.errors import Invalid, NotFound
from shared.mongo import Document
from shared.people import reading
from shared.people.reading import Wanted
from shared.personal import identifiers
from shared.personal.encryption import KeyRing
from shared.personal.phones import normalise_phone
from shared.personal.problems import PersonalDataProblem
from shared.personal.records import id_indexes, masked, phone_indexes

MOST_FOUND = 50
"""Entries a search for a phone number answers at most."""
_SHOWN = (
    "version", "status", "kind", "grade", "applied_on", "approved_on", "registered_on",
    "rejected_on", "withdrawn_on", "expelled_on", "deceased_on", "reapplied_on", "voided_on",
    "consent", "filing", "created_by", "created_at", "edited_by", "edited_at",
)  # fmt: skip


def shown(document: Document, ring: KeyRing) -> dict[str, Any]:
    """Return a membership as every ordinary answer shows it."""
    return {
        "id": document["_id"],
        "unit_id": document["unit"],
        **{name: document.get(name) for name in _SHOWN},
        **masked(document, store.MEMBERS, ring),
        "allowed": LIFE.allowed(document["status"]),
    }


async def page(
    registry: Registry, caller: Principal, wanted: Wanted
) -> tuple[list[Document], str | None]:
    """Return a page of the memberships within the caller's scope; see ``shared.people.reading``.

    Raises:
        NotFound: the unit asked for lies outside the scope.
    """
    units = await _units(registry, caller, wanted.unit)
    return await reading.page_of(registry.office, caller, wanted, units)


async def _units(registry: Registry, caller: Principal, unit: str | None) -> Sequence[str] | None:
    if caller.service and unit is None:
        return None
    try:
        return await reading.units_within(registry.office, caller, unit)
    except NotFound as refusal:
        raise NotFound(refusal.code, field="unit_id") from None


async def search(registry: Registry, given: SearchInput, caller: Principal) -> list[dict[str, Any]]:
    """Return who bears a document number or a phone number.

    An entry outside the caller's scope appears only for its whole document number, only if it can
    be applied for again, and then with no more than what that takes: id and version.
    """
    office = registry.office
    indexes = _search_indexes(office.ring, given)
    if given.phone is not None:
        units = await _units(registry, caller, None)
        found = await reading.find(office, Wanted(phones=indexes), units, limit=MOST_FOUND)
    else:
        holders = await store.holders(office.database, indexes)
        found = [await office.stored(one) for one in {row["_id"] for row in holders.values()}]
    answer = [item for one in found if (item := await _found(registry, one, caller)) is not None]
    row = accesslog.row(caller.subject, "search", [item["id"] for item in answer])
    await accesslog.write(office.database, row)
    return answer


def _search_indexes(ring: KeyRing, given: SearchInput) -> list[str]:
    if (given.id_number is None) == (given.phone is None):
        raise Invalid("member.search_by_one", field="id_number")
    try:
        if given.phone is not None:
            return phone_indexes(ring, normalise_phone(given.phone))
        identifier = identifiers.check(given.id_type, given.id_number, today())
        return id_indexes(ring, identifier)
    except PersonalDataProblem as problem:
        name = "id_number" if given.phone is None else "phone"
        raise Invalid(problem.code, field=name, params=dict(problem.params)) from problem


async def _found(
    registry: Registry, document: Document, caller: Principal
) -> dict[str, Any] | None:
    if await readable(registry, caller, document["unit"]):
        return shown(document, registry.office.ring)
    registers = any("registrar" in grant.roles for grant in caller.grants)
    if not registers or document["status"] not in REOPENABLE:
        return None
    return {"id": document["_id"], "version": document["version"], "allowed": ["reapply"]}
