"""Reads of a register of persons: lists, searches by one exact key, and full values for a reason.

Answers are masked; only ``reveal`` returns full values.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from shared.base.clock import today
from shared.base.errors import FieldError, Invalid, NotFound, ValueProblem, refuse
from shared.people.contacts import normalise_phone
from shared.people.encryption import KeyRing
from shared.people.entity import P
from shared.people.intake import check_document
from shared.people.register import People
from shared.people.requests import RevealInput, SearchInput
from shared.people.sealed import PHONE, indexes_of_any_entry
from shared.people.store import BY_ANY_COUNTRY_QUERY
from shared.register import trail
from shared.register.directory import ids_below
from shared.register.entity import VOIDED
from shared.register.execute import OK
from shared.register.reading import Page, log_once, page
from shared.register.register import Found
from shared.register.scope import Place
from shared.register.trail import Outcome, RequestKey
from shared.web.access.principal import READERS, Principal

MOST_FOUND = 50
"""Entries a search for a phone number answers at most."""

Incomplete = Literal["id_country"]
"""What an entry may lack that was entered before it was asked for."""


@dataclass(frozen=True)
class Wanted:
    """What a list asks for; None asks for everything within the reader's scope.

    Args:
        unit: id of the unit whose subtree is meant.
        status: status of the entries.
        phones: indexes of a whole phone number or of its tail; whoever has one of them.
        incomplete: a field that is missing and can be completed, which it cannot be once voided.
    """

    unit: str | None = None
    status: str | None = None
    phones: Sequence[str] | None = None
    incomplete: Incomplete | None = None

    def query(self, units: Sequence[str] | None) -> Mapping[str, Any]:
        """Return the query over the entries of some units (None: of all)."""
        query: dict[str, Any] = {}
        if units is not None:
            query["unit"] = {"$in": units}
        if self.status is not None:
            query["status"] = self.status
        if self.phones is not None:
            phones = {"$in": self.phones}
            query["$or"] = [{"phone_tail_index": phones}, {"phone_index": phones}]
        if self.incomplete is not None:
            query |= {**BY_ANY_COUNTRY_QUERY, self.incomplete: None}
            query.setdefault("status", {"$ne": VOIDED})
        return query


async def list_people(
    register: People[P], caller: Principal, wanted: Wanted, *, after: str | None, limit: int
) -> Page[P]:
    """Return a page of entries within the caller's scope, in order of their ids.

    Raises:
        NotFound: the unit asked for is outside the scope of reading.
    """
    units = await _units(register, caller, wanted.unit)
    return await page(
        register, caller, wanted.query(units), after=after, limit=limit, unit=wanted.unit
    )


async def _units(register: People[P], caller: Principal, unit: str | None) -> Sequence[str] | None:
    """Return the units a list may show: of a unit's subtree, or of the whole scope of reading.

    None is every unit there is.
    """
    database = register.store.database
    if unit is None:
        roots = [grant.unit for grant in caller.grants if READERS & grant.roles]
        return None if caller.service else await ids_below(database, roots)
    try:
        await register.scope.authorise(caller, unit, "viewer")
    except NotFound as refusal:
        raise NotFound(refusal.code, field="unit_id") from None
    return await ids_below(database, [unit])


async def search(
    register: People[P], caller: Principal, given: SearchInput, key: RequestKey | None
) -> list[Found[P]]:
    """Return the entries with a document number or a phone number; a repeat is logged again.

    A number finds its entry wherever it is, so that a person who moved is not entered twice. An
    entry outside the caller's scope comes without a path, to a registrar, where it can be opened
    again; nothing else of it may be shown than what that takes.
    """
    indexes = _indexes(register.ring, given)
    if given.phone is not None:
        query = Wanted(phones=indexes).query(await _units(register, caller, None))
        entities = await register.store.page(query, after=None, limit=MOST_FOUND)
    else:
        holders = await register.store.holders(indexes)
        entities = list({holder.id: holder for holder in holders.values()}.values())
    # By what is known here: to ask org-units for a holder elsewhere would show by time that it is.
    paths = await register.scope.paths.paths([entity.unit for entity in entities])
    pairs = zip(entities, paths, strict=True)
    found = [one for pair in pairs if (one := _found(register, caller, *pair))]
    row = trail.access_row(caller.subject, "search", [one.entity.id for one in found])
    await log_once(register, key, row, Outcome(OK))
    return found


def _found(
    register: People[P], caller: Principal, entity: P, path: Sequence[Place]
) -> Found[P] | None:
    anywhere, _ = register.scope.roles(caller, path)
    if caller.service or READERS & anywhere:
        return Found(entity, path)
    return Found(entity, ()) if register.may_reopen(caller, entity) else None


def _indexes(ring: KeyRing, given: SearchInput) -> list[str]:
    if (given.id_number is None) == (given.phone is None):
        raise Invalid("person.search_by_one", field="id_number")
    if given.phone is not None:
        try:
            return ring.indexes(PHONE, normalise_phone(given.phone))
        except ValueProblem as problem:
            raise Invalid(problem.code, field="phone", params=dict(problem.params)) from problem
    errors: list[FieldError] = []
    found = check_document(errors, given.id_type, given.id_number, given.id_country, today())
    refuse(errors)
    return indexes_of_any_entry(ring, found) if found else []


async def reveal(
    register: People[P],
    caller: Principal,
    identity: str,
    given: RevealInput,
    key: RequestKey | None,
) -> Mapping[str, str | None]:
    """Return full values of masked fields, logged with the reason; a repeat is logged again.

    Raises:
        NotFound: there is no such entry within the scope of reading.
        Forbidden: the caller is no privacy officer for its unit.
    """
    entity = await register.load(caller, identity)
    await register.scope.authorise(caller, entity.unit, "privacy")
    names = sorted(set(given.fields))
    row = trail.access_row(
        caller.subject, "reveal", identity, unit=entity.unit, fields=names, reason=given.reason
    )
    await log_once(register, key, row, Outcome(OK, identity))
    return entity.person.full(names, register.cipher(identity))
