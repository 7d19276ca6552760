"""What both registers of persons do alike around their own rules: who may, one transaction, the log.

Every use case of an entry goes through here: scope over the unit directory, idempotency, uniqueness
of persons, lists with rights inside the query, masked and revealed data.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from shared import accesslog, idempotency
from shared.access import READERS, Principal, require, require_at
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
from shared.people.subtree import Subtree
from shared.personal.encryption import KeyRing
from shared.personal.records import IDENTIFIERS, identifier_rows, unseal

COLLECTION_ORDER = (idempotency.COLLECTION, IDENTIFIERS)
"""For ``GroupCommit``: what may stand against a write comes first."""
LIST_TIMEOUT_MS = 5_000
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
    """

    database: AsyncDatabase
    writer: EntityWriter
    directory: Directory
    groups: GroupCommit
    ring: KeyRing
    taken: Callable[[Mapping[str, Any]], str] = lambda _holder: "person.duplicate"

    # --- who may ------------------------------------------------------------------------------

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

    # --- reading ------------------------------------------------------------------------------

    async def stored(self, identity: str) -> Document:
        """Return an entry as stored, whoever asks.

        Raises:
            NotFound: there is none.
        """
        found = await self.database[self.writer.collection].find_one({"_id": identity})
        if found is None:
            raise NotFound("not_found")
        return found

    async def read(self, principal: Principal, identity: str, role: str = "viewer") -> Document:
        """Return an entry to one who may, and log it; persons may always read their own.

        Raises:
            NotFound: there is none, or it lies outside the scope of reading.
        """
        found = await self.stored(identity)
        if principal.person != identity and not principal.service:
            await self.permit(principal, found["unit"], role)
        row = accesslog.row(principal.subject, "read", identity, unit=found["unit"])
        await accesslog.write(self.database, row)
        return found

    async def page(self, principal: Principal, wanted: Wanted) -> tuple[list[Document], str | None]:
        """Return a page of entries within the reader's scope, in order of their ids; log it.

        The second value is where the next page goes on; None after the last one.

        Raises:
            NotFound: the unit asked for is outside the scope of reading.
        """
        conditions: list[Document] = []
        if wanted.unit is not None:
            await self.permit(principal, wanted.unit, "viewer")
            roots = [wanted.unit]
        else:
            roots = [grant.unit for grant in principal.grants if READERS & grant.roles]
        units = await Subtree(self.database).ids(roots)
        if units is not None:
            conditions.append({"unit": {"$in": units}})
        if wanted.status is not None:
            conditions.append({"status": wanted.status})
        if wanted.after is not None:
            conditions.append({"_id": {"$gt": wanted.after}})
        cursor = self.database[self.writer.collection].find(
            {"$and": conditions} if conditions else {}, {"timeline": 0}
        )
        found = (
            await cursor.sort("_id", 1)
            .limit(wanted.limit + 1)
            .max_time_ms(LIST_TIMEOUT_MS)
            .to_list()
        )
        items = found[: wanted.limit]
        ids = [document["_id"] for document in items]
        row = accesslog.row(principal.subject, "list", ids, unit=wanted.unit)
        await accesslog.write(self.database, row)
        return items, ids[-1] if len(found) > wanted.limit else None

    async def reveal(
        self, principal: Principal, identity: str, fields: Sequence[str], reason: str
    ) -> dict[str, str | None]:
        """Return full values of masked fields, logged with the reason before they are shown.

        Raises:
            NotFound, Forbidden: the caller is no privacy officer for the entry's unit.
        """
        found = await self.stored(identity)
        await self.permit(principal, found["unit"], "privacy")
        row = accesslog.row(
            principal.subject, "reveal", identity,
            unit=found["unit"], fields=fields, reason=reason,
        )  # fmt: skip
        await accesslog.write(self.database, row)
        return unseal(found, fields, self.writer.collection, self.ring)

    async def people(self, unit: str, statuses: Sequence[str]) -> int:
        """Return how many entries of a unit itself are in one of the statuses."""
        return await self.database[self.writer.collection].count_documents(
            {"unit": unit, "status": {"$in": list(statuses)}}
        )

    # --- writing ------------------------------------------------------------------------------

    async def repeated(self, once: Once) -> Document | None:
        """Return the entry an earlier request with the same key came to, if there was one.

        Raises:
            Invalid: the key was used with another body.
        """
        if once.key is None:
            return None
        found = await idempotency.load_async(self.database, once.key)
        if found is None:
            return None
        outcome = idempotency.check(found, once.digest)
        return await self.stored(outcome.entity or "")

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
        guard: Callable[[AsyncClientSession, Document], Any] | None = None,
    ) -> Document:
        """Bring an entry to its next version, logged; a repeated request gets the first outcome.

        Args:
            action: the command's name, for the access log.
            fields: names of the fields it corrects.
            guard, decide, cause, expected: see ``EntityWriter.change``.
        """

        def beside(stored: Document) -> list[Insert]:
            row = accesslog.row(
                principal.subject, action, identity,
                unit=stored["unit"], fields=fields, reason=cause.reason,
            )  # fmt: skip
            outcome = Outcome(OK, identity, stored["version"])
            return [*once.rows(outcome), (accesslog.COLLECTION, row)]

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
        path = await self.directory.path(holder["unit"])
        params = {
            "unit_type": path[0].type if path else "OTHER",
            "county": _county(path),
        }
        code = self.taken(holder)
        return Conflict(code, params=params, errors=[FieldError("id_number", code, params)])


def _county(path: Sequence[Card]) -> str:
    """Return the name of the county chapter on a path, else of the lowest chapter."""
    chapters = [card for card in path if card.level != "GRASSROOTS"]
    counties = [card for card in chapters if card.level == "COUNTY"]
    return next((card.name for card in (*counties, *chapters)), "?")
