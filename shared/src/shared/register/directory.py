"""The unit directory of member and volunteer: cards of units carried by events, mirrored in memory.

The worker applies events to the collection; the HTTP process follows the collection and answers
from a dictionary. A unit not found, and every refusal that rests on a card, asks org-units first
(docs/design.md section 5.9), so that a unit activated a moment ago is never refused. So does every
admission while the directory is older than its limit, so that a unit closed since takes nobody.
"""

import asyncio
import math
from collections.abc import Mapping, Sequence
from contextlib import suppress

from prometheus_client import Gauge
from pymongo.errors import PyMongoError

from shared.base import log
from shared.base.clock import now
from shared.base.errors import Unavailable
from shared.base.mongo import AsyncDatabase, Document
from shared.pipeline.eventlog import TopicPartition
from shared.pipeline.watermark import SourceAge, of_document
from shared.register.cards import (
    COLLECTION,
    DEEPEST,
    Card,
    apply_cards,
    card_of,
    document_of,
    doubt,
    ids_below,
    update,
    withdraw,
)
from shared.register.peers import Peers

__all__ = ["COLLECTION", "Card", "Directory", "apply_cards", "doubt", "ids_below", "withdraw"]

MARKS = "directory_marks"
"""The numbers applied in each partition, by the worker."""
WATERMARKS = "directory_watermarks"
"""The newest watermark of org-units, as the worker read it."""
LONGEST_BACK_OFF = 5.0
TRUSTED_SECONDS = 30.0

AGE = Gauge("registry_directory_age_seconds", "Age of the unit directory; infinite: not known")
_log = log.get(__name__)


class Withdrawn(Exception):
    """A card was removed: the mirror loads everything anew, for it keeps only higher versions."""


class Directory:
    """The mirror in an HTTP process; look-ups are dictionary accesses.

    They raise Unavailable where a unit is not known here and org-units does not answer.

    Args:
        database: of the service.
        peers: asks org-units.
        trusted_seconds: how old the directory may be for an admission to rest on it.
    """

    def __init__(
        self, database: AsyncDatabase, peers: Peers, trusted_seconds: float = TRUSTED_SECONDS
    ) -> None:
        self._database, self._collection = database, database[COLLECTION]
        self._peers, self._trusted_seconds = peers, trusted_seconds
        self._cards: dict[str, Card] = {}
        self._age = SourceAge()
        self._applied: dict[TopicPartition, Mapping[str, int]] = {}
        self._loaded = asyncio.Event()
        self._following: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Load the directory and follow it from now on; returns when it is loaded."""
        AGE.set_function(self.age_seconds)
        self._following = asyncio.create_task(self._follow())
        await self._loaded.wait()

    async def stop(self) -> None:
        """Stop following."""
        if self._following is not None:
            self._following.cancel()
            await asyncio.wait([self._following])

    async def ready(self) -> None:
        """Make sure the mirror follows the collection; a readiness check.

        Raises:
            Unavailable: it does not.
        """
        if not self._loaded.is_set():
            raise Unavailable("unavailable")

    def some_unit(self) -> str | None:
        """Return some unit of the directory, if it holds one."""
        return next(reversed(self._cards), None)

    def age_seconds(self) -> float:
        """Return how old the directory is as far as that is known; infinite where it is not."""
        return self._age.age(now()) if self._loaded.is_set() else math.inf

    def known(self, unit_id: str) -> Card | None:
        """Return a unit's card from memory alone, as far as an admission may rest on it.

        None where there is none, where it is doubtful, and while the directory is too old or its
        age is not known: ``refresh`` then asks org-units.
        """
        card = self.held(unit_id)
        return card if card and self.age_seconds() <= self._trusted_seconds else None

    def held(self, unit_id: str) -> Card | None:
        """Return a unit's card of whatever age, unless it is doubtful."""
        card = self._cards.get(unit_id)
        return None if card is None or card.doubtful else card

    def known_path(self, unit_id: str) -> list[Card]:
        """Return the known part of a path from memory alone: the unit, its parent, …"""
        path: list[Card] = []
        following: str | None = unit_id
        while following and len(path) < DEEPEST and (card := self.held(following)):
            path.append(card)
            following = card.parent
        return path

    async def get(self, unit_id: str) -> Card | None:
        """Return a unit's card; asks org-units where it is not known. None: there is none.

        Raises:
            Unavailable: it is not known here and org-units does not answer.
        """
        return self.held(unit_id) or await self.refresh(unit_id)

    async def path(self, unit_id: str) -> list[Card]:
        """Return the cards of a unit, its parent, … the headquarters; empty: no such unit.

        Raises:
            Unavailable: part of it is not known here and org-units does not answer.
        """
        path: list[Card] = []
        following: str | None = unit_id
        while following and len(path) < DEEPEST:
            card = self.held(following) or await self.refresh(following)
            if card is None:
                if path:
                    _log.error("a parent is not known to org-units", unit=unit_id, parent=following)
                    raise Unavailable("unavailable")
                return []
            path.append(card)
            following = card.parent
        return path

    async def paths(self, units: Sequence[str]) -> list[list[Card]]:
        """Return the paths of some units in their order, to be shown: as far as they are known.

        Memory answers, for doubtful cards too; org-units is asked for those that are not there.
        """
        found = {unit: await self._shown_path(unit) for unit in dict.fromkeys(units)}
        return [found[unit] for unit in units]

    async def _shown_path(self, unit_id: str) -> list[Card]:
        path: list[Card] = []
        following: str | None = unit_id
        with suppress(Unavailable):
            while following and len(path) < DEEPEST:
                card = self._cards.get(following) or await self.refresh(following)
                if card is None:
                    break
                path.append(card)
                following = card.parent
        return path

    async def refresh(self, unit_id: str) -> Card | None:
        """Return a unit's card as org-units shows it now, and keep it; None: there is none.

        To be used before any refusal that rests on a card.

        Raises:
            Unavailable: org-units does not answer.
        """
        found = await self._peers.unit(unit_id)
        if found is None:
            return None
        document = document_of({**found, "parent": found["parent_id"]})
        try:
            await self._collection.bulk_write([update(document)])
        except PyMongoError as problem:
            _log.warning("a card could not be stored", unit=unit_id, problem=repr(problem)[:200])
        return self._keep(card_of(document))

    async def closing(self, unit_id: str) -> str | None:
        """Return the change by which org-units is closing a unit now; None if it is not.

        Raises:
            Unavailable: org-units does not answer.
        """
        found = await self._peers.get("org-units", f"/v1/units/{unit_id}/closing")
        return None if found is None else found["change"]

    async def refresh_path(self, unit_id: str) -> list[Card]:
        """Return the path as org-units shows it now; before a refusal that rests on scope.

        Raises:
            Unavailable: org-units does not answer.
        """
        known = self.known_path(unit_id)
        await asyncio.gather(
            *(self.refresh(name) for name in {unit_id, *(card.id for card in known)})
        )
        return await self.path(unit_id)

    def _keep(self, card: Card) -> Card:
        """Keep a card unless a higher version is known; return the one that is kept.

        For equal versions the newer ``doubtful`` flag wins.
        """
        known = self._cards.get(card.id)
        if known is None or known.version <= card.version:
            self._cards[card.id] = card
            return card
        return known

    async def _follow(self) -> None:
        """Load and follow for ever; after any error wait a little and load anew."""
        back_off = 0.1
        while True:
            try:
                await self._load_and_follow()
            except Withdrawn:
                self._cards = {}
            except Exception as problem:  # noqa: BLE001 - must not appear ready
                _log.warning("the directory starts over", problem=repr(problem)[:300])
            back_off = 0.1 if self._loaded.is_set() else min(LONGEST_BACK_OFF, back_off * 2)
            self._loaded.clear()
            await asyncio.sleep(back_off)

    async def _load_and_follow(self) -> None:
        followed = {"$in": [COLLECTION, MARKS, WATERMARKS]}
        stages: list[Document] = [
            {"$match": {"ns.coll": followed}},
            {"$project": {"ns": 1, "fullDocument": 1, "operationType": 1}},
        ]
        # One stream of all three: a mark is seen after the cards that it is about.
        async with await self._database.watch(
            stages, full_document="updateLookup", batch_size=1_000
        ) as stream:
            # Opened first, so that writes during the load are not missed.
            self._age, self._applied = SourceAge(), {}
            for name in (MARKS, WATERMARKS, COLLECTION):  # cards last: no older than the marks
                async for stored in self._database[name].find({}, batch_size=5_000):
                    self._take(name, stored, heard=False)
            self._loaded.set()
            async for change in stream:
                if change["operationType"] == "delete":
                    raise Withdrawn(change["ns"]["coll"])
                if change.get("fullDocument") is not None:
                    self._take(change["ns"]["coll"], change["fullDocument"], heard=True)

    def _take(self, name: str, stored: Document, *, heard: bool) -> None:
        if name == COLLECTION:
            self._keep(card_of(stored))
            return
        if name == MARKS:
            self._applied[(stored["topic"], stored["partition"])] = stored["sequences"]
        else:
            self._age.take(of_document(stored), heard=heard)
        self._age.advance(self._applied)
