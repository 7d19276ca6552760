"""Units entered twice: refused unless they are stated to be two, and listed where they slipped in.

The one place that decides; every entrance of a unit asks it in its transaction.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import permutations
from typing import Any

from org_units.units.likeness import Likeness, alike, known_apart
from org_units.units.rules import CHAPTER, Distinction, Unit
from org_units.units.schemas import Distinguished
from org_units.units.store import UnitStore
from shared.base.errors import Conflict, Invalid
from shared.base.mongo import AsyncClientSession
from shared.register.command import Command
from shared.register.register import Found
from shared.register.scope import Place, Scope, names
from shared.web.access.principal import Principal, may_read

_CODES: Mapping[Likeness, str] = {
    "name": "unit.double_name",
    "host_uscc": "unit.double_host_uscc",
}


@dataclass(frozen=True)
class Other:
    """A unit that is like another one.

    Args:
        by: the fields by which it is.
        readable: whether it is within the caller's scope of reading. One that is not is named by
            its chapter alone.
    """

    unit: Unit
    path: Sequence[Place]
    by: list[Likeness]
    readable: bool

    @property
    def chapter(self) -> Place:
        """Return the nearest chapter above it."""
        return next(place for place in self.path if place.type == CHAPTER)

    @property
    def shown(self) -> Mapping[str, Any]:
        """Return it as lists show it; one outside the scope as its chapter alone."""
        fields = ("id", "code", "name", "type", "status") if self.readable else ()
        return {
            "by": self.by,
            "chapter": {"name": self.chapter.name, "region_code": self.chapter.region_code},
            "unit": {name: getattr(self.unit, name) for name in fields} or None,
        }

    def named_by(self, stated: Collection[str]) -> str | None:
        """Return the entry of ``distinct_from`` that means this unit."""
        names = [self.unit.id, self.unit.code] if self.readable else [self.chapter.region_code]
        return next((one for one in names if one in stated), None)


@dataclass(frozen=True)
class Doubles:
    """See the module.

    Args:
        store: the units.
        scope: what a caller may read of them.
    """

    store: UnitStore
    scope: Scope

    async def checked(
        self,
        session: AsyncClientSession,
        command: Command,
        unit: Unit,
        fields: Collection[Likeness],
    ) -> Unit:
        """Return a unit with what its officer states of the units it is like.

        Its parent was marked in this transaction, so nobody enters one of the same name under it
        meanwhile; its credit code is marked here.

        Args:
            fields: those by which it may newly be like another one.

        Raises:
            Conflict: it is like another one, and not stated to be distinct.
            Invalid: ``distinct_from`` names a unit that it is not like.
        """
        given = command.given
        stated = given.distinct_from if isinstance(given, Distinguished) else []
        if not fields and not stated:
            return unit
        if unit.host_uscc is not None:
            await self.store.reserve(f"uscc/{unit.host_uscc}", 1, session)
        others = await self._others(command.caller, unit, await self.store.alike(unit, session))
        unit = _stated(command, unit, others)
        for likeness in fields:
            _refuse(likeness, [other for other in others if _suspected(likeness, unit, other)])
        return unit

    async def listed(
        self, caller: Principal, scope: Mapping[str, object], *, after: str | None, limit: int
    ) -> tuple[list[tuple[Found[Unit], list[Other]]], str | None]:
        """Return a page of the units that may be entered twice, each with those it is like.

        Args:
            scope: query of the units that are meant.
            after: id of the last unit of the page before.
        """
        groups = await self.store.alike_within(scope)
        known = await self.store.many({one for group in groups for one in group})
        pairs: dict[str, set[str]] = defaultdict(set)
        for group in groups:
            for one, other in permutations([known[one] for one in group if one in known], 2):
                if not known_apart(one, other):
                    pairs[one.id].add(other.id)
        query = {"$and": [{"_id": {"$in": sorted(pairs)}}, scope]}
        page = await self.store.page(query, after=after, limit=limit + 1)
        shown, last = page[:limit], page[limit - 1].id if len(page) > limit else None
        paths = await self.scope.paths.paths([unit.id for unit in shown])
        items = []
        for unit, path in zip(shown, paths, strict=True):
            others = [known[other] for other in sorted(pairs[unit.id])]
            items.append((Found(unit, path), await self._others(caller, unit, others)))
        return items, last

    async def _others(self, caller: Principal, unit: Unit, others: Sequence[Unit]) -> list[Other]:
        paths = await self.scope.paths.paths([other.id for other in others])
        return [
            Other(other, path, alike(unit, other), self._may_read(caller, path))
            for other, path in zip(others, paths, strict=True)
        ]

    def _may_read(self, caller: Principal, path: Sequence[Place]) -> bool:
        return may_read(caller, [name for name, _ in names(path)], self.scope.readers)


def _suspected(likeness: Likeness, unit: Unit, other: Other) -> bool:
    return likeness in other.by and not known_apart(unit, other.unit)


def _stated(command: Command, unit: Unit, others: Sequence[Other]) -> Unit:
    """Return a unit with the statements of a command added to its own."""
    given = command.given
    if not isinstance(given, Distinguished) or not given.distinct_from:
        return unit
    named = {other.unit.id: other.named_by(given.distinct_from) for other in others}
    if missed := sorted(set(given.distinct_from) - set(named.values())):
        raise Invalid("unit.not_alike", field="distinct_from", params={"names": missed})
    added = tuple(
        Distinction(other, given.distinct_reason or "", command.caller.subject, command.moment)
        for other, name in named.items()
        if name is not None
    )
    return replace(unit, distinct=(*(unit.distinct or ()), *added))


def _refuse(likeness: Likeness, others: Sequence[Other]) -> None:
    """Refuse a unit that others are like: name those that the caller may read, else a chapter."""
    if not others:
        return
    readable = [other for other in others if other.readable]
    shown = readable[0] if readable else others[0]
    if readable:
        raise Conflict(
            _CODES[likeness],
            field=likeness,
            params={
                "unit_type": shown.unit.type,
                "name": shown.unit.name,
                "status": shown.unit.status,
                "codes": [other.unit.code for other in readable],
            },
        )
    chapter = {"county": shown.chapter.name, "region_code": shown.chapter.region_code}
    params = {"unit_type": shown.unit.type, **chapter}
    raise Conflict("unit.double_elsewhere", field=likeness, params=params)
