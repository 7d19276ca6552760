"""HTTP of the figures: progress, counters, the live stream, definitions."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response, StreamingResponse

from aggregator.figures.service import FiguresService
from aggregator.figures.stream import Hub
from shared.base.clock import today
from shared.base.errors import Invalid, Unavailable
from shared.contract.definitions import DEFINITIONS, DEFINITIONS_VERSION, DIMENSIONS
from shared.web.access import OptionalPrincipal
from shared.web.fields import Day
from shared.web.requests import JsonResponse

router = APIRouter(prefix="/v1")

NATIONAL = "100000"
Unit = Annotated[str, Query(max_length=40, description="id or region code; national by default")]
AsOf = Annotated[Day | None, Query(description="end of this day, China Standard Time")]


def _past(day: date | None) -> date | None:
    """Return a past day, None for today."""
    if day is not None and day > today():
        raise Invalid("date.future", field="as_of", params={"today": today().isoformat()})
    return None if day == today() else day


def _service(request: Request) -> FiguresService:
    service: FiguresService = request.app.state.figures
    return service


@router.get("/progress")
async def progress(
    request: Request, principal: OptionalPrincipal, unit: Unit = NATIONAL, as_of: AsOf = None
) -> Response:
    """Answer a unit's figures against the plan, now or at the end of a past day."""
    service = _service(request)
    found, past = service.find(unit, principal), _past(as_of)
    if past is None:
        return JsonResponse(service.progress(found))
    return JsonResponse(await service.progress_on(found, past))


@router.get("/counters")
async def counters(
    request: Request,
    principal: OptionalPrincipal,
    unit: Unit = NATIONAL,
    metric: Annotated[str, Query(max_length=40)] = "members",
    by: Annotated[str, Query(max_length=40)] = "unit",
    as_of: AsOf = None,
) -> Response:
    """Answer a table of the units below (``by=unit``), or a breakdown of one metric."""
    service = _service(request)
    found, past = service.find(unit, principal), _past(as_of)
    if by == "unit":
        levels = service.levels_shown(found, principal)
        return JsonResponse(await service.table(found, levels, past))
    return JsonResponse(await service.breakdown(found, metric, by, past))


@router.get("/stream")
async def stream(
    request: Request, principal: OptionalPrincipal, unit: Unit = NATIONAL
) -> StreamingResponse:
    """Open a live stream: a snapshot, then what changes (Server-Sent Events)."""
    hub: Hub = request.app.state.hub
    found = hub.service.find(unit, principal)
    if hub.viewers() >= hub.settings.stream_clients:
        raise Unavailable("stream.full")
    return StreamingResponse(
        hub.frames(found, levels=hub.service.levels_shown(found, principal)),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


@router.get("/definitions")
async def definitions() -> Response:
    """Answer what each figure counts, in words and as a formula, and how it is broken down."""
    items = [definition.as_item() for definition in DEFINITIONS.values()]
    dimensions = [dimension.as_item() for dimension in DIMENSIONS if dimension.offered]
    return JsonResponse({"version": DEFINITIONS_VERSION, "items": items, "dimensions": dimensions})
