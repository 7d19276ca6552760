"""Use cases of units: each checks access, applies the rules, and is one transaction."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from weakref import WeakValueDictionary

from org_units import domain, store
from org_units.domain import Action
from org_units.schemas import Act, UnitCreate, UnitPatch
from org_units.service.call import Call
from org_units.service.rules import (
    as_parent,
    chapter_region,
    check_role,
    decided,
    next_version,
    scope_names,
)
from org_units.store import Node
from shared.base.clock import now, today
from shared.base.errors import Conflict, Invalid, NotFound, RegistryError, StaleVersion
from shared.base.ids import new_id
from shared.base.mongo import AsyncClientSession, AsyncDatabase, Document, transact_async
from shared.contract import timeline
from shared.register import idempotency
from shared.register.entities import Cause, Decision, EntityWriter
from shared.web.access import UNIT_READERS, Principal, may_read, require

People = Callable[[str], Awaitable[tuple[int, int]]]
"""Asks the member and volunteer services how many members and volunteers a unit has."""
Found = tuple[Document, list[Node]]
"""A unit, and its path from headquarters down to itself."""


@dataclass(frozen=True)
class Units:
    """The use cases, over one database."""

    database: AsyncDatabase
    writer: EntityWriter
    tree: store.Tree
    people: People
    earliest_day: date
    list_timeout_ms: int
    turns: WeakValueDictionary[str, asyncio.Lock] = field(default_factory=WeakValueDictionary)
    """Writes that would conflict on one document of a chapter wait for one another here: a
    conflict costs several tries. Other processes still conflict, which is right and rare."""

    async def get(self, unit: str, principal: Principal) -> Found:
        """Return a unit within the caller's scope.

        Raises:
            NotFound: there is none, or it is outside.
        """
        document = await store.read(self.database, unit)
        if document is None:
            raise NotFound("not_found")
        path = await self.tree.path(document["lineage"])
        if not may_read(principal, scope_names(path), UNIT_READERS):
            raise NotFound("not_found")
        return document, path

    async def page(
        self,
        principal: Principal,
        wanted: dict[str, str | None],
        *,
        after: str | None,
        limit: int,
    ) -> list[Found]:
        """Return units within the caller's scope, in order of their ids."""
        documents = await store.page(
            self.database,
            store.Filter(scope=await self._scope(principal), **wanted),
            after=after,
            limit=limit,
            timeout_ms=self.list_timeout_ms,
        )
        nodes = await self.tree.nodes(unit for found in documents for unit in found["lineage"])
        return [(found, [nodes[unit] for unit in found["lineage"]]) for found in documents]

    async def _scope(self, principal: Principal) -> list[str] | None:
        """Return the ids of the units whose subtrees the caller reads; None where that is all."""
        if principal.service:
            return None
        named = [g.unit for g in principal.grants if not UNIT_READERS.isdisjoint(g.roles)]
        codes = [name for name in named if name.isdecimal()]
        return named + (await store.chapters_of(self.database, codes) if codes else [])

    async def once(self, call: Call, work: Callable[[], Awaitable[Found]]) -> Found:
        """Do what a request asks for, or answer again what the same request came to before.

        Two requests with one key at a time: the later one fails on the record, or on the version
        the earlier one made, and then finds what that came to.
        """
        if (before := await self._earlier(call)) is not None:
            return before
        try:
            return await work()
        except (RegistryError, *store.DUPLICATES):
            before = await self._earlier(call)
            if before is None:
                raise
            return before

    async def _earlier(self, call: Call) -> Found | None:
        if call.key is None:
            return None
        record = await idempotency.load_async(self.database, call.key)
        if record is None:
            return None
        outcome = idempotency.check(record, call.digest)
        document, path = await self.get(str(outcome.entity), call.principal)
        return await self.writer.as_of_version(document, outcome.version or 1), path

    async def create(self, given: UnitCreate, call: Call) -> Found:
        """Enter a new unit as a draft."""
        principal = call.principal
        above = await store.read(self.database, given.parent_id)
        if above is None:
            raise Invalid("unit.parent_unknown", field="parent_id")
        path = await self.tree.path(above["lineage"])
        require(principal, "registrar", scope_names(path), readable=False)
        chapter = chapter_region(path)
        self._check_founded(given)
        if given.region_code is not None:
            domain.check_region(given.region_code, chapter)
        identity = new_id()

        async def run(session: AsyncClientSession) -> Document:
            await self._place(given.type, given.parent_id, session)
            if given.region_code is not None:
                await self._claim(given.type, given.region_code, session)
            counter = domain.counter(chapter, given.type)
            number = await store.reserve(self.database, counter, 1, session)
            document = {
                **given.draft(identity, above["lineage"]),
                "code": domain.code(chapter, given.type, number),
            }
            return await self._insert(document, given, call, session)

        async with self._turn(chapter):
            document = await transact_async(self.database, run)
        return document, [*path, *await self.tree.path([identity])]

    async def correct(self, unit: str, expected: int, given: UnitPatch, call: Call) -> Found:
        """Correct what describes a unit; its status stays."""
        principal = call.principal
        document, path = await self.get(unit, principal)
        require(principal, "registrar", scope_names(path), readers=UNIT_READERS)
        domain.check_not_chapter(document["type"])
        changes = given.changes()
        self._check_founded(given)
        region = changes.get("region_code")
        if region is not None:
            domain.check_region(region, chapter_region(path))

        async def guard(session: AsyncClientSession, found: Document) -> None:
            if region is not None and region != found.get("region_code"):
                await self._claim(found["type"], region, session, but=unit)

        def decide(found: Document) -> Decision:
            domain.check_open(found["status"])
            states = timeline.from_documents(found["timeline"])
            return decided("corrected", "correct", found, changes, states, drafts=True)

        cause = Cause(principal.subject, given.reason, given.paper())
        stored = await self.writer.change(
            unit, expected, decide, cause=cause, beside=call.beside, guard=guard
        )
        return stored, await self.tree.path(stored["lineage"])

    async def act(
        self,
        action: Action,
        unit: str,
        expected: int,
        given: Act,
        call: Call,
    ) -> Found:
        """Bring a unit to another status."""
        principal = call.principal
        document, path = await self.get(unit, principal)
        check_role(action, path, principal)
        domain.check_not_chapter(document["type"])
        if action == "void":
            await self._check_empty(document, expected)

        async def guard(session: AsyncClientSession, found: Document) -> None:
            if action == "activate":
                above = await store.touch(self.database, found["parent_id"], session)
                domain.check_activation(as_parent(above))
            elif action == "void":
                await self._check_childless(unit, session)

        day = given.effective_on or today()
        cause = Cause(principal.subject, given.reason, given.paper(), day.isoformat())
        async with self._turn(chapter_region(path) if action == "activate" else unit):
            stored = await self.writer.change(
                unit,
                expected,
                partial(next_version, action, given, principal.subject),
                cause=cause,
                beside=call.beside,
                guard=guard,
            )
        return stored, path

    def _check_founded(self, given: UnitCreate | UnitPatch) -> None:
        if given.founded_on is not None:
            domain.check_day("founded_on", given.founded_on, today(), self.earliest_day)

    def _turn(self, what: str) -> asyncio.Lock:
        return self.turns.setdefault(what, asyncio.Lock())

    async def _place(self, unit_type: str, parent: str, session: AsyncClientSession) -> None:
        above = await store.touch(self.database, parent, session)
        counties = above is not None and above["level"] == "PREFECTURE"
        if counties and unit_type in domain.AREA_TYPES:
            counties = await store.has_counties(self.database, parent, session)
        domain.check_placement(unit_type, as_parent(above, has_counties=counties))

    async def _claim(
        self, unit_type: str, region: str, session: AsyncClientSession, *, but: str | None = None
    ) -> None:
        """Refuse a second live unit for the area of one township or sub-district."""
        if unit_type not in domain.AREA_TYPES or len(region) < 9:
            return
        await store.reserve(self.database, f"area/{region}", 1, session)
        taken = await store.live_at(self.database, region, domain.TERMINAL, session, but=but)
        if taken is not None:
            params = {"unit_type": taken["type"], "code": taken["code"]}
            raise Conflict("unit.place_taken", field="region_code", params=params)

    async def _insert(
        self,
        document: Document,
        given: UnitCreate,
        call: Call,
        session: AsyncClientSession,
    ) -> Document:
        states = domain.first_timeline(
            domain.state_of(document),
            given.effective_on,
            today(),
            now(),
            earliest=self.earliest_day,
        )
        inserts = self.writer.creation(
            document,
            states,
            fact=domain.fact_type("created"),
            subject=call.principal.subject,
            extra={"unit": domain.card(document, 1)},
        )
        stored = store.checked(inserts[0][1])
        await store.insert(self.database, [*call.beside(stored), *inserts], session)
        return stored

    async def _check_empty(self, document: Document, expected: int) -> None:
        """Refuse to void a unit that has people; asked before the transaction, over HTTP."""
        if document["version"] != expected:
            raise StaleVersion(document["version"])
        domain.transition("void", document["status"])
        if not document.get("ever_active"):
            return
        members, volunteers = await self.people(document["_id"])
        if members or volunteers:
            params = {"members": members, "volunteers": volunteers}
            raise Conflict("unit.has_people", params=params)

    async def _check_childless(self, unit: str, session: AsyncClientSession) -> None:
        child = await store.live_child(self.database, unit, domain.TERMINAL, session)
        if child is not None:
            raise Conflict("unit.has_children", params={"code": child["code"]})


__all__ = ["Call", "Found", "People", "Units"]
