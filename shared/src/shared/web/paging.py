"""Cursors of lists: where the next page goes on, opaque to the caller.

A list is ordered by id, or by instant and id; its cursor is the place of the last item of a page.
"""

import base64
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import Query

from shared.base.errors import Invalid
from shared.web.requests import JsonResponse

MAX_PAGE = 200

_ID = re.compile(r"[A-Za-z0-9-]{1,40}")
_DATED = re.compile(r"([0-9]{1,14})/([ -~]{1,250})")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)

Limit = Annotated[int, Query(ge=1, le=MAX_PAGE)]
Cursor = Annotated[str | None, Query(max_length=400, description="next_cursor of the page before")]


def after(cursor: str | None) -> str | None:
    """Return the id of the last item of the page before; None for the first page.

    Raises:
        Invalid: it is no cursor of such a list.
    """
    return _read(_ID, cursor)[0] if cursor else None


def dated_after(cursor: str | None) -> tuple[datetime, str] | None:
    """Return instant and id of the last item of the page before; None for the first page.

    Raises:
        Invalid: it is no cursor of such a list.
    """
    if not cursor:
        return None
    found = _read(_DATED, cursor)
    return _EPOCH + int(found[1]) * _MILLISECOND, found[2]


def dated(at: datetime, identity: str) -> str:
    """Return the place of an item in a list that is ordered by instant and id."""
    return f"{(at - _EPOCH) // _MILLISECOND}/{identity}"


def page_answer(items: Sequence[object], last: str | None) -> JsonResponse:
    """Return a page; ``last`` is the place of its last item where another page follows."""
    cursor = None if last is None else base64.urlsafe_b64encode(last.encode()).decode()
    return JsonResponse({"items": items, "next_cursor": cursor})


def _read(pattern: re.Pattern[str], cursor: str) -> re.Match[str]:
    """Return what a cursor says; raise Invalid where it is none of such a list."""
    try:
        found = pattern.fullmatch(base64.urlsafe_b64decode(cursor.encode()).decode())
    except ValueError:
        found = None
    if found is None:
        raise Invalid("cursor.invalid", field="cursor")
    return found
