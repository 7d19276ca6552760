"""A noun's register: everything that the one write path and the one reading path know of a noun.

A noun derives its register and says what its rules decide; ``execute`` and ``reading`` do the rest.
"""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from typing import Generic

from shared.base.errors import Forbidden, RegistryError, Unavailable
from shared.base.mongo import AsyncClientSession
from shared.register.actions import (
    Action,
    ActionTable,
    check,
    check_by,
    check_day,
    moved,
    required,
)
from shared.register.command import Command
from shared.register.effects import emptied_days, emptying, series_of
from shared.register.entity import VOIDED, E
from shared.register.fences import Fenced
from shared.register.groupcommit import AlreadyThere, GroupCommit
from shared.register.scope import Place, Scope
from shared.register.store import Store
from shared.web.access.principal import Principal


@dataclass(frozen=True)
class Topic:
    """Where a register's events go.

    Args:
        source: CloudEvents source of the service.
        name: Kafka topic.
        partitions: how many partitions it has.
    """

    source: str
    name: str
    partitions: int


@dataclass(frozen=True)
class Found(Generic[E]):
    """An entity that the caller may read, and the path of the unit it belongs to."""

    entity: E
    path: Sequence[Place]


@dataclass(frozen=True)
class Decision(Generic[E]):
    """What the rules made of a command.

    Args:
        entity: as it is to be; the write path gives it its version, author and time.
        fact: past participle in the event's type; that of its action where None.
        claims: ids that no other entity may hold (``Store.claim_rows``).
        releases: ids it holds and no longer needs; those that another holds stay.
        absent: ids that nobody may hold for a creation, without taking them.
        drafts: whether it writes content that another person is then to decide on; as its action
            says where None.
        corrected: names of the fields it corrects, for the access log.
        change: id of a change that other services were asked to prepare for.
        path: of the unit it then belongs to; that on which it was authorised where None.
    """

    entity: E
    fact: str | None = None
    claims: Sequence[str] = ()
    releases: Sequence[str] = ()
    absent: Sequence[str] = ()
    drafts: bool | None = None
    corrected: Sequence[str] = ()
    change: str | None = None
    path: Sequence[Place] | None = None


@dataclass(frozen=True, kw_only=True)
class Register(Generic[E]):
    """See the module.

    Args:
        store: its entities.
        topic: where its events go.
        scope: who may do what, by the tree of units.
        actions: its action table.
        groups: commits new entities together; None where each creation is a transaction of its own
            (its ``guard`` then runs in it).
        reads_logged: whether each read of an entity leaves a row in the access log (persons).
    """

    store: Store[E]
    topic: Topic
    scope: Scope
    actions: ActionTable
    groups: GroupCommit | None = None
    reads_logged: bool = True

    async def find(self, caller: Principal, identity: str) -> Found[E]:
        """Return an entity within the caller's scope of reading.

        Raises:
            NotFound: there is none, or it lies outside; the answer and its cost are the same.
        """
        entity = await self.load(caller, identity)
        if caller.service:
            return await self.shown(entity)
        return Found(entity, await self.scope.authorise(caller, entity.unit, "viewer"))

    async def shown(self, entity: E) -> Found[E]:
        """Return an entity with the path of its unit as far as it is known."""
        (path,) = await self.scope.paths.paths([entity.unit])
        return Found(entity, path)

    async def load(self, caller: Principal, identity: str) -> E:
        """Return an entity by id; where the store knows the tree, only one within the scope.

        Raises:
            NotFound: there is none.
        """
        entity = await self.store.get(identity)
        if entity is None:
            raise await self.scope.refuse_absent(caller)
        return entity

    async def authorise(self, command: Command) -> tuple[E, Sequence[Place]]:
        """Return what a command is about to a caller who may give it, and the path of its unit.

        Raises:
            NotFound: it does not exist, or lies outside the scope of reading.
            Forbidden: the caller may read it, but not do this.
        """
        entity = await self.load(command.caller, command.entity or "")
        return entity, await self.authorise_on(command, entity)

    async def authorise_on(self, command: Command, entity: E) -> Sequence[Place]:
        """Return the path of an entity to a caller who may give a command on it."""
        action = self.required(command, entity)
        if days := self._would_empty(command, action, entity):
            return await self._authorise_emptying(command, entity, days)
        return await self.scope.authorise(
            command.caller,
            entity.unit,
            action.role,
            at_county_or_above=action.at_county_or_above,
        )

    def _would_empty(self, command: Command, action: Action, entity: E) -> int:
        """Return how many days of past figures an action empties if its day is accepted.

        So that an approver alone may do what needs one, whoever does the action otherwise. Voiding
        asks for an approver anyway.
        """
        legal = entity.status in action.sources and action.target not in ("", VOIDED)
        if not legal or command.day >= command.today:
            return 0
        after = moved(entity, action, command.day, command.moment)
        return self._emptied(command, entity, after)

    def _emptied(self, command: Command, before: E, after: E) -> int:
        counted = series_of(self.actions.noun)
        return emptied_days(before.timeline, after.timeline, counted, command.today)

    async def _authorise_emptying(self, command: Command, entity: E, days: int) -> Sequence[Place]:
        row = emptying(command.action)
        try:
            return await self.scope.authorise(
                command.caller, entity.unit, row.role, at_county_or_above=True
            )
        except Forbidden:
            params = {"days": days, "role": row.role}
            raise Forbidden("figures.emptied", params=params) from None

    async def check_effect(self, command: Command, before: E, after: E) -> None:
        """Refuse to empty days of past figures without what that needs, whatever the command.

        Raises:
            Forbidden: the caller is no approver by a grant at a county or above, or an author.
            Invalid: the reason is missing.
        """
        days = self._emptied(command, before, after)
        if not days:
            return
        await self._authorise_emptying(command, before, days)
        check_by(emptying(command.action), before, command.caller.subject, command.reason)

    def required(self, command: Command, entity: E) -> Action:
        """Return what a command asks of its caller for this entity."""
        return required(command.action, entity)

    async def authorise_creation(self, command: Command) -> Sequence[Place]:
        """Return the path of the unit that a creation names to a caller who may ask for it.

        Raises:
            Invalid: the unit it names does not exist.
            Forbidden: the caller enters nothing there.
        """
        raise NotImplementedError

    async def decide(
        self, command: Command, before: E | None, path: Sequence[Place]
    ) -> Decision[E]:
        """Return what the noun's rules make of a command; nothing is written.

        Args:
            before: the entity; None for a creation.
            path: of its unit, or of the unit that a creation names.

        Raises:
            RegistryError: a rule is violated.
        """
        raise NotImplementedError

    def acted(self, command: Command, entity: E, *, anew: bool = False) -> E:
        """Return what the action table alone makes of an entity.

        Args:
            anew: whether its values come from a whole new registration.

        Raises:
            Conflict: the status does not allow the action.
            Forbidden: four eyes are needed.
            Invalid: the reason is missing, or the day cannot be.
        """
        action = self.required(command, entity)
        check(self.actions, action, entity, command.caller.subject, command.reason)
        check_day(action, entity.timeline, command.day, command.today)
        return moved(entity, action, command.day, command.moment, anew=anew)

    def path_after(self, entity: E, path: Sequence[Place]) -> Sequence[Place]:
        """Return the path of an entity that was written.

        Args:
            path: on which the command was authorised.
        """
        return path

    async def admit(self, command: Command, unit: str) -> None:
        """Refuse to enter a person in a unit that takes nobody (``Action.admits``)."""

    async def prepared(self, command: Command, decision: Decision[E]) -> Decision[E]:
        """Have other services prepare for a decision that stands; return it as it then is.

        What they prepared is undone in ``turn`` where the decision is not committed.
        """
        return decision

    async def reopen(self, command: Command, fenced: Fenced) -> None:
        """Lift the fence that refused a person, where the change that put it up came to nothing.

        Raises:
            RegistryError: the unit is closed or is being closed.
        """
        raise Unavailable("unavailable") from fenced

    def turn(
        self, command: Command, decision: Decision[E], path: Sequence[Place]
    ) -> AbstractAsyncContextManager[object]:
        """Return what the transaction runs in: commands that would conflict go one by one."""
        return nullcontext()

    async def guard(
        self,
        session: AsyncClientSession,
        command: Command,
        before: E | None,
        decision: Decision[E],
        path: Sequence[Place],
    ) -> E:
        """Read and write, inside the transaction, the documents that a rule rests on.

        Two commands that write one such document conflict, and one of them runs again
        (docs/design.md section 5.10). May run more than once.

        Returns:
            the entity as it is then to be written.
        """
        return decision.entity

    async def refusal(self, found: AlreadyThere) -> RegistryError:
        """Return the refusal of a creation some document of which exists already."""
        return Unavailable("unavailable")

    def rows(self, action: Action, entity: E) -> Sequence[Action]:
        """Return the rows by which an action may be done that the status allows.

        None where a noun's own rules close it, several where the request's body chooses.
        """
        rows = (required(action, entity), *action.variants)
        return [row for row in rows if entity.status in row.sources]

    def allowed(self, caller: Principal, entity: E, path: Sequence[Place]) -> list[str]:
        """Return the actions that this caller may do on an entity now."""
        anywhere, upper = self.scope.roles(caller, path)
        is_author = caller.subject in entity.authors

        def may(row: Action) -> bool:
            held = upper if row.at_county_or_above else anywhere
            return row.role in held and not (row.four_eyes and is_author)

        names = self.actions.allowed(entity.status)
        return [name for name in names if any(map(may, self.rows(self.actions.acts[name], entity)))]
