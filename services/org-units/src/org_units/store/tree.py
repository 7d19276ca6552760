"""Paths in the tree: names and levels of the units from headquarters down to one of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from org_units.store.document import UNITS
from shared.base.mongo import AsyncDatabase


@dataclass(frozen=True)
class Node:
    """A unit as a step of a path."""

    id: str
    name: str
    level: str
    type: str
    region_code: str | None


def scope(path: Iterable[Node]) -> list[tuple[str, str]]:
    """Return what grants may name for the units of a path: ids, and region codes of chapters.

    Each with the unit's level, as ``access.require_at`` takes it.
    """
    names: list[tuple[str, str]] = []
    for node in path:
        names.append((node.id, node.level))
        if node.region_code and node.type == "CHAPTER":
            names.append((node.region_code, node.level))
    return names


class Tree:
    """Names and levels of the units on a path.

    Chapters change by the seed only, which adds and never alters, so each is kept once read;
    grassroots units are read anew.
    """

    def __init__(self, database: AsyncDatabase) -> None:
        self._database = database
        self._chapters: dict[str, Node] = {}

    async def nodes(self, ids: Iterable[str]) -> dict[str, Node]:
        """Return the units of these ids, by id; those that do not exist are left out."""
        wanted = set(ids)
        found = {unit: self._chapters[unit] for unit in wanted if unit in self._chapters}
        if missing := wanted - found.keys():
            fields = ("name", "level", "type", "region_code")
            cursor = self._database[UNITS].find({"_id": {"$in": list(missing)}}, fields)
            async for son in cursor:
                node = Node(
                    son["_id"], son["name"], son["level"], son["type"], son.get("region_code")
                )
                found[node.id] = node
                if node.type == "CHAPTER":
                    self._chapters[node.id] = node
        return found

    async def path(self, lineage: Sequence[str]) -> list[Node]:
        """Return the units of a lineage, headquarters first."""
        nodes = await self.nodes(lineage)
        return [nodes[unit] for unit in lineage]
