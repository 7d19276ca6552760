"""HTTP of the figures: progress, counters, the live stream, definitions."""

from collections.abc import AsyncIterator, Mapping
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response, StreamingResponse

from aggregator import disclosure, queries
from aggregator.api.edge import (
    NATIONAL,
    json_answer,
    known_unit,
    levels_shown,
    loaded_hub,
)
from aggregator.figures import SERIES
from aggregator.freshness import Verdict
from aggregator.plans import Plan, current_plan, indicator_item
from aggregator.stream import Hub
from shared.base.clock import now, today
from shared.base.errors import Invalid, Unavailable
from shared.contract.definitions import DEFINITIONS, DEFINITIONS_VERSION, DIMENSIONS, dimensions_of
from shared.web.access import OptionalPrincipal
from shared.web.fields import Day

router = APIRouter(prefix="/v1")

HEADLINE = ("units", "members", "volunteers")

Unit = Annotated[str, Query(max_length=40, description="id or region code; national by default")]
AsOf = Annotated[Day | None, Query(description="end of this day, China Standard Time")]


def _past(day: date | None) -> str | None:
    if day is not None and day > today():
        raise Invalid("date.future", field="as_of", params={"today": today().isoformat()})
    return None if day is None or day == today() else day.isoformat()


def describe(hub: Hub, unit: str, *, plans: tuple[Plan, ...]) -> dict[str, Any]:
    """Return the body of ``/v1/progress`` for a unit, now."""
    return _progress(hub, unit, hub.figures.figures(unit), today(), plans, hub.verdict())


def _progress(
    hub: Hub,
    unit: str,
    figures: dict[str, int],
    day: date,
    plans: tuple[Plan, ...],
    verdict: Verdict,
) -> dict[str, Any]:
    card = hub.figures.cards[unit]
    plan = current_plan(plans, day)
    national = unit == hub.figures.root
    indicators: dict[str, Any] = {}
    for series in HEADLINE:
        row = plan.indicator(series) if plan and national else None
        indicators[series] = indicator_item(figures[series], plan, row, day)
    indicators["volunteers"]["enrolled"] = figures["enrolled"]
    return {
        "unit": {
            "id": unit,
            "name": card.name,
            "region_code": card.region_code,
            "level": card.level,
            "ancestors": [
                {"id": above.id, "name": above.name, "level": above.level}
                for above in reversed(hub.figures.path(unit)[1:])
            ],
        },
        "as_of": day.isoformat(),
        "at": now().isoformat(),
        "complete": verdict.complete,
        "incomplete_reasons": list(verdict.reasons),
        "lag_seconds": verdict.lag_seconds,
        "definition_version": DEFINITIONS_VERSION,
        "plan": plan.as_item(today()) if plan else None,
        "indicators": indicators,
        "unattributed": hub.figures.unattributed() if national else None,
    }


async def _figures_on(hub: Hub, units: dict[str, set[str]], day: str) -> dict[str, dict[str, int]]:
    """Return the figures of some subtrees (id to the ids counted there) at the end of a day."""
    async with hub.summing():
        own = await queries.figures_on(hub.database, day)
    totals = {unit: dict.fromkeys(SERIES, 0) for unit in units}
    for unit, members in units.items():
        for found in members & own.keys():
            for series, count in own[found].items():
                totals[unit][series] += count
    return totals


@router.get("/progress")
async def progress(
    request: Request, principal: OptionalPrincipal, unit: Unit = NATIONAL, as_of: AsOf = None
) -> Response:
    """Answer a unit's figures against the plan, now or at the end of a past day."""
    hub = loaded_hub(request)
    found, past = known_unit(hub, unit, principal), _past(as_of)
    plans = request.app.state.plans
    if past is None or as_of is None:
        return json_answer(describe(hub, found, plans=plans))
    verdict = hub.verdict()  # before the sum: it vouches for nothing that comes later
    figures = await _figures_on(hub, {found: hub.figures.subtree(found)}, past)
    if not hub.has(found):
        raise Unavailable("figures.starting")  # loaded anew meanwhile
    body = _progress(hub, found, figures[found], as_of, plans, verdict)
    return json_answer({**body, "unattributed": None})


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
    hub = loaded_hub(request)
    found, past = known_unit(hub, unit, principal), _past(as_of)
    verdict = hub.verdict()
    body: dict[str, Any] = {
        "unit": found,
        "as_of": (as_of or today()).isoformat(),
        "complete": verdict.complete,
        "lag_seconds": verdict.lag_seconds,
        "definition_version": DEFINITIONS_VERSION,
    }
    if by == "unit":
        children = hub.rows(found, levels_shown(hub, found, principal))
        hidden = len(hub.figures.children(found)) > len(children)
        rows = [hub.row(child) for child in children]
        if past is not None:
            wanted = {child: hub.figures.subtree(child) for child in children}
            figures = await _figures_on(hub, wanted, past)
            rows = [{**row, **figures[row["unit"]]} for row in rows]
        unattributed = hub.figures.unattributed() if past is None else None
        own = hub.figures.own(found) if past is None else None
        return json_answer(
            {**body, "rows": rows, "own": own, "rows_need_token": hidden,
             "unattributed": unattributed}
        )  # fmt: skip
    cells, withheld = await _breakdown(hub, found, metric, by, past)
    return json_answer({**body, "metric": metric, "by": by, "cells": cells, "withheld": withheld})


async def _breakdown(
    hub: Hub, unit: str, metric: str, by: str, day: str | None
) -> tuple[list[dict[str, Any]], bool]:
    """Return the cells, and whether they are withheld: too few people to hide one among."""
    if metric not in SERIES:
        allowed = list(SERIES)
        raise Invalid(
            "metric.unknown", field="metric", params={"metric": metric, "allowed": allowed}
        )
    offered = {dimension.id: dimension for dimension in dimensions_of(metric)}
    if by not in offered:
        params = {"metric": metric, "by": by, "allowed": ["unit", *offered]}
        raise Invalid("dimension.unknown", field="by", params=params)
    units = hub.figures.subtree(unit)
    async with hub.summing():
        totals = await queries.counter_totals(hub.database, metric, by, units, day)
    cells = queries.breakdown(metric, by, totals)
    shown: Mapping[str, int | str] = cells
    if offered[by].personal:
        shown = disclosure.publish(cells, adds_up=not offered[by].multiple)
    withheld = bool(cells) and not shown
    return [{"value": value, "count": count} for value, count in shown.items()], withheld


@router.get("/stream")
async def stream(
    request: Request, principal: OptionalPrincipal, unit: Unit = NATIONAL
) -> StreamingResponse:
    """Open a live stream: a snapshot, then what changes (Server-Sent Events)."""
    hub = loaded_hub(request)
    found = known_unit(hub, unit, principal)
    if hub.viewers() >= hub.settings.stream_clients:
        raise Unavailable("stream.full")
    frames: AsyncIterator[bytes] = hub.frames(found, levels=levels_shown(hub, found, principal))
    return StreamingResponse(
        frames,
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


@router.get("/definitions")
async def definitions() -> Response:
    """Answer what each figure counts, in words and as a formula, and how it is broken down."""
    items = [definition.as_item() for definition in DEFINITIONS.values()]
    dimensions = [dimension.as_item() for dimension in DIMENSIONS if dimension.offered]
    return json_answer({"version": DEFINITIONS_VERSION, "items": items, "dimensions": dimensions})
