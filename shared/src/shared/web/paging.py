"""Lists in pages, ordered by instant and id: the query parameters, the cursor, the answer."""

import base64
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import orjson
from fastapi import Query
from fastapi.responses import Response

from shared.base.errors import Invalid
from shared.base.mongo import Document, Place

MAX_PAGE = 200
Limit = Annotated[int, Query(ge=1, le=MAX_PAGE)]
PageCursor = Annotated[
    str | None, Query(max_length=400, description="next_cursor of the page before")
]
_PLACE = re.compile(r"([0-9]{1,14})/([ -~]{1,250})")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def place_of(cursor: str | None) -> Place | None:
    """Return where the page before ended; None for the first page.

    Raises:
        Invalid: it is no cursor of ours.
    """
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
    body = orjson.dumps({"items": items, "next_cursor": following})
    return Response(body, media_type="application/json")
