"""Which unit takes a person: decided by what the directory knows, by org-units before any refusal, and
in the transaction by the unit's fence.
"""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass

from shared.base.errors import Conflict, FieldError, refuse
from shared.base.mongo import AsyncClientSession
from shared.people.entity import P
from shared.people.requests import Registration, ReturnInput, placed
from shared.register.command import Command
from shared.register.directory import Card, Directory
from shared.register.fences import Fenced, Fences
from shared.register.register import Decision, Register
from shared.register.scope import Place
from shared.web.access.principal import Principal

CLOSING = "unit.closing"
"""Code of the refusal of a unit that may take people again in a moment: a conflict, no bad value."""


@dataclass(frozen=True, kw_only=True)
class InUnits(Register[P]):
    """A register whose entries are in units that take them.

    Args:
        directory: the units, as events and org-units show them.
        fences: of units that are being closed.
    """

    directory: Directory
    fences: Fences

    def unit_violations(self, unit: Card) -> list[FieldError]:
        """Return what a unit that is to take a person violates."""
        raise NotImplementedError

    def allowed(self, caller: Principal, entity: P, path: Sequence[Place]) -> list[str]:
        """Return the actions that this caller may do on an entry now, in a unit like its own."""
        names = super().allowed(caller, entity, path)
        unit = self.directory.held(entity.unit)
        if unit is None or not self.unit_violations(unit):
            return names
        return [name for name in names if not self.actions.acts[name].admits]

    async def target_violations(self, unit: str) -> list[FieldError]:
        """Return what a target unit violates, by what org-units says now where it violates any."""
        card = self.directory.known(unit)
        if card is None or self.unit_violations(card):
            card = await self.directory.refresh(unit)
        return self._violations(card)

    def _violations(self, card: Card | None) -> list[FieldError]:
        return (
            [FieldError("unit_id", "unit.unknown")] if card is None else self.unit_violations(card)
        )

    async def admit(self, command: Command, unit: str) -> None:
        """Refuse to bring a person nearer to being counted in a unit that takes nobody.

        The unit of a registration is examined with the person.

        Raises:
            Conflict: the entry is in such a unit.
        """
        if registration_of(command) is None:
            _refuse_unit(command, await self.target_violations(unit))

    async def reopen(self, command: Command, fenced: Fenced) -> None:
        """Lift the fence of a unit where org-units says that it is not closed after all.

        Raises:
            Invalid, Conflict: the unit takes nobody, or it is being closed just now.
        """
        _refuse_unit(command, await self.closed(fenced))

    async def closed(self, fenced: Fenced) -> list[FieldError]:
        """Return why a fenced unit takes nobody; nothing where its fence came to nothing and is gone."""
        unit = fenced.unit
        changes = await self.fences.changes(unit)  # read first: a later one stays
        if await self.directory.closing(unit):
            return [FieldError("unit_id", CLOSING)]
        # Asked after that, since a change that has just ended has closed the unit.
        violations = self._violations(await self.directory.refresh(unit))
        if not violations:
            await self.fences.lift(unit, changes)
        return violations

    async def guard(
        self,
        session: AsyncClientSession,
        command: Command,
        before: P | None,  # noqa: ARG002 - of every register
        decision: Decision[P],
        path: Sequence[Place],  # noqa: ARG002
    ) -> P:
        """Mark the unit that a person is entered in, which a fence would write too."""
        if command.action.admits:
            await self.fences.enter([decision.entity.unit], session)
        return decision.entity


def _refuse_unit(command: Command, violations: list[FieldError]) -> None:
    """Refuse to enter a person in a unit: by the request's field, or as a state of the entry."""
    given = command.given
    if registration_of(command) is None:
        for one in violations:
            raise Conflict(one.code, params=one.params)
    with placed(given) if isinstance(given, ReturnInput) else nullcontext():
        refuse([one for one in violations if one.code != CLOSING])
        for one in violations:
            raise Conflict(one.code, errors=[one])


def registration_of(command: Command) -> Registration | None:
    """Return the registration that a command gives, if it gives one."""
    given = command.given
    registration = given.registration if isinstance(given, ReturnInput) else given
    return registration if isinstance(registration, Registration) else None
