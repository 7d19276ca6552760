"""What every use case works with, and the checks of units and access they have in common."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from member import store
from member.domain import OPEN, REOPENABLE, Rules, check_unit
from shared import events, idempotency
from shared.access import Principal, may_read, require
from shared.directory import Card, Directory, scope
from shared.entities import EntityWriter
from shared.errors import Conflict, FieldError, Forbidden, Invalid, NotFound, RegistryError
from shared.groupcommit import GroupCommit
from shared.idempotency import Key, Outcome
from shared.mongo import AsyncDatabase, Document
from shared.personal.encryption import KeyRing

SOURCE = "/services/member"


def writer(database: AsyncDatabase, partitions: int) -> EntityWriter:
    """Return the one way memberships are written."""
    return EntityWriter(database, store.MEMBERS, SOURCE, events.MEMBER_TOPIC, partitions)


@dataclass(frozen=True)
class Registry:
    """The wiring of the service."""

    database: AsyncDatabase
    writer: EntityWriter
    groups: GroupCommit
    units: Directory
    ring: KeyRing
    rules: Rules


@dataclass(frozen=True)
class Done:
    """What a command came to.

    Args:
        document: the membership as it is now.
        warnings: codes of what was kept although it looks wrong.
    """

    document: Document
    warnings: tuple[str, ...] = ()


async def permitted(
    registry: Registry, unit_id: str, check: Callable[[Sequence[Card]], None]
) -> Sequence[Card]:
    """Return the path of a unit where a check of access passes, by what org-units says now.

    Raises:
        Forbidden, NotFound: as the check does; NotFound also where the unit is gone.
    """
    path = registry.units.known_path(unit_id)
    if path and path[-1].parent is None:
        try:
            check(path)
        except (Forbidden, NotFound):
            pass
        else:
            return path
    path = await registry.units.refresh_path(unit_id)
    check(path)
    return path


async def admitting_path(
    registry: Registry, unit_id: str, check: Callable[[Sequence[Card]], None]
) -> Sequence[Card]:
    """Return the path of a unit that is to take a person, as far as access goes.

    Raises:
        Invalid: there is no such unit.
        Forbidden: the caller may not create there.
    """
    if await registry.units.get(unit_id) is None:
        raise Invalid("unit.unknown", field="unit_id")
    return await permitted(registry, unit_id, check)


async def unit_problems(registry: Registry, unit_id: str) -> list[FieldError]:
    """Return what speaks against a unit taking a person, by what org-units says now."""
    card = await registry.units.get(unit_id)
    if card is not None and not check_unit(card.level, card.status, registry.rules):
        return []
    card = await registry.units.refresh(unit_id)
    if card is None:
        return [FieldError("unit_id", "unit.unknown")]
    return check_unit(card.level, card.status, registry.rules)


def registrar(caller: Principal) -> Callable[[Sequence[Card]], None]:
    """Return the check of who may enter persons; creates out of scope are 403, never 404."""
    return lambda path: require(caller, "registrar", scope(path), readable=False)


async def readable(registry: Registry, caller: Principal, unit_id: str) -> bool:
    """Whether a unit's members are within the caller's scope of reading."""
    path = registry.units.known_path(unit_id)
    if may_read(caller, scope(path)):
        return True
    return may_read(caller, scope(await registry.units.refresh_path(unit_id)))


async def taken(registry: Registry, holder: Document) -> Conflict:
    """Return the refusal of a number that is held: names unit type and county, never the person."""
    path = await registry.units.path(holder["unit"])
    county = next((card.name for card in path if card.level != "GRASSROOTS"), "-")
    params: dict[str, Any] = {"county": county, "unit_type": path[0].type if path else "OTHER"}
    if holder["status"] in OPEN:
        return Conflict("person.duplicate", field="id_number", params=params)
    code = "member.closed" if holder["status"] in REOPENABLE else "member.barred"
    return Conflict(code, field="id_number", params=params)


async def earlier(registry: Registry, key: Key | None, digest: str) -> Outcome | None:
    """Return what an earlier request with this key came to.

    Raises:
        Invalid: the key was used with another body.
    """
    if key is None:
        return None
    found = await idempotency.load_async(registry.database, key)
    return None if found is None else idempotency.check(found, digest)


async def read_again(registry: Registry, outcome: Outcome) -> Document:
    """Return the membership an earlier outcome wrote, as it is now."""
    document = await store.read(registry.database, outcome.entity or "")
    if document is None:
        raise NotFound("not_found")
    return document


async def once(
    registry: Registry,
    key: Key | None,
    digest: str,
    act: Callable[[], Awaitable[Done]],
    *,
    ask_first: bool = True,
) -> Done:
    """Act, unless an earlier request with the same key did; then answer as that one was.

    Args:
        ask_first: False where the write itself stops at a known key, which spares a query.
    """
    if ask_first and (found := await earlier(registry, key, digest)) is not None:
        return Done(await read_again(registry, found))
    try:
        return await act()
    except RegistryError:
        # Refused by what the first request changed, or by what has changed since.
        if (found := await earlier(registry, key, digest)) is None:
            raise
        return Done(await read_again(registry, found))
