"""What the routes have in common: whose figures may be seen, and by whom."""

import orjson
from fastapi import Request
from fastapi.responses import Response

from aggregator.stream import Hub
from shared.access import Principal, may_read, require
from shared.errors import NotFound, Unauthenticated, Unavailable

NATIONAL = "100000"
PUBLIC_LEVELS = frozenset({"NATIONAL", "PROVINCE", "PREFECTURE", "COUNTY"})
ALL_LEVELS = PUBLIC_LEVELS | {"GRASSROOTS"}


def json_answer(body: object, status: int = 200) -> Response:
    """Return a body as JSON."""
    return Response(orjson.dumps(body), status, media_type="application/json")


def loaded_hub(request: Request) -> Hub:
    """Return the figures, once they are loaded."""
    hub: Hub = request.app.state.hub
    if not hub.ready:
        raise Unavailable("figures.starting")
    return hub


def scope_of(hub: Hub, unit: str) -> list[str]:
    """Return what grants may name for a unit's path: ids, and region codes of chapters."""
    path = hub.figures.path(unit)
    codes = [card.region_code for card in path if card.level != "GRASSROOTS" and card.region_code]
    return [*(card.id for card in path), *codes]


def known_unit(hub: Hub, name: str, principal: Principal | None) -> str:
    """Return a unit's id; below county only who may read there is told of it."""
    if hub.figures.root is None:
        raise Unavailable("figures.starting")  # the tree is being seeded: a 404 would be final
    unit = hub.figures.find(name)
    if unit is None:
        raise NotFound("unit.unknown", field="unit")
    if hub.figures.cards[unit].level not in PUBLIC_LEVELS:
        if principal is None:
            raise Unauthenticated("auth.missing")
        require(principal, "viewer", scope_of(hub, unit))
    return unit


def levels_shown(hub: Hub, unit: str, principal: Principal | None) -> frozenset[str]:
    """Lines of grassroots units, under whatever chapter, are for those who may read there."""
    readable = principal is not None and may_read(principal, scope_of(hub, unit))
    return ALL_LEVELS if readable else PUBLIC_LEVELS
