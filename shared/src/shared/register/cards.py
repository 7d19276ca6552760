"""Cards of units as a register keeps them: written only by a higher version, read by scope.

The worker writes them from events; what org-units answers is written the same way.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from sys import intern
from typing import Any

from pymongo import UpdateOne

from shared.base.mongo import AsyncDatabase, Database, Document

COLLECTION = "unit_directory"
DEEPEST = 12
"""More units than any path holds: a circle of parents, which only a defect makes, ends here."""
_FIELDS = ("name", "code", "region_code", "type", "level", "status", "parent")


@dataclass(frozen=True, slots=True)
class Card:
    """What other services know of a unit."""

    id: str
    version: int
    name: str
    code: str
    region_code: str | None
    type: str
    level: str
    status: str
    parent: str | None
    doubtful: bool = False
    """Whether a later event of the unit could not be read: org-units is asked before it serves."""
    since: date | None = None
    """The earlier one of its own founding and its predecessor's, if org-units knows one."""


def card_of(stored: Mapping[str, Any]) -> Card:
    # 150,000 cards share a few dozen of these texts.
    return Card(
        id=stored["_id"],
        version=stored["version"],
        name=stored["name"],
        code=stored["code"],
        region_code=stored.get("region_code"),
        type=intern(stored["type"]),
        level=intern(stored["level"]),
        status=intern(stored["status"]),
        parent=stored.get("parent"),
        doubtful=stored.get("doubtful", False),
        since=date.fromisoformat(since) if (since := stored.get("since")) else None,
    )


def update(document: Document) -> UpdateOne:
    """Return the write that puts a card in place of an older or doubtful one, without a miss."""
    known = {"$ifNull": ["$version", 0]}
    settled = {"$and": [{"$eq": [known, document["version"]]}, {"$eq": ["$doubtful", True]}]}
    newer = {"$or": [{"$lt": [known, document["version"]]}, settled]}
    replacement = {"$cond": [newer, {"$literal": document}, "$$ROOT"]}
    return UpdateOne({"_id": document["_id"]}, [{"$replaceWith": replacement}], upsert=True)


def document_of(card: Mapping[str, Any]) -> Document:
    days = (card.get("founded_on"), card.get("predecessor_founded_on"))
    return {
        "_id": card["id"],
        "version": card["version"],
        **{name: card.get(name) for name in _FIELDS},
        "since": min((str(day) for day in days if day), default=None),  # dates, or ISO text
    }


def apply_cards(database: Database, cards: Iterable[Mapping[str, Any]]) -> None:
    """Store unit cards in one round trip; each replaces only a lower version of itself.

    Args:
        database: the service's database.
        cards: ``shared.contract.events.payloads.UnitCard`` as mappings.
    """
    if writes := [update(document_of(card)) for card in cards]:
        database[COLLECTION].bulk_write(writes, ordered=False)


def doubt(database: Database, units: Iterable[str]) -> None:
    """Mark cards that may be out of date; org-units is asked for them when they are needed.

    They stay, because lists use them to find the units below a unit.
    """
    database[COLLECTION].update_many({"_id": {"$in": list(units)}}, {"$set": {"doubtful": True}})


def withdraw(database: Database, units: Iterable[str]) -> None:
    """Remove cards of which org-units, restored from a backup, knows nothing, or not in that version."""
    database[COLLECTION].delete_many({"_id": {"$in": list(units)}})


async def ids_below(database: AsyncDatabase, roots: Sequence[str]) -> list[str] | None:
    """Return the ids of some units and of all below them; None where that is the nation.

    Args:
        roots: ids of units, or region codes of chapters, as grants name them.
    """
    cards = database[COLLECTION]
    chapters = {"region_code": {"$in": list(roots)}, "level": {"$ne": "GRASSROOTS"}}
    found: set[str] = set()
    named = cards.find({"$or": [{"_id": {"$in": list(roots)}}, chapters]}, {"level": 1})
    async for card in named:
        if card["level"] == "NATIONAL":
            return None
        found.add(card["_id"])
    edge = list(found)
    for _ in range(DEEPEST):
        if not edge:
            break
        below = cards.find({"parent": {"$in": edge}}, {"_id": 1}, batch_size=5_000)
        edge = [card["_id"] async for card in below if card["_id"] not in found]
        found.update(edge)
    return sorted(found)
