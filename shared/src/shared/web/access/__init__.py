"""The caller and its rights: token verification, and checks of grants over the unit tree.

A grant covers the subtree of its unit, so every check takes a ``path``: the id of the unit
concerned, of its parent, … up to the national headquarters.
"""

from shared.web.access.principal import Principal, may_read, require, roles_on
from shared.web.access.tokens import CurrentPrincipal, OptionalPrincipal, TokenVerifier

__all__ = [
    "CurrentPrincipal",
    "OptionalPrincipal",
    "Principal",
    "TokenVerifier",
    "may_read",
    "require",
    "roles_on",
]
