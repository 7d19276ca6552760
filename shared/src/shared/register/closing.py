"""Closing a unit: the registers of persons are fenced before the decision, and only a change that is
still on record is committed (docs/design.md section 5.8, ADR 0020).

A change is on record from before the first fence until its transaction, which removes it. Who removes
it otherwise (a failure, or anybody after half a minute) makes the transaction impossible, and only
then may the fences be lifted: whatever stops or dies, a unit is either closed and fenced, or neither.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from pymongo.errors import DuplicateKeyError

from shared.base.clock import now
from shared.base.errors import Conflict, Unavailable
from shared.base.ids import new_id
from shared.base.mongo import AsyncClientSession, AsyncDatabase
from shared.register.peers import Peers, Service

CLOSINGS = "closings"
"""Collection of the changes under way: ``{_id: unit, change, at}``."""
ABANDONED_AFTER = timedelta(seconds=30)
"""After this a change counts as abandoned: its process has died or is stopped."""
_REGISTERS: tuple[Service, ...] = ("member", "volunteer")


@dataclass(frozen=True)
class People:
    """How many people are at a unit."""

    members: int
    volunteers: int


class Closings:
    """The changes that close units; see the module."""

    def __init__(self, database: AsyncDatabase, peers: Peers) -> None:
        self._rows = database[CLOSINGS]
        self._peers = peers

    async def begin(self, unit: str) -> str:
        """Put a change on record; return its id.

        Raises:
            Conflict: the unit is being closed already.
        """
        change = new_id()
        if await self.current(unit) is None:
            with suppress(DuplicateKeyError):
                await self._rows.insert_one({"_id": unit, "change": change, "at": now()})
                return change
        raise Conflict("unit.closing")

    async def fence(self, unit: str, change: str) -> People:
        """Fence a unit in both registers; return who is there, now that nobody can enter any more.

        Raises:
            Unavailable: a register does not answer.
        """
        try:
            counts = await asyncio.gather(
                *(self._peers.fence(service, unit, change) for service in _REGISTERS)
            )
        except Unavailable:
            raise Unavailable("unit.peers_unavailable") from None
        return People(*counts)

    async def finish(self, unit: str, change: str, session: AsyncClientSession) -> None:
        """Take a change off record in the transaction that closes the unit.

        Raises:
            Unavailable: it was abandoned meanwhile.
        """
        query = {"_id": unit, "change": change}
        if (await self._rows.delete_one(query, session=session)).deleted_count != 1:
            raise Unavailable("unit.peers_unavailable")

    async def abandon(self, unit: str, change: str) -> None:
        """Give a change up, unless it is done; its fences are lifted where a register answers.

        Where one does not, it asks by itself when the next person is entered (``current``).
        """
        query = {"_id": unit, "change": change}
        if (await self._rows.delete_one(query)).deleted_count == 1:
            lifts = (self._peers.lift(service, unit, change) for service in _REGISTERS)
            await asyncio.gather(*lifts, return_exceptions=True)

    async def current(self, unit: str) -> str | None:
        """Return the change that is closing a unit now; one that takes too long is given up."""
        row = await self._rows.find_one({"_id": unit})
        if row is None:
            return None
        change: str = row["change"]
        if row["at"] > now() - ABANDONED_AFTER:
            return change
        await self.abandon(unit, change)
        return None
