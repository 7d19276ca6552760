"""Units as requests give them: a new one, and one with what was wrong set right.

Pure: what rests on other units is asked later, in the transaction (``guards``).
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from org_units.units import rules
from org_units.units.days import violations_of_founding
from org_units.units.placement import chapter_region, check_region
from org_units.units.rules import ACTIONS, Unit
from org_units.units.schemas import UnitCreate, UnitPatch
from shared.base.errors import refuse
from shared.base.ids import new_id
from shared.register.actions import corrected, violations_of_day
from shared.register.command import Command
from shared.register.scope import Place

_MAY_BE_EMPTY = (
    "region_code", "host_uscc", "founded_on", "predecessor_founded_on", "older_than_parent",
)  # fmt: skip


def drafted(command: Command, given: UnitCreate, path: Sequence[Place], earliest: date) -> Unit:
    """Return a new unit.

    Args:
        path: of its parent.
        earliest: first day on which it can have been founded or counted.
    """
    founding = given.founded_on, given.predecessor_founded_on
    refuse(violations_of_founding(*founding, command.today, earliest))
    check_region(given.region_code, chapter_region(path))
    refuse(violations_of_day(command.day, command.today, earliest))
    identity = new_id()
    return Unit(
        id=identity,
        status=ACTIONS.create.target,
        name=given.name,
        type=given.type,
        level=rules.GRASSROOTS,
        parent_id=given.parent_id,
        lineage=_lineage(path, identity),
        region_code=given.region_code,
        host_uscc=given.host_uscc,
        founded_on=given.founded_on,
        predecessor_founded_on=given.predecessor_founded_on,
        older_than_parent=given.older_than_parent,
    )


def patched(
    command: Command, given: UnitPatch, unit: Unit, path: Sequence[Place], earliest: date
) -> Unit:
    """Return a unit with the given fields set right from the start.

    Args:
        path: of the parent that it then has.
        earliest: first day on which it can have been founded.
    """
    founding = given.founded_on, given.predecessor_founded_on
    refuse(violations_of_founding(*founding, command.today, earliest))
    new = given.corrected
    emptied = {name: getattr(given, name) for name in _MAY_BE_EMPTY if name in new}
    after = replace(
        unit,
        name=given.name or unit.name,
        type=given.type or unit.type,
        parent_id=given.parent_id or unit.parent_id,
        lineage=_lineage(path, unit.id),
        **emptied,
    )
    moved = after.parent_id != unit.parent_id
    if moved or "region_code" in new:
        check_region(after.region_code, chapter_region(path))
    after = corrected(unit, after, command.moment)
    if moved or after.type != unit.type:
        return rules.replaced(after, unit, command.caller.subject, command.moment)
    return after


def _lineage(path: Sequence[Place], identity: str) -> tuple[str, ...]:
    return (*(place.id for place in reversed(path)), identity)
