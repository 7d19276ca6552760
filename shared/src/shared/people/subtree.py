"""Which units lie below others, by the unit directory kept in the database."""

from collections.abc import Sequence

from shared.base.mongo import AsyncDatabase
from shared.register.directory import COLLECTION, DEEPEST


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
