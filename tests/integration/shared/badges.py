"""A register of badges on a real database, whose steps a test may hold up, refuse or count."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from pydantic import AwareDatetime, BaseModel

from shared.base.errors import Conflict, RegistryError
from shared.base.ids import new_id
from shared.base.mongo import AsyncClientSession, AsyncDatabase, Document, connect_async
from shared.base.settings import MongoSettings
from shared.contract import events
from shared.contract.events.payloads import Payload
from shared.register import trail
from shared.register.actions import check, corrected
from shared.register.api import Call
from shared.register.command import Command
from shared.register.execute import execute
from shared.register.groupcommit import AlreadyThere, GroupCommit
from shared.register.register import Decision, Register, Topic
from shared.register.requests import ActionInput, Correction
from shared.register.scope import Place, Scope
from shared.register.store import Store
from shared.web.access.principal import Grant, Principal
from tests.badges import TABLE, Badge, Tree

BADGES, VERSIONS, LABELS, SHELVES = "badges", "badges_versions", "labels", "shelves"
OUTBOX, RECORDS, ACCESS = "outbox", "idempotency", "access_log"
WRITTEN = (BADGES, VERSIONS, LABELS, OUTBOX, RECORDS, ACCESS)
"""What one command may write; the shelf is what its guard rests on."""

each_way = pytest.mark.parametrize("desk", ["alone", "grouped"], indirect=True)
"""A new badge is committed in a transaction of its own, and in a group."""


class BadgeChanged(Payload):
    """One badge's new version."""

    entity: str
    version: int
    recorded_at: AwareDatetime
    changes: list[dict[str, Any]]
    colour: str


class BadgeInput(BaseModel):
    """A new badge; its label is a document of the same transaction."""

    unit: str = "town"
    colour: str = "red"
    label: str | None = None


class BadgePatch(Correction):
    """What was wrong with a badge."""

    colour: str = "red"
    engraving: str | None = None


class BadgeAct(ActionInput):
    """What is done with a badge, perhaps under another label."""

    label: str | None = None


async def nothing() -> None:
    """Hold nothing up."""


@dataclass
class Steps:
    """What happens at the steps of the write path, and how often they were taken.

    Args:
        decided: awaited once the rules have decided.
        reading: awaited in the first run of the guard, between what it reads and what it writes.
        refusals: what a step refuses with: ``decide`` or ``guard``.
        counts: how often each of these steps was taken.
    """

    decided: Callable[[], Awaitable[object]] = nothing
    reading: Callable[[], Awaitable[object]] = nothing
    refusals: dict[str, RegistryError] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)

    def take(self, step: str) -> int:
        """Count a step and return how often it was taken.

        Raises:
            RegistryError: it is to refuse.
        """
        self.counts[step] = self.counts.get(step, 0) + 1
        if step in self.refusals:
            raise self.refusals[step]
        return self.counts[step]


@dataclass(frozen=True, kw_only=True)
class Badges(Register[Badge]):
    """The register of badges."""

    steps: Steps
    turns: Callable[[], AbstractAsyncContextManager[object]] = nullcontext

    async def authorise_creation(self, command: Command) -> Sequence[Place]:
        """Return the path of the unit to one of its registrars."""
        assert isinstance(command.given, BadgeInput)
        unit = command.given.unit
        return await self.scope.authorise(command.caller, unit, "registrar", readable=False)

    async def decide(
        self, command: Command, before: Badge | None, path: Sequence[Place]
    ) -> Decision[Badge]:
        """Return what the table makes of a command."""
        self.steps.take("decide")
        given = command.given
        label = getattr(given, "label", None)
        labels = () if label is None else (label,)
        if before is None:
            assert isinstance(given, BadgeInput)
            draft = Badge(id=new_id(), status="DRAFT", unit=given.unit, colour=given.colour)
            decision = Decision(draft, claims=labels)
        elif isinstance(given, BadgePatch):
            check(self.actions, command.action, before, command.caller.subject, command.reason)
            right = replace(before, **given.model_dump(include=set(given.corrected)))
            after = corrected(before, right, command.moment)
            decision = Decision(after, claims=labels, corrected=sorted(given.corrected))
        else:
            decision = Decision(self.acted(command, before), claims=labels)
        await self.steps.decided()
        return decision

    def turn(
        self, command: Command, decision: Decision[Badge], path: Sequence[Place]
    ) -> AbstractAsyncContextManager[object]:
        """Return what the test makes commands wait for."""
        return self.turns()

    async def guard(
        self,
        session: AsyncClientSession,
        command: Command,
        before: Badge | None,
        decision: Decision[Badge],
        path: Sequence[Place],
    ) -> Badge:
        """Return a new badge with its place on the shelf, which is taken; others as they are."""
        entity = decision.entity
        run = self.steps.take("guard")
        shelves = self.store.database[SHELVES]
        shelf = await shelves.find_one({"_id": entity.unit}, session=session)
        assert shelf is not None
        if run == 1:
            await self.steps.reading()
        if shelf["closed"]:
            raise Conflict("badge.shelf_closed")
        if before is not None:
            return entity
        await shelves.update_one({"_id": entity.unit}, {"$inc": {"next": 1}}, session=session)
        return replace(entity, engraving=f"place {shelf['next']}")

    async def refusal(self, found: AlreadyThere) -> RegistryError:
        """Return the refusal of a label that is taken."""
        return Conflict("badge.label_taken", params={"label": found.id})


def officer(subject: str, *roles: str, unit: str = "county") -> Principal:
    return Principal(subject, (Grant(unit, frozenset(roles)),))


REGISTRAR, APPROVER = officer("li", "registrar"), officer("wang", "approver")


@dataclass
class Desk:
    """Where commands on badges are given.

    Args:
        register: on a database of the test's own.
        grouped: whether new badges are committed in groups.
    """

    register: Badges
    grouped: bool

    @property
    def database(self) -> AsyncDatabase:
        return self.register.store.database

    @property
    def steps(self) -> Steps:
        return self.register.steps

    async def do(
        self, name: str, before: Badge | None = None, given: BaseModel | None = None, /,
        caller: Principal | None = None, key: str | None = None, **fields: Any,
    ) -> Badge:  # fmt: skip
        """Give a command on the version seen, and return what it came to.

        Args:
            caller: the officer it belongs to by default.
            key: of the request, if it may be sent again.
            fields: further ones of the command.
        """
        action = {"create": TABLE.create, "correct": TABLE.correct, **TABLE.acts}[name]
        default = BadgeInput() if before is None else BadgeAct(reason="a reason")
        given = default if given is None else given
        caller = caller or (APPROVER if action.role == "approver" else REGISTRAR)
        entity = None if before is None else before.id
        seen = fields.pop("seen", None if before is None else before.version)
        call = Call(caller, None, f"POST {entity}/{name}", key, seen)
        command = replace(call.command(action, given, entity), **fields)
        return (await execute(self.register, command)).entity

    async def stored(self, *collections: str) -> dict[str, list[Document]]:
        """Return every document, by collection."""
        return {
            name: [document async for document in self.database[name].find().sort("_id", 1)]
            for name in collections or (*WRITTEN, SHELVES)
        }

    async def refuse_writes(self, collection: str, *, refused: bool = True) -> None:
        """Make the server refuse every write to a collection, or accept them again."""
        validator = {"_id": {"$exists": False}} if refused else {}
        await self.database.command("collMod", collection, validator=validator)


@asynccontextmanager
async def opened(
    settings: MongoSettings, patch: pytest.MonkeyPatch, *, grouped: bool
) -> AsyncIterator[Desk]:
    """Yield a desk over a new database; it is dropped afterwards."""
    facts = [TABLE.create.fact, TABLE.correct.fact, *(one.fact for one in TABLE.acts.values())]
    for fact in facts:
        patch.setitem(events.MODELS, f"org.redcross.badge.{fact}.v1", BadgeChanged)
    database = connect_async(settings)
    for name in (*WRITTEN, SHELVES):
        await database.create_collection(name)
    await database[SHELVES].insert_one({"_id": "town", "next": 0, "closed": False})
    groups = GroupCommit(database, collection_order=[trail.REQUESTS]) if grouped else None
    register = Badges(
        store=Store(database, BADGES, Badge, claims=(LABELS, "badge")),
        topic=Topic("/services/badges", "registry.badge", 3),
        scope=Scope(Tree()),
        actions=TABLE,
        groups=groups,
        steps=Steps(),
    )
    try:
        yield Desk(register, grouped)
        if groups is not None:
            await groups.shutdown()
        await database.client.drop_database(database.name)
    finally:
        await database.client.close()
