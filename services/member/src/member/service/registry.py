"""What every use case works with: the office both registers have, and the rules of members."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from member import store
from member.domain import OPEN, REOPENABLE, Rules, check_unit
from shared import events
from shared.access import Principal
from shared.directory import Card
from shared.entities import EntityWriter
from shared.errors import FieldError, NotFound, RegistryError
from shared.mongo import AsyncDatabase, Document
from shared.people.office import Office, Once

SOURCE = "/services/member"


def writer(database: AsyncDatabase, partitions: int) -> EntityWriter:
    """Return the one way memberships are written."""
    return EntityWriter(database, store.MEMBERS, SOURCE, events.MEMBER_TOPIC, partitions)


def taken(holder: Mapping[str, Any]) -> str:
    """Return the code of the refusal of a number that a membership holds."""
    if holder["status"] in OPEN:
        return "person.duplicate"
    return "member.closed" if holder["status"] in REOPENABLE else "member.barred"


@dataclass(frozen=True)
class Registry:
    """The wiring of the service."""

    office: Office
    rules: Rules

    def unit_check(self, card: Card) -> list[FieldError]:
        """Return what speaks against a unit taking a member."""
        return check_unit(card.level, card.status, self.rules)


@dataclass(frozen=True)
class Done:
    """What a command came to.

    Args:
        document: the membership as it is now.
        warnings: codes of what was kept although it looks wrong; a repeat tells them no more.
    """

    document: Document
    warnings: tuple[str, ...] = ()


async def readable(registry: Registry, caller: Principal, unit: str) -> bool:
    """Whether a unit's members are within the caller's scope of reading."""
    try:
        await registry.office.permit(caller, unit, "viewer")
    except NotFound:
        return False
    return True


async def answered_once(
    registry: Registry,
    once: Once,
    act: Callable[[], Awaitable[Done]],
    *,
    ask_first: bool = True,
) -> Done:
    """Act, unless an earlier request with the same key did; then answer as that one was.

    Args:
        ask_first: False where the write itself stops at a known key, which spares a query.
    """
    if ask_first and (found := await registry.office.repeated(once)) is not None:
        return Done(found)
    try:
        return await act()
    except RegistryError:
        # Refused by what the first request changed, or by what has changed since.
        if (found := await registry.office.repeated(once)) is None:
            raise
        return Done(found)
