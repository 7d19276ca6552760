"""Who may do what on a unit's entries, and whether a unit takes people, by the unit directory."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from shared.base.errors import FieldError, Forbidden, Invalid, NotFound
from shared.people.lifecycle import Transition
from shared.register.directory import Card, Directory, scope, scope_with_levels
from shared.web.access import Principal, require, require_at

UnitCheck = Callable[[Card], list[FieldError]]
"""A register's own rules of a unit that is to take a person."""


@dataclass(frozen=True)
class Scope:
    """Checks over the units; see the module."""

    directory: Directory

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

    async def readable(self, principal: Principal, unit: str) -> bool:
        """Whether a unit's entries are within the caller's scope of reading."""
        try:
            await self.permit(principal, unit, "viewer")
        except NotFound:
            return False
        return True

    async def home(self, principal: Principal, unit: str, check: UnitCheck) -> list[FieldError]:
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

    async def unit_problems(self, unit: str, check: UnitCheck) -> list[FieldError]:
        """Return what speaks against a unit, by what org-units says now where anything does."""
        card = await self.directory.get(unit)
        if card is None or check(card):
            card = await self.directory.refresh(unit)
        return [FieldError("unit_id", "unit.unknown")] if card is None else check(card)
