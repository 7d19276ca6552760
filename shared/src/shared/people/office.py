"""What both registers of persons do alike around their own rules when they write.

Every change of an entry goes through here: idempotency, uniqueness of persons, one transaction
with the access log.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.base.errors import Conflict, FieldError, NotFound, RegistryError, Unavailable
from shared.base.mongo import AsyncDatabase, Document
from shared.people import store
from shared.people.encryption import KeyRing
from shared.people.once import UNKEYED, Once
from shared.people.scope import Scope
from shared.people.sealed import IDENTIFIERS, identifier_rows
from shared.register import accesslog, idempotency
from shared.register.directory import Card
from shared.register.entities import Cause, Decision, EntityWriter, Insert
from shared.register.groupcommit import AlreadyThere, GroupCommit, Write
from shared.register.idempotency import Outcome
from shared.web.access import Principal

COLLECTION_ORDER = (idempotency.COLLECTION, IDENTIFIERS)
"""For ``GroupCommit``: what may stand against a write comes first."""
OK, CREATED = 200, 201


@dataclass(frozen=True)
class Office(Scope):
    """The use cases of one register; see the module.

    Args:
        database: the service's database.
        writer: how its entries are written.
        groups: commits new entries.
        ring: the deployment's keys.
        taken: code of the refusal of a number that this entry holds already.
        shape: brings a single read into the shape of its document class.
    """

    database: AsyncDatabase
    writer: EntityWriter
    groups: GroupCommit
    ring: KeyRing
    taken: Callable[[Mapping[str, Any]], str] = lambda _holder: "person.duplicate"
    shape: Callable[[Document], Document] = lambda document: document

    async def stored(self, identity: str) -> Document:
        """Return an entry as stored, whoever asks.

        Raises:
            NotFound: there is none.
        """
        found = await self.database[self.writer.collection].find_one({"_id": identity})
        if found is None:
            raise NotFound("not_found")
        return self.shape(found)

    async def earlier(self, once: Once) -> Outcome | None:
        """Return what an earlier request with the same key came to, if there was one.

        Raises:
            Invalid: the key was used with another body.
        """
        if once.key is None:
            return None
        found = await idempotency.load_async(self.database, once.key)
        return None if found is None else idempotency.check(found, once.digest)

    async def repeated(self, principal: Principal, once: Once) -> Document | None:
        """Return the entry as an earlier request with the same key left it; a read, and logged.

        Raises:
            Invalid: the key was used with another body.
            NotFound: the entry has left the caller's scope of reading since.
        """
        outcome = await self.earlier(once)
        if outcome is None:
            return None
        found = await self.stored(outcome.entity or "")
        await self.permit(principal, found["unit"], "viewer")
        row = accesslog.row(principal.subject, "read", found["_id"], unit=found["unit"])
        await accesslog.write(self.database, row)
        return await self.writer.as_of_version(found, outcome.version or found["version"])

    async def answered(
        self,
        principal: Principal,
        once: Once,
        act: Callable[[], Awaitable[Document]],
        *,
        ask_first: bool = True,
    ) -> Document:
        """Act, unless an earlier request with the same key did; then answer as that one was.

        Args:
            ask_first: False where the write itself stops at a known key, which spares a query.
        """
        if ask_first and (before := await self.repeated(principal, once)) is not None:
            return before
        try:
            return await act()
        except (RegistryError, store.Taken) as refusal:
            # Refused by what the first request changed (it may have been under way beside this
            # one), or by what has changed since.
            if (before := await self.repeated(principal, once)) is not None:
                return before
            if isinstance(refusal, store.Taken):
                raise Unavailable("unavailable") from refusal  # the next try finds who holds it
            raise

    async def log_read(self, once: Once, row: Document, outcome: Outcome) -> None:
        """Store the access-log row of a read by POST, the key's record beside it the first time.

        Such a request changes nothing: sent again it is done and logged again.

        Raises:
            Invalid: the key was used with another body.
        """
        if once.key is not None and await self.earlier(once) is None:
            both = [*once.rows(outcome), (accesslog.COLLECTION, row)]
            try:
                await store.insert(self.database, both)
            except store.Duplicate:
                await self.earlier(once)  # the same key was under way beside this one
            else:
                return
        await accesslog.write(self.database, row)

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
            if found.collection == IDENTIFIERS:
                raise await self.duplicate(found.id) from None
            raise Unavailable("unavailable") from None  # answered by ``answered``
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
        once: Once = UNKEYED,
        fields: Sequence[str] = (),
        numbers: Sequence[str] = (),
    ) -> Document:
        """Bring an entry to its next version, logged.

        Args:
            action: the command's name, for the access log.
            fields: names of the fields it corrects.
            numbers: indexes of document numbers the entry takes with it.
            decide, cause, expected: see ``EntityWriter.change``.
        """

        def beside(stored: Document) -> list[Insert]:
            row = accesslog.row(
                principal.subject, action, identity,
                unit=stored["unit"], fields=fields, reason=cause.reason,
            )  # fmt: skip
            outcome = Outcome(OK, identity, stored["version"])
            taken = [(IDENTIFIERS, one) for one in identifier_rows(numbers, identity)]
            return [*once.rows(outcome), *taken, (accesslog.COLLECTION, row)]

        return await self.writer.change(identity, expected, decide, cause=cause, beside=beside)

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
