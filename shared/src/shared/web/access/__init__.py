"""Who asks, and what they may do: token verification, and checks of grants over the unit tree.

A grant covers the subtree of its unit, so every check takes a ``path``: the id of the unit
concerned, of its parent, … up to the national headquarters.
"""

from shared.web.access.http import (
    CurrentPrincipal,
    OptionalPrincipal,
    current_principal,
    optional_principal,
)
from shared.web.access.principal import (
    COUNTY_OR_ABOVE,
    READERS,
    ROLES,
    UNIT_READERS,
    Grant,
    Principal,
    may_read,
    require,
    require_at,
    require_service,
    roles_on,
)
from shared.web.access.tokens import TokenVerifier

__all__ = [
    "COUNTY_OR_ABOVE",
    "READERS",
    "ROLES",
    "UNIT_READERS",
    "CurrentPrincipal",
    "Grant",
    "OptionalPrincipal",
    "Principal",
    "TokenVerifier",
    "current_principal",
    "may_read",
    "optional_principal",
    "require",
    "require_at",
    "require_service",
    "roles_on",
]
