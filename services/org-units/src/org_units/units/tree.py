"""Paths in the tree: names and levels of a unit, its parent, … the headquarters."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from shared.base.mongo import AsyncDatabase

UNITS = "units"


@dataclass(frozen=True)
class Node:
    """A unit as a step of a path."""

    id: str
    name: str
    level: str
    type: str
    region_code: str | None


class Tree:
    """Names and levels of the units on a path.

    Chapters change by the seed only, which adds and never alters, so each is kept once read;
    grassroots units are read anew.
    """

    def __init__(self, database: AsyncDatabase) -> None:
        self._units = database[UNITS]
        self._chapters: dict[str, Node] = {}
        self._regions: dict[str, str] = {}

    async def path(self, unit: str) -> list[Node]:
        """Return the path of a unit; empty where there is no such unit."""
        found = await self._units.find_one({"_id": unit}, {"lineage": 1})
        if found is None:
            return []
        nodes = await self.nodes(found["lineage"])
        return [nodes[one] for one in reversed(found["lineage"])]

    async def paths(self, units: Sequence[str]) -> list[list[Node]]:
        """Return the paths of some units, in their order."""
        found = self._units.find({"_id": {"$in": list(units)}}, {"lineage": 1})
        lineages = {son["_id"]: son["lineage"] async for son in found}
        nodes = await self.nodes({one for lineage in lineages.values() for one in lineage})
        return [[nodes[one] for one in reversed(lineages[unit])] for unit in units]

    async def refresh_path(self, unit: str) -> list[Node]:
        """Return the path; it is read from the tree itself, so there is nothing to reload."""
        return await self.path(unit)

    def some_unit(self) -> str | None:
        """Return None: a look-up within the scope costs the same whether a unit exists or not."""
        return None

    async def nodes(self, ids: Iterable[str]) -> dict[str, Node]:
        """Return the units of these ids, by id; those that do not exist are left out."""
        wanted = set(ids)
        found = {unit: self._chapters[unit] for unit in wanted if unit in self._chapters}
        if missing := wanted - found.keys():
            names = ("name", "level", "type", "region_code")
            async for son in self._units.find({"_id": {"$in": list(missing)}}, names):
                node = Node(
                    son["_id"], son["name"], son["level"], son["type"], son.get("region_code")
                )
                found[node.id] = node
                if node.type == "CHAPTER":
                    self._chapters[node.id] = node
        return found

    async def chapters(self, region_codes: Iterable[str]) -> list[str]:
        """Return the ids of the chapters of some regions; those without one are left out."""
        wanted = set(region_codes)
        if missing := wanted - self._regions.keys():
            query = {"region_code": {"$in": list(missing)}, "type": "CHAPTER"}
            async for son in self._units.find(query, {"region_code": 1}):
                self._regions[son["region_code"]] = son["_id"]
        return [self._regions[code] for code in wanted if code in self._regions]
