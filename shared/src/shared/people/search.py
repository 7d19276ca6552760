"""Search by one exact key: a whole document number, or a whole phone number.

A number finds its entry wherever it is, so that a person who moved is not entered twice; of an
entry outside the caller's scope nothing is told but what it takes to open it again.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from shared.base.clock import today
from shared.base.errors import Invalid, ValueProblem
from shared.base.mongo import Document
from shared.people import identifiers, store
from shared.people.encryption import KeyRing
from shared.people.office import OK, Office
from shared.people.once import Once
from shared.people.phones import normalise_phone
from shared.people.reading import Wanted, find, units_within
from shared.people.requests import SearchInput
from shared.people.sealed import id_indexes, phone_indexes
from shared.register import accesslog
from shared.register.idempotency import Outcome
from shared.web.access import Principal

MOST_FOUND = 50
"""Entries a search for a phone number answers at most."""


@dataclass(frozen=True)
class Register:
    """What a register says of its own entries.

    Args:
        shown: an entry as every ordinary answer shows it.
        reopens: the action that opens an entry again; None where nothing does.
    """

    shown: Callable[[Document], dict[str, Any]]
    reopens: Callable[[Mapping[str, Any]], str | None]


async def search(
    office: Office, register: Register, principal: Principal, given: SearchInput, once: Once
) -> list[dict[str, Any]]:
    """Return who bears a document number or a phone number; a repeat is logged again."""
    indexes = _indexes(office.ring, given)
    if given.phone is not None:
        units = None if principal.service else await units_within(office, principal, None)
        found = await find(office, Wanted(phones=indexes), units, limit=MOST_FOUND)
    else:
        holders = await store.holders(office.database, office.writer.collection, indexes)
        found = [await office.stored(one) for one in {row["_id"] for row in holders.values()}]
    items = [await _item(office, register, principal, one) for one in found]
    answer = [item for item in items if item is not None]
    row = accesslog.row(principal.subject, "search", [item["id"] for item in answer])
    await office.log_read(once, row, Outcome(OK))
    return answer


def _indexes(ring: KeyRing, given: SearchInput) -> list[str]:
    if (given.id_number is None) == (given.phone is None):
        raise Invalid("person.search_by_one", field="id_number")
    try:
        if given.phone is not None:
            return phone_indexes(ring, normalise_phone(given.phone))
        identifier = identifiers.check(given.id_type, given.id_number, today())
        return id_indexes(ring, identifier)
    except ValueProblem as problem:
        name = "id_number" if given.phone is None else "phone"
        raise Invalid(problem.code, field=name, params=dict(problem.params)) from problem


async def _item(
    office: Office, register: Register, principal: Principal, document: Document
) -> dict[str, Any] | None:
    if await office.readable(principal, document["unit"]):
        return register.shown(document)
    registers = any("registrar" in grant.roles for grant in principal.grants)
    action = register.reopens(document)
    if not registers or action is None:
        return None
    return {"id": document["_id"], "version": document["version"], "allowed": [action]}
