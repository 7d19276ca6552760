"""What the rules of a unit rest on: parent, area, code, read and marked in its transaction.

Each of them is a document that the transaction writes, so that of two commands whose rules rest on
the same one the second sees what the first has done (docs/design.md section 5.10).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date

from org_units.units import days, placement, rules
from org_units.units.doubles import Doubles
from org_units.units.likeness import Likeness, fold
from org_units.units.rules import Unit
from org_units.units.store import UnitStore
from org_units.units.tree import Tree
from shared.base.errors import Conflict, Invalid, refuse
from shared.base.mongo import AsyncClientSession
from shared.register.command import Command
from shared.register.scope import Place

_PLACED = frozenset({"type", "parent_id"})
_OF_AREA = frozenset({"type", "region_code"})
_OF_DAYS = frozenset({*days.FOUNDING, "parent_id", "older_than_parent"})
_COMPARED = (*_PLACED, *_OF_AREA, *_OF_DAYS, "name", "host_uscc")


@dataclass(frozen=True)
class Guards:
    """See the module."""

    store: UnitStore
    tree: Tree
    doubles: Doubles

    async def settled(
        self,
        session: AsyncClientSession,
        command: Command,
        before: Unit | None,
        unit: Unit,
        path: Sequence[Place],
    ) -> Unit:
        """Return a unit that is entered, corrected or activated as it is to be written.

        Args:
            unit: its lineage is that on which the command was authorised.
            path: of the unit, or of its parent.

        Raises:
            RegistryError: a rule is violated that rests on other units.
        """
        parent = await self._parent(session, unit)
        if parent.lineage != unit.lineage[:-1]:
            raise Conflict("unit.parent_moved", field="parent_id")
        new = _changed(before, unit)
        unit = await self.keyed(unit)
        if new & _PLACED:
            unit = await self._placed(session, before, unit, parent, path)
        if new & _OF_AREA:
            await self._claim_area(session, unit)
        activates = command.action.name == "activate"
        if activates:
            placement.check_activation(parent)
        if new & _OF_DAYS or (before is not None and unit.ever_active > before.ever_active):
            await self._check_days(session, command, before, unit, parent)
        return await self.doubles.checked(
            session, command, unit, _compared(new, activates=activates)
        )

    async def keyed(self, unit: Unit) -> Unit:
        """Return a unit with its folded name; a chapter has none."""
        if unit.type == rules.CHAPTER:
            return unit
        nodes = await self.tree.nodes(unit.lineage[:-1])
        path = [nodes[one] for one in reversed(unit.lineage[:-1])]
        chapters = [place.name for place in path if place.type == rules.CHAPTER]
        return replace(unit, name_key=fold(unit.name, chapters))

    async def _parent(self, session: AsyncClientSession, unit: Unit) -> Unit:
        parent = await self.store.touch(unit.parent_id or "", session)
        if parent is None:
            raise Invalid("unit.parent_unknown", field="parent_id")
        return parent

    async def _placed(
        self,
        session: AsyncClientSession,
        before: Unit | None,
        unit: Unit,
        parent: Unit,
        path: Sequence[Place],
    ) -> Unit:
        """Return a unit with its code, in the place that the rules allow it."""
        area = parent.level == "PREFECTURE" and unit.type in rules.AREA_TYPES
        counties = area and await self.store.has_counties(parent.id, session)
        placement.check_placement(unit.type, parent, has_counties=counties)
        if before is not None:
            await self._take_along(session, before, unit)
        return await self._coded(session, unit, placement.chapter_region(path))

    async def _take_along(self, session: AsyncClientSession, before: Unit, unit: Unit) -> None:
        """Refuse to take live units along; those that were voided follow."""
        moved = unit.parent_id != before.parent_id
        if (moved or unit.type not in rules.AREA_TYPES) and (
            code := await self.store.live_child(unit.id, session)
        ):
            field = "parent_id" if moved else "type"
            raise Conflict("unit.children_below", field=field, params={"code": code})
        if moved:
            await self.store.relocate_below(unit, len(before.lineage), session)

    async def _coded(self, session: AsyncClientSession, unit: Unit, region: str) -> Unit:
        """Return a unit with a code of its chapter and type: its own, a former one, else a new one."""
        own = (*unit.former_codes, unit.code) if unit.code else ()
        prefix = placement.prefix(region, unit.type)
        code = next((one for one in reversed(own) if one.startswith(prefix)), None)
        if code is None:
            number = await self.store.reserve(placement.counter(region, unit.type), 1, session)
            code = placement.code(region, unit.type, number)
        return replace(unit, code=code, former_codes=tuple(one for one in own if one != code))

    async def _check_days(
        self,
        session: AsyncClientSession,
        command: Command,
        before: Unit | None,
        unit: Unit,
        parent: Unit,
    ) -> None:
        """Refuse days that cannot be: of a unit, against its parent's, its children's against it."""
        given = {*command.given.model_fields_set}
        given |= {"effective_on"} if command.action.name == "activate" else set()
        refuse(days.violations_of_days(unit, parent, given))
        if before is None or unit.since is None or unit.since <= (before.since or date.min):
            return  # no younger than its children knew it
        if code := await self.store.older_child(unit, session):
            field = "founded_on" if "founded_on" in given else "predecessor_founded_on"
            params = {"code": code, "day": unit.since.isoformat()}
            raise Conflict("unit.child_older", field=field, params=params)

    async def _claim_area(self, session: AsyncClientSession, unit: Unit) -> None:
        """Refuse a second live unit for the area of one township or sub-district."""
        region = unit.region_code
        if region is None or not placement.claims_area(unit.type, region):
            return
        await self.store.reserve(f"area/{region}", 1, session)
        taken = await self.store.live_at(region, session, but=unit.id)
        if taken is not None:
            params = {"unit_type": taken[0], "code": taken[1]}
            raise Conflict("unit.place_taken", field="region_code", params=params)


def _changed(before: Unit | None, unit: Unit) -> set[str]:
    """Return the fields that differ from the version before; all of a new unit."""
    return {
        name for name in _COMPARED if before is None or getattr(before, name) != getattr(unit, name)
    }


def _compared(new: Collection[str], *, activates: bool) -> list[Likeness]:
    """Return the fields by which a unit may newly be like another one.

    Activation asks anew: units entered before the rule existed would then be counted twice.
    """
    by_name = activates or bool({"name", "type", "parent_id"} & set(new))
    by_code = activates or "host_uscc" in new
    found: list[Likeness] = ["name"] if by_name else []
    return [*found, "host_uscc"] if by_code else found
