"""Reads of memberships: always masked but for a reveal, always within scope, always logged."""

from collections.abc import Mapping, Sequence
from typing import Any

from member import store
from member.domain import LIFE, REOPENABLE
from member.service.registry import Registry
from shared.base.errors import NotFound
from shared.base.mongo import Document
from shared.people import reading
from shared.people.encryption import KeyRing
from shared.people.once import Once
from shared.people.reading import Wanted
from shared.people.requests import SearchInput
from shared.people.sealed import masked
from shared.people.search import Register
from shared.people.search import search as search_by_key
from shared.web.access import Principal
from shared.web.messages import text

_SHOWN = (
    "version", "status", "kind", "grade", "applied_on", "approved_on", "registered_on",
    "rejected_on", "withdrawn_on", "expelled_on", "deceased_on", "reapplied_on", "voided_on",
    "consent", "filing", "created_by", "created_at", "edited_by", "edited_at",
)  # fmt: skip


def warnings_of(codes: Sequence[str], language: str) -> list[dict[str, str]]:
    """Put into words what was declared against the number and kept (docs/domain.md section 4.1)."""
    return [{"code": code, "message": text(code, language)} for code in codes]


def shown(document: Document, ring: KeyRing, language: str) -> dict[str, Any]:
    """Return a membership as every ordinary answer shows it."""
    return {
        "id": document["_id"],
        "unit_id": document["unit"],
        **{name: document.get(name) for name in _SHOWN},
        **masked(document, store.MEMBERS, ring),
        "warnings": warnings_of(document.get("warnings") or [], language),
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


def reopens(document: Mapping[str, Any]) -> str | None:
    """Return the action that opens a membership again, if one does."""
    return "reapply" if document["status"] in REOPENABLE else None


async def search(
    registry: Registry, given: SearchInput, caller: Principal, once: Once, language: str
) -> list[dict[str, Any]]:
    """Return who bears a document number or a phone number; see ``shared.people.search``."""
    office = registry.office
    register = Register(lambda document: shown(document, office.ring, language), reopens)
    return await search_by_key(office, register, caller, given, once)
