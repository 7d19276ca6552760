"""The register of units: what the rules decide of each command, and what is read in the tree."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, field, replace
from datetime import date
from weakref import WeakValueDictionary

from org_units.settings import OrgUnitsSettings
from org_units.units import placement, rules
from org_units.units.doubles import Doubles, Other
from org_units.units.drafting import drafted, patched
from org_units.units.guards import Guards
from org_units.units.rules import Unit
from org_units.units.schemas import Distinguished, UnitCreate, UnitPatch
from org_units.units.store import Filter, UnitStore
from org_units.units.tree import Tree
from shared.base.clock import now
from shared.base.errors import Conflict, Invalid, NotFound, Unavailable, refuse
from shared.base.mongo import AsyncClientSession, AsyncDatabase, transact_async
from shared.contract import events
from shared.register.actions import Action, check
from shared.register.command import Command
from shared.register.execute import imported
from shared.register.peers import Peers, Service
from shared.register.reading import Page, page
from shared.register.register import Decision, Found, Register, Topic
from shared.register.scope import Place, Scope
from shared.register.store import insert_all
from shared.web.access.principal import UNIT_READERS, Principal

SOURCE = "/services/org-units"
SEED = "seed"
"""Who enters seeded units, as records name it."""


@dataclass(frozen=True, kw_only=True)
class Units(Register[Unit]):
    """The register of units.

    Args:
        tree: the paths of units.
        guards: what the rules of a unit rest on.
        doubles: units that may be entered twice.
        peers: the services that know who is at a unit.
        earliest_day: first day on which a unit can have been founded or counted.
    """

    store: UnitStore
    tree: Tree
    guards: Guards
    doubles: Doubles
    peers: Peers
    earliest_day: date
    list_timeout_ms: int
    reads_logged: bool = False
    turns: WeakValueDictionary[str, asyncio.Lock] = field(default_factory=WeakValueDictionary)
    """Commands that would conflict on one document of a chapter wait for one another here: a
    conflict costs several tries. Other processes still conflict, which is right and rare."""

    async def roots(self, caller: Principal) -> list[str] | None:
        """Return the ids of the units whose subtrees the caller reads; None where that is all."""
        if caller.service:
            return None
        named = [g.unit for g in caller.grants if not UNIT_READERS.isdisjoint(g.roles)]
        return named + await self.tree.chapters(name for name in named if name.isdecimal())

    async def load(self, caller: Principal, identity: str) -> Unit:
        """Return a unit within the caller's scope of reading, which is part of the query."""
        unit = await self.store.within(identity, await self.roots(caller))
        if unit is None:
            raise NotFound("not_found")
        return unit

    async def list_units(
        self, caller: Principal, wanted: Filter, *, after: str | None, limit: int
    ) -> Page[Unit]:
        """Return a page of the units within the caller's scope, in order of their ids."""
        query, timeout = wanted.query(await self.roots(caller)), self.list_timeout_ms
        return await page(self, caller, query, after=after, limit=limit, timeout_ms=timeout)

    async def list_doubles(
        self, caller: Principal, within: str | None, *, after: str | None, limit: int
    ) -> tuple[list[tuple[Found[Unit], list[Other]]], str | None]:
        """Return a page of the units within the caller's scope that may be entered twice.

        Args:
            within: id of a unit, or region code of a chapter, whose subtree is meant.
        """
        if within is not None and within.isdecimal():
            within = next(iter(await self.tree.chapters([within])), within)
        query = Filter(within=within).query(await self.roots(caller))
        return await self.doubles.listed(caller, query, after=after, limit=limit)

    async def authorise_creation(self, command: Command) -> Sequence[Place]:
        if not isinstance(command.given, UnitCreate):
            raise TypeError(command.given)
        return await self._authorise_below(command, command.given.parent_id)

    async def authorise_on(self, command: Command, entity: Unit) -> Sequence[Place]:
        """Return the path of a unit; who gives it another parent needs the role on both parents."""
        path = await super().authorise_on(command, entity)
        given = command.given
        if isinstance(given, UnitPatch) and given.parent_id not in (None, entity.parent_id):
            for parent in (entity.parent_id, given.parent_id):
                await self._authorise_below(command, parent or "")
        return path

    async def _authorise_below(self, command: Command, parent: str) -> Sequence[Place]:
        """Return the path of a unit under which a command places one."""
        if not await self.tree.path(parent):
            raise Invalid("unit.parent_unknown", field="parent_id")
        return await self.scope.authorise(
            command.caller, parent, command.action.role, readable=False
        )

    async def decide(
        self, command: Command, before: Unit | None, path: Sequence[Place]
    ) -> Decision[Unit]:
        if isinstance(command.given, Distinguished):
            refuse(command.given.violations())
        match command.given, before:
            case UnitCreate() as given, None:
                return Decision(drafted(command, given, path, self.earliest_day))
            case UnitPatch() as given, Unit() as unit:
                rules.check_not_chapter(unit.type)
                check(self.actions, command.action, unit, command.caller.subject, command.reason)
                moved = given.parent_id not in (None, unit.parent_id)
                above = await self.tree.path(given.parent_id or "") if moved else path[1:]
                after = patched(command, given, unit, above, self.earliest_day)
                return Decision(after, corrected=sorted(given.corrected), path=above)
            case _, Unit() as unit:
                rules.check_not_chapter(unit.type)
                after = self.acted(command, unit)
                active = after.status == "ACTIVE"
                after = replace(after, ever_active=unit.ever_active or active)
                if command.action.name == "submit":
                    after = replace(after, submitted_by=command.caller.subject)
                if command.action.name == "void":
                    await self._check_childless(unit)
                    await self._check_nobody(unit)
                return Decision(after)
        raise TypeError(command.given)

    async def _check_childless(self, unit: Unit, session: AsyncClientSession | None = None) -> None:
        if code := await self.store.live_child(unit.id, session):
            raise Conflict("unit.has_children", params={"code": code})

    async def _check_nobody(self, unit: Unit) -> None:
        """Refuse to void a unit that has people, or whose people cannot be counted."""
        if not unit.ever_active:
            return
        members, volunteers = await asyncio.gather(
            self._people("member", unit.id), self._people("volunteer", unit.id)
        )
        if members or volunteers:
            params = {"members": members, "volunteers": volunteers}
            raise Conflict("unit.has_people", params=params)

    async def _people(self, service: Service, unit: str) -> int:
        with suppress(Unavailable):
            if answer := await self.peers.get(service, f"/v1/units/{unit}/people"):
                return int(answer["people"])
        raise Unavailable("unit.peers_unavailable")

    def path_after(self, entity: Unit, path: Sequence[Place]) -> Sequence[Place]:
        return (entity, *(place for place in path if place.id != entity.id))

    def turn(
        self, command: Command, entity: Unit, path: Sequence[Place]
    ) -> AbstractAsyncContextManager[object]:
        """Return the turn of the chapter for what writes its counters or a parent, else the unit's."""
        shared = command.action.name in ("create", "correct", "activate")
        what = placement.chapter_region(path) if shared else entity.id
        return self.turns.setdefault(what, asyncio.Lock())

    async def guard(
        self,
        session: AsyncClientSession,
        command: Command,
        before: Unit | None,
        entity: Unit,
        path: Sequence[Place],
    ) -> Unit:
        """Read and mark the parent, the children and whatever else the command rests on."""
        match command.action.name:
            case "create" | "correct" | "activate":
                return await self.guards.settled(session, command, before, entity, path)
            case "void":
                await self._check_childless(entity, session)
        return entity

    async def seeded(self) -> dict[str, tuple[str, ...]]:
        return await self.store.seeded()

    async def entered_areas(self, region_codes: Iterable[str]) -> set[str]:
        return await self.store.entered_areas(region_codes)

    async def seed(self, drafts: Sequence[Unit], regions: Sequence[str], day: date) -> int:
        """Insert a chunk of seeded units and their events in one transaction; return how many.

        One that an officer has entered by hand, under the same name, is left out.

        Args:
            drafts: the units, all but their codes.
            regions: the region that each one's code begins with.
            day: from which on they are there.

        Raises:
            Duplicate: one of them is there already; nothing is written.
        """
        keyed = [await self.guards.keyed(draft) for draft in drafts]

        async def run(session: AsyncClientSession) -> int:
            entered = await self.store.entered_alike(keyed, session)
            new = [
                (unit, region)
                for unit, region in zip(keyed, regions, strict=True)
                if unit.id not in entered
            ]
            codes = await self._codes(new, session)
            units = [
                (replace(unit, code=code), day) for (unit, _), code in zip(new, codes, strict=True)
            ]
            inserts = imported(
                self, units, "units-imported", subject=SEED, moment=now(), cards="unit"
            )
            if inserts:
                await insert_all(self.store.database, inserts, session)
            return len(units)

        return await transact_async(self.store.database, run)

    async def _codes(
        self, units: Sequence[tuple[Unit, str]], session: AsyncClientSession
    ) -> list[str]:
        """Return a code for each unit: a chapter is number one of its region, others are counted.

        The numbers of one chapter and type are taken at once.
        """
        places = [(region, unit.type) for unit, region in units]
        counted = Counter(place for place in places if place[1] != rules.CHAPTER)
        numbers = {
            place: iter(range(first, first + count))
            for place, count in counted.items()
            for first in [await self.store.reserve(placement.counter(*place), count, session)]
        }
        return [
            placement.code(*place, next(numbers[place]) if place in numbers else 1)
            for place in places
        ]

    def rows(self, action: Action, entity: Unit) -> Sequence[Action]:
        """Return the rows of an action; a chapter has none, nobody changes it by hand."""
        return () if entity.type == rules.CHAPTER else super().rows(action, entity)


def units_of(
    database: AsyncDatabase, peers: Peers, settings: OrgUnitsSettings, partitions: int
) -> Units:
    """Return the register of units over a database.

    Args:
        partitions: how many partitions the topic of units has.
    """
    tree, store = Tree(database), UnitStore(database)
    scope = Scope(tree, UNIT_READERS)
    doubles = Doubles(store, scope)
    return Units(
        store=store,
        topic=Topic(SOURCE, events.UNIT_TOPIC, partitions),
        scope=scope,
        actions=rules.ACTIONS,
        tree=tree,
        guards=Guards(store, tree, doubles),
        doubles=doubles,
        peers=peers,
        earliest_day=settings.earliest_day,
        list_timeout_ms=settings.list_timeout_ms,
    )
