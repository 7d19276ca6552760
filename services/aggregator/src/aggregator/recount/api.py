"""HTTP of the comparisons."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from aggregator.figures.service import FiguresService
from aggregator.recount import store
from shared.base.mongo import Document
from shared.web.access import CurrentPrincipal, require
from shared.web.paging import Limit, PageCursor, page_answer, place_of

router = APIRouter(prefix="/v1")


@router.get("/recounts")
async def list_recounts(
    request: Request, principal: CurrentPrincipal, limit: Limit = 50, cursor: PageCursor = None
) -> Response:
    """Answer the comparisons of the figures with a recount of the registries, newest first."""
    figures: FiguresService = request.app.state.figures
    require(principal, "viewer", figures.national_scope())
    database = request.app.state.async_database
    found = await store.page(database, after=place_of(cursor), limit=limit + 1)
    return page_answer(found, limit, _recount)


def _recount(document: Document) -> dict[str, Any]:
    return {"id": document["_id"], **{k: v for k, v in document.items() if k != "_id"}}
