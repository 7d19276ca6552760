"""What both registers of persons do alike around their own rules when they write.

Every change of an entry goes through here: scope over the unit directory, idempotency, uniqueness
of persons, one transaction with the access log.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from shared import accesslog, idempotency
from shared.access import Principal, require, require_at
from shared.directory import Card, Directory, scope, scope_with_levels
from shared.entities import Cause, Decision, EntityWriter, Insert
from shared.errors import (
    Conflict,
    FieldError,
    Forbidden,
    Invalid,
    NotFound,
    RegistryError,
    StaleVersion,
    Unavailable,
)
from shared.groupcommit import AlreadyThere, GroupCommit, Write
from shared.idempotency import Key, Outcome
from shared.mongo import AsyncClientSession, AsyncDatabase, Document
from shared.people.lifecycle import Transition
from shared.personal.encryption import KeyRing
from shared.personal.records import IDENTIFIERS, identifier_rows

COLLECTION_ORDER = (idempotency.COLLECTION, IDENTIFIERS)
"""For ``GroupCommit``: what may stand against a write comes first."""
OK, CREATED = 200, 201


@dataclass(frozen=True)
class Once:
    """A POST's idempotency key, if it bears one, and the digest of its body."""

    key: Key | None = None
    digest: str = ""

    @classmethod
    def of(cls, principal: Principal, route: str, header: str | None, body: BaseModel) -> "Once":
        """Return that of a request; ``route`` is method and path, ids included."""
        if header is None:
            return cls()
        key = Key(principal.subject, route, header)
        return cls(key, key.digest(body))

    def rows(self, outcome: Outcome) -> list[Insert]:
        """Return the record to insert beside what the request writes."""
        if self.key is None:
            return []
        return [(idempotency.COLLECTION, idempotency.record(self.key, self.digest, outcome))]


@dataclass(frozen=True)
class Office:
    """The use cases of one register; see the module.

    Args:
        database: the service's database.
        writer: how its entries are written.
        directory: the units.
        groups: commits new entries.
        ring: the deployment's keys.
        taken: code of the refusal of a number that this entry holds already.
        shape: brings a single read into the shape of its document class.
    """

    database: AsyncDatabase
    writer: EntityWriter
    directory: Directory
    groups: GroupCommit
    ring: KeyRing
    taken: Callable[[Mapping[str, Any]], str] = lambda _holder: "person.duplicate"
    shape: Callable[[Document], Document] = lambda document: document

    async def permit(
        self,
        principal: Principal,
        unit: str,
        role: str,
        *,
        at_county_or_above: bool = False,
        readable: bool = True,
    ) -> list[Card]:
        """Let pass who holds a role on a unit; return the unit's path.

        Args:
            readable: False for a create, whose refusal hides nothing.

        Raises:
            NotFound: outside the scope of reading.
            Forbidden: may read, but not do this.
        """

        def check(path: Sequence[Card]) -> None:
            if at_county_or_above:
                require_at(principal, role, scope_with_levels(path), readable=readable)
            else:
                require(principal, role, scope(path), readable=readable)

        path = await self.directory.path(unit)
        try:
            check(path)
        except (NotFound, Forbidden):
            if not principal.grants:
                raise
            path = await self.directory.refresh_path(unit)
            check(path)
        return path

    async def permit_transition(
        self, principal: Principal, unit: str, transition: Transition
    ) -> None:
        """Let pass who may do a transition on an entry of a unit."""
        await self.permit(
            principal, unit, transition.role, at_county_or_above=transition.at_county_or_above
        )

    async def stored(self, identity: str) -> Document:
        """Return an entry as stored, whoever asks.

        Raises:
            NotFound: there is none.
        """
        found = await self.database[self.writer.collection].find_one({"_id": identity})
        if found is None:
            raise NotFound("not_found")
        return self.shape(found)

    async def home(
        self, principal: Principal, unit: str, check: Callable[[Card], list[FieldError]]
    ) -> list[FieldError]:
        """Return what speaks against a unit that is to take a person, by what org-units says now.

        Args:
            check: the register's own rules of a unit.

        Raises:
            Invalid: there is no such unit.
            Forbidden: the caller enters nobody there.
        """
        if await self.directory.get(unit) is None:
            raise Invalid("unit.unknown", field="unit_id")
        await self.permit(principal, unit, "registrar", readable=False)
        return await self.unit_problems(unit, check)

    async def unit_problems(
        self, unit: str, check: Callable[[Card], list[FieldError]]
    ) -> list[FieldError]:
        """Return what speaks against a unit, by what org-units says now where anything does."""
        card = await self.directory.get(unit)
        if card is None or check(card):
            card = await self.directory.refresh(unit)
        return [FieldError("unit_id", "unit.unknown")] if card is None else check(card)

    async def earlier(self, once: Once) -> Outcome | None:
        """Return what an earlier request with the same key came to, if there was one.

        Raises:
            Invalid: the key was used with another body.
        """
        if once.key is None:
            return None
        found = await idempotency.load_async(self.database, once.key)
        return None if found is None else idempotency.check(found, once.digest)

    async def repeated(self, once: Once) -> Document | None:
        """Return the entry an earlier request with the same key came to; see ``earlier``."""
        outcome = await self.earlier(once)
        return None if outcome is None else await self.stored(outcome.entity or "")

    async def create(
        self,
        principal: Principal,
        inserts: Sequence[Insert],
        *,
        entity: Document,
        once: Once,
    ) -> Document:
        """Commit a new entry by group commit, its number taken; return it as stored.

        Args:
            principal: who enters it.
            inserts: what ``EntityWriter.creation`` returned.
            entity: the entry's document, ``_id``, ``unit`` and ``id_index`` among its fields.
            once: the request's idempotency.

        Raises:
            Conflict: the number is taken; names the holder's type of unit and county.
        """
        identity, indexes = entity["_id"], entity.get("id_index") or []
        logged = accesslog.row(principal.subject, "create", identity, unit=entity["unit"])
        unique: dict[str, Sequence[str]] = {IDENTIFIERS: indexes}
        keys = set(indexes)
        if once.key is not None:
            unique = {idempotency.COLLECTION: [once.key.id], **unique}
            keys.add(once.key.id)
        write = Write(
            inserts=(
                *once.rows(Outcome(CREATED, identity, 1)),
                *((IDENTIFIERS, row) for row in identifier_rows(indexes, identity)),
                *inserts,
                (accesslog.COLLECTION, logged),
            ),
            keys=frozenset(keys),
            unique=unique,
        )
        try:
            await self.groups.submit(write)
        except AlreadyThere as found:
            before = await self.repeated(once)
            if before is not None:
                return before
            if found.collection == IDENTIFIERS:
                raise await self.duplicate(found.id) from None
            raise
        return next(document for name, document in inserts if name == self.writer.collection)

    async def change(
        self,
        principal: Principal,
        identity: str,
        expected: int,
        decide: Callable[[Document], Decision],
        *,
        action: str,
        cause: Cause,
        once: Once = Once(),
        fields: Sequence[str] = (),
        numbers: Sequence[str] = (),
        guard: Callable[[AsyncClientSession, Document], Any] | None = None,
    ) -> Document:
        """Bring an entry to its next version, logged; a repeated request gets the first outcome.

        Args:
            action: the command's name, for the access log.
            fields: names of the fields it corrects.
            numbers: indexes of document numbers the entry takes with it.
            guard, decide, cause, expected: see ``EntityWriter.change``.
        """

        def beside(stored: Document) -> list[Insert]:
            row = accesslog.row(
                principal.subject, action, identity,
                unit=stored["unit"], fields=fields, reason=cause.reason,
            )  # fmt: skip
            outcome = Outcome(OK, identity, stored["version"])
            taken = [(IDENTIFIERS, one) for one in identifier_rows(numbers, identity)]
            return [*once.rows(outcome), *taken, (accesslog.COLLECTION, row)]

        try:
            return await self.writer.change(
                identity, expected, decide, cause=cause, beside=beside, guard=guard
            )
        except (Conflict, Invalid, StaleVersion):
            # The same request may have been under way beside this one.
            before = await self.repeated(once)
            if before is None:
                raise
            return before

    async def duplicate(self, index: str) -> RegistryError:
        """Return the refusal of a number that is taken: the holder's unit, never the person."""
        row = await self.database[IDENTIFIERS].find_one({"_id": index})
        holder = row and await self.database[self.writer.collection].find_one(
            {"_id": row["person"]}
        )
        if holder is None:
            return Unavailable("unavailable")  # released in this very moment: try again
        return await self.refusal(holder)

    async def refusal(self, holder: Mapping[str, Any]) -> Conflict:
        """Return the refusal of a number that an entry holds, by its unit and status."""
        path = await self.directory.path(holder["unit"])
        params = {"unit_type": path[0].type if path else "OTHER", "county": _county(path)}
        code = self.taken(holder)
        return Conflict(code, params=params, errors=[FieldError("id_number", code, params)])


def _county(path: Sequence[Card]) -> str:
    """Return the name of the county chapter on a path, else of the lowest chapter."""
    chapters = [card for card in path if card.level != "GRASSROOTS"]
    counties = [card for card in chapters if card.level == "COUNTY"]
    return next((card.name for card in (*counties, *chapters)), "?")
