"""Fences: a unit that is being closed takes nobody new, decided inside a register's own database.

Whoever enters a person marks one of the unit's guard documents in the same transaction; a fence
writes all of them. The two conflict, so they cannot both succeed, however many processes there are
and however long one of them is stopped (docs/design.md sections 5.8 and 5.10, ADR 0020).
"""

import random
from collections.abc import Collection, Iterable

import pymongo
from pymongo import UpdateOne
from pymongo.errors import BulkWriteError, DuplicateKeyError

from shared.base.mongo import AsyncClientSession, AsyncDatabase
from shared.register.store import DUPLICATE_KEY

COLLECTION = "unit_fences"
"""Collection of the guards: ``{_id: unit/slot, entered: how often it was marked, change: …}``, where
``change`` is there while the unit is fenced."""
SLOTS = 4
"""Guards of a unit. An entry marks one of them by chance, since two entries that mark the same one
conflict and one of them runs again."""
PATIENCE_SECONDS = 3.0
"""How long a fence waits for the transactions that it conflicts with; a stopped process may hold one
for a minute. Shorter than a service waits for another."""


class Fenced(Exception):
    """A unit that a person was to enter is fenced; the transaction is lost.

    Args:
        unit: its id.
    """

    def __init__(self, unit: str) -> None:
        super().__init__(f"{unit} is fenced")
        self.unit = unit


class Fences:
    """The fences of one register; see the module."""

    def __init__(self, database: AsyncDatabase) -> None:
        self._guards = database[COLLECTION]

    async def enter(self, units: Iterable[str], session: AsyncClientSession) -> None:
        """Mark the units that people enter in this transaction.

        Raises:
            Fenced: one of them takes nobody; the transaction is lost.
        """
        slot = random.randrange(SLOTS)  # noqa: S311 - no secret
        wanted = sorted(set(units))
        # A fenced guard does not match, so the server inserts a second one of its id and refuses.
        marks = [
            ({"_id": f"{unit}/{slot}", "change": {"$exists": False}}, _MARK) for unit in wanted
        ]
        try:
            if len(marks) == 1:
                await self._guards.update_one(*marks[0], upsert=True, session=session)
            elif marks:
                updates = [UpdateOne(*mark, upsert=True) for mark in marks]
                await self._guards.bulk_write(updates, session=session)
        except DuplicateKeyError:
            raise Fenced(wanted[0]) from None
        except BulkWriteError as problem:
            error = problem.details["writeErrors"][0]
            if error["code"] != DUPLICATE_KEY:
                raise
            raise Fenced(wanted[error["index"]]) from None

    async def close(self, unit: str, change: str) -> None:
        """Fence a unit: entries under way have been committed or lost, later ones are refused.

        Args:
            change: id of the change that closes it; it takes the place of an earlier one.

        Raises:
            pymongo.errors.PyMongoError: a transaction held a guard for too long; try again.
        """
        updates = [
            UpdateOne({"_id": guard}, {"$set": {"change": change}}, upsert=True)
            for guard in _guards_of(unit)
        ]
        with pymongo.timeout(PATIENCE_SECONDS):
            await self._guards.bulk_write(updates)

    async def lift(self, unit: str, changes: Collection[str]) -> None:
        """Remove the fence that one of some changes put up; that of another change stays."""
        query = {"_id": {"$in": _guards_of(unit)}, "change": {"$in": list(changes)}}
        await self._guards.update_many(query, {"$unset": {"change": ""}})

    async def changes(self, unit: str) -> set[str]:
        """Return the changes for which a unit is fenced; none where it is not."""
        query = {"_id": {"$in": _guards_of(unit)}, "change": {"$exists": True}}
        return {guard["change"] async for guard in self._guards.find(query)}


_MARK = {"$inc": {"entered": 1}}


def _guards_of(unit: str) -> list[str]:
    return [f"{unit}/{slot}" for slot in range(SLOTS)]
