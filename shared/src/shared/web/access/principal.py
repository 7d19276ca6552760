"""The caller and the pure checks of what he or she may do (docs/design.md section 7)."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.base.errors import Forbidden, NotFound

VIEWER = "viewer"
ROLES = frozenset({VIEWER, "registrar", "approver", "organiser", "auditor", "privacy", "admin"})
READERS = frozenset({VIEWER, "registrar", "approver", "organiser", "privacy"})
"""Roles that may read persons (masked). ``auditor`` reads logs, ``admin`` sets up: neither needs
persons, so neither sees them."""
UNIT_READERS = READERS | {"auditor", "admin"}
"""Roles that may read units, which are no persons."""
COUNTY_OR_ABOVE = ("NATIONAL", "PROVINCE", "PREFECTURE", "COUNTY")


@dataclass(frozen=True)
class Grant:
    """Roles over a unit and all units below it."""

    unit: str
    roles: frozenset[str]


@dataclass(frozen=True)
class Principal:
    """A verified caller.

    Args:
        subject: the token's ``sub``; what logs and records name.
        grants: what an officer may do, and where.
        person: id of the volunteer whose own account this is, if it is one.
        service: whether it is another service of the registry.
    """

    subject: str
    grants: tuple[Grant, ...] = ()
    person: str | None = None
    service: bool = False


def roles_on(principal: Principal, path: Sequence[str]) -> frozenset[str]:
    """Return the roles held on a unit, by grants on it or on any unit above.

    Args:
        path: id of the unit, its parent, … the headquarters.
    """
    roles: frozenset[str] = frozenset()
    for grant in principal.grants:
        if grant.unit in path:
            roles |= grant.roles
    return roles


def may_read(principal: Principal, path: Sequence[str], readers: frozenset[str] = READERS) -> bool:
    """Whether what belongs to a unit is within the caller's scope of reading."""
    return principal.service or not readers.isdisjoint(roles_on(principal, path))


def require(
    principal: Principal,
    role: str,
    path: Sequence[str],
    *,
    at: Sequence[str] | None = None,
    readable: bool = True,
    readers: frozenset[str] = READERS,
) -> None:
    """Refuse a caller who does not hold a role on a unit.

    Args:
        role: the role needed; ``viewer`` means any role that may read.
        path: id of the unit, its parent, … the headquarters.
        at: those of the path on which the role must be granted; by default any.
        readable: whether what is addressed exists already, so that its existence is hidden from
            those outside the scope of reading; False for a create.
        readers: the roles that may read what is addressed.

    Raises:
        NotFound: outside the scope of reading.
        Forbidden: may read, or creates, but does not hold the role, or holds it elsewhere.
    """
    if role in roles_on(principal, path):
        if at is not None and role not in roles_on(principal, at):
            raise Forbidden("scope.level", params={"role": role, "levels": list(COUNTY_OR_ABOVE)})
        return
    readable_here = may_read(principal, path, readers)
    if role == VIEWER and readable_here:
        return
    if readable and not readable_here:
        raise NotFound("not_found")
    raise Forbidden("scope.forbidden", params={"role": role})


def require_service(principal: Principal) -> None:
    """Refuse all but the registry's own services."""
    if not principal.service:
        raise Forbidden("scope.service")
