"""HTTP of the comparisons."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from aggregator.figures.service import FiguresService
from aggregator.recount import store
from shared.web.access import CurrentPrincipal, require
from shared.web.paging import Cursor, Limit, dated, dated_after, page_answer

router = APIRouter(prefix="/v1")


@router.get("/recounts")
async def list_recounts(
    request: Request, principal: CurrentPrincipal, limit: Limit = 50, cursor: Cursor = None
) -> Response:
    """Answer the comparisons of the figures with a recount of the registries, newest first."""
    figures: FiguresService = request.app.state.figures
    require(principal, "viewer", figures.national_scope())
    database = request.app.state.async_database
    found = await store.page(database, after=dated_after(cursor), limit=limit + 1)
    last = found[limit - 1] if len(found) > limit else None
    place = dated(last["at"], last["_id"]) if last else None
    return page_answer([{"id": one.pop("_id"), **one} for one in found[:limit]], place)
