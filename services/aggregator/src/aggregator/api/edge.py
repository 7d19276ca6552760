"""What the routes have in common: whose figures may be seen, and by whom; lists in pages."""

import base64
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import orjson
from fastapi import Query, Request
from fastapi.responses import Response

from aggregator.store import Place
from aggregator.stream import Hub
from shared.base.errors import Invalid, NotFound, Unauthenticated, Unavailable
from shared.base.mongo import Document
from shared.web.access import Principal, may_read, require

NATIONAL = "100000"
PUBLIC_LEVELS = frozenset({"NATIONAL", "PROVINCE", "PREFECTURE", "COUNTY"})
ALL_LEVELS = PUBLIC_LEVELS | {"GRASSROOTS"}

MAX_PAGE = 200
Limit = Annotated[int, Query(ge=1, le=MAX_PAGE)]
PageCursor = Annotated[
    str | None, Query(max_length=400, description="next_cursor of the page before")
]
_PLACE = re.compile(r"([0-9]{1,14})/([ -~]{1,250})")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def json_answer(body: object) -> Response:
    """Return a body as JSON."""
    return Response(orjson.dumps(body), media_type="application/json")


def place_of(cursor: str | None) -> Place | None:
    """Return where the page before ended; None for the first page."""
    if cursor is None:
        return None
    try:
        found = _PLACE.fullmatch(base64.urlsafe_b64decode(cursor.encode()).decode())
    except ValueError:
        found = None
    if found is None:
        raise Invalid("cursor.invalid", field="cursor")
    return _EPOCH + int(found[1]) * _MILLISECOND, found[2]


def page_answer(
    found: Sequence[Document], limit: int, shown: Callable[[Document], Any]
) -> Response:
    """Return a page as JSON, of entries of which one more than the limit was asked for."""
    following = None
    if len(found) > limit:
        last = found[limit - 1]
        place = f"{(last['at'] - _EPOCH) // _MILLISECOND}/{last['_id']}"
        following = base64.urlsafe_b64encode(place.encode()).decode()
    items = [shown(document) for document in found[:limit]]
    return json_answer({"items": items, "next_cursor": following})


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
