"""Who may do what on what belongs to a unit: grants against the unit's path in the tree.

A register takes paths from its own tree (org-units) or from the unit directory (the others). A path
is the unit, its parent, … the headquarters.
"""

from collections.abc import Sequence
from typing import Protocol

from shared.base.errors import Forbidden, NotFound
from shared.web.access.principal import (
    COUNTY_OR_ABOVE,
    READERS,
    Principal,
    require,
    roles_on,
)

GRASSROOTS = "GRASSROOTS"


class Place(Protocol):
    """A unit as a step of a path."""

    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def level(self) -> str: ...
    @property
    def region_code(self) -> str | None: ...


class Paths(Protocol):
    """Where the paths of units come from."""

    async def path(self, unit: str) -> Sequence[Place]:
        """Return the path of a unit; empty where there is no such unit."""
        ...

    async def refresh_path(self, unit: str) -> Sequence[Place]:
        """Return the path as the owner of the tree shows it now."""
        ...

    async def paths(self, units: Sequence[str]) -> Sequence[Sequence[Place]]:
        """Return the paths of some units in their order, to be shown: as far as they are known."""
        ...

    def some_unit(self) -> str | None:
        """Return some unit of the tree, if there is one."""
        ...


def names(path: Sequence[Place]) -> list[tuple[str, str]]:
    """Return what grants may name for the units of a path, with their levels.

    That is their ids, and the region codes of chapters.
    """
    found: list[tuple[str, str]] = []
    for place in path:
        found.append((place.id, place.level))
        if place.region_code and place.level != GRASSROOTS:
            found.append((place.region_code, place.level))
    return found


class Scope:
    """Checks of grants over the units; see the module.

    Args:
        paths: where paths come from.
        readers: the roles that may read what belongs to a unit.
    """

    def __init__(self, paths: Paths, readers: frozenset[str] = READERS) -> None:
        self.paths = paths
        self.readers = readers

    async def authorise(
        self,
        caller: Principal,
        unit: str,
        role: str,
        *,
        at_county_or_above: bool = False,
        readable: bool = True,
        path: Sequence[Place] | None = None,
    ) -> Sequence[Place]:
        """Return a unit's path to a caller who holds a role on it.

        Args:
            path: the unit's path, where it was looked up already.
            role: ``viewer`` means any role that may read.
            at_county_or_above: whether the role must be granted at a county or above.
            readable: False for a creation, whose refusal hides nothing.

        Raises:
            NotFound: outside the scope of reading.
            Forbidden: may read, but not do this.
        """
        path = await self.paths.path(unit) if path is None else path
        refreshed = not caller.grants  # a caller without grants is not checked again
        while True:
            named = names(path)
            flat, at = [name for name, _ in named], None
            if at_county_or_above:
                at = [name for name, level in named if level in COUNTY_OR_ABOVE]
            try:
                require(caller, role, flat, at=at, readable=readable, readers=self.readers)
            except (NotFound, Forbidden):
                if refreshed:
                    raise
                # Reload the path before refusing: the unit may have just moved.
                path, refreshed = await self.paths.refresh_path(unit), True
            else:
                return path

    async def refuse_absent(self, caller: Principal) -> NotFound:
        """Return the refusal of an unknown id, after the same look-ups as for one out of scope.

        Otherwise the time of the answer would show what exists outside the caller's scope.
        """
        unit = self.paths.some_unit()
        if caller.grants and unit is not None:
            await self.paths.refresh_path(unit)
        return NotFound("not_found")

    async def may_read(self, caller: Principal, unit: str) -> bool:
        """Whether what belongs to a unit is within the caller's scope of reading."""
        try:
            await self.authorise(caller, unit, "viewer")
        except NotFound:
            return False
        return True

    def roles(
        self, caller: Principal, path: Sequence[Place]
    ) -> tuple[frozenset[str], frozenset[str]]:
        """Return the roles held on a path: by any grant, and by a grant at a county or above."""
        named = names(path)
        upper = [name for name, level in named if level in COUNTY_OR_ABOVE]
        return roles_on(caller, [name for name, _ in named]), roles_on(caller, upper)
