"""Query parameters: one that a route does not declare is refused by name, for every service alike.

A misspelt filter would otherwise be ignored, and its answer taken for what was asked for.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from fastapi.routing import iter_route_contexts

from shared.base.errors import FieldError, invalid
from shared.web.validation import plain_name

API = "/v1/"
"""Pages, assets and health are asked for by tools that add parameters of their own."""
MOST_NAMED = 20


@dataclass(frozen=True)
class _Route:
    path: re.Pattern[str]
    methods: frozenset[str]
    parameters: frozenset[str]


class Declared:
    """What the routes of an application declare.

    Args:
        routes: the application's own list; read at the first request, when it is complete.
    """

    def __init__(self, routes: Sequence[Any]) -> None:
        self._routes = [
            _Route(
                context.path_regex,
                frozenset(context.methods or ()),
                frozenset(field.alias for field in _fields(context.dependant)),
            )
            for context in iter_route_contexts(routes)
            if getattr(context, "dependant", None) is not None
        ]

    def check(self, method: str, path: str, query: bytes) -> None:
        """Refuse a query with parameters that the route does not know.

        Raises:
            Invalid: a parameter is unknown; lists those that exist.
        """
        if not query or not path.startswith(API):
            return
        declared = (
            route.parameters
            for route in self._routes
            if method in route.methods and route.path.match(path)
        )
        if (known := next(declared, None)) is None:
            return
        given = dict.fromkeys(name for name, _ in parse_qsl(query.decode("latin-1"), True))
        unknown = [plain_name(name) for name in given if name not in known][:MOST_NAMED]
        if unknown:
            offered = {"parameters": sorted(known)}
            raise invalid(
                [FieldError(name, "query.unknown", {"name": name, **offered}) for name in unknown]
            )


def _fields(dependant: Any) -> Iterator[Any]:
    """Yield the query parameters of a route and of what it depends on."""
    yield from dependant.query_params
    for below in dependant.dependencies:
        yield from _fields(below)
