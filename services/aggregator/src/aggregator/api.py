"""HTTP of the aggregator: progress, counters, the live stream, and what an operator needs."""

from collections.abc import AsyncIterator, Mapping
from datetime import date
from functools import partial
from typing import Annotated, Any

import anyio
import orjson
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response, StreamingResponse

import aggregator.messages  # noqa: F401  (registers this service's texts)
from aggregator import deadletters, disclosure, queries
from aggregator.figures import SERIES
from aggregator.freshness import Verdict
from aggregator.plans import Plan, current_plan, indicator_item
from aggregator.schemas import Dismissal, Replay
from aggregator.stream import Hub
from shared.access import (
    CurrentPrincipal,
    OptionalPrincipal,
    Principal,
    may_read,
    require,
    roles_on,
)
from shared.clock import now, today
from shared.definitions import DEFINITIONS, DEFINITIONS_VERSION, dimensions_of
from shared.errors import Forbidden, Invalid, NotFound, Unauthenticated, Unavailable

router = APIRouter(prefix="/v1")

NATIONAL = "100000"
PUBLIC_LEVELS = frozenset({"NATIONAL", "PROVINCE", "PREFECTURE", "COUNTY"})
ALL_LEVELS = PUBLIC_LEVELS | {"GRASSROOTS"}
HEADLINE = ("units", "members", "volunteers")

Unit = Annotated[str, Query(max_length=40, description="id or region code; national by default")]
AsOf = Annotated[date | None, Query(description="end of this day, China Standard Time")]


def _json(body: object, status: int = 200) -> Response:
    return Response(orjson.dumps(body), status, media_type="application/json")


def _hub(request: Request) -> Hub:
    hub: Hub = request.app.state.hub
    if not hub.ready:
        raise Unavailable("figures.starting")
    return hub


def _scope(hub: Hub, unit: str) -> list[str]:
    """Return what grants may name for a unit's path: ids, and region codes of chapters."""
    path = hub.figures.path(unit)
    codes = [card.region_code for card in path if card.level != "GRASSROOTS" and card.region_code]
    return [*(card.id for card in path), *codes]


def _unit(hub: Hub, name: str, principal: Principal | None) -> str:
    """Return a unit's id; below county only who may read there is told of it."""
    if hub.figures.root is None:
        raise Unavailable("figures.starting")  # the tree is being seeded: a 404 would be final
    unit = hub.figures.find(name)
    if unit is None:
        raise NotFound("unit.unknown", field="unit")
    if hub.figures.cards[unit].level not in PUBLIC_LEVELS:
        if principal is None:
            raise Unauthenticated("auth.missing")
        require(principal, "viewer", _scope(hub, unit))
    return unit


def _levels_shown(hub: Hub, unit: str, principal: Principal | None) -> frozenset[str]:
    """Lines of grassroots units, under whatever chapter, are for those who may read there."""
    readable = principal is not None and may_read(principal, _scope(hub, unit))
    return ALL_LEVELS if readable else PUBLIC_LEVELS


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
    async with hub.summing:
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
    hub = _hub(request)
    found, past = _unit(hub, unit, principal), _past(as_of)
    plans = request.app.state.plans
    if past is None or as_of is None:
        return _json(describe(hub, found, plans=plans))
    verdict = hub.verdict()  # before the sum: it vouches for nothing that comes later
    figures = await _figures_on(hub, {found: hub.figures.subtree(found)}, past)
    body = _progress(hub, found, figures[found], as_of, plans, verdict)
    return _json({**body, "unattributed": None})


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
    hub = _hub(request)
    found, past = _unit(hub, unit, principal), _past(as_of)
    verdict = hub.verdict()
    body: dict[str, Any] = {
        "unit": found,
        "as_of": (as_of or today()).isoformat(),
        "complete": verdict.complete,
        "lag_seconds": verdict.lag_seconds,
        "definition_version": DEFINITIONS_VERSION,
    }
    if by == "unit":
        children = hub.rows(found, _levels_shown(hub, found, principal))
        hidden = len(hub.figures.children(found)) > len(children)
        rows = [hub.row(child) for child in children]
        if past is not None:
            wanted = {child: hub.figures.subtree(child) for child in children}
            figures = await _figures_on(hub, wanted, past)
            rows = [{**row, **figures[row["unit"]]} for row in rows]
        unattributed = hub.figures.unattributed() if past is None else None
        own = hub.figures.own(found) if past is None else None
        return _json(
            {**body, "rows": rows, "own": own, "rows_need_token": hidden,
             "unattributed": unattributed}
        )  # fmt: skip
    cells = await _breakdown(hub, found, metric, by, past)
    return _json({**body, "metric": metric, "by": by, "cells": cells})


async def _breakdown(
    hub: Hub, unit: str, metric: str, by: str, day: str | None
) -> list[dict[str, Any]]:
    if metric not in SERIES:
        allowed = list(SERIES)
        raise Invalid(
            "metric.unknown", field="metric", params={"metric": metric, "allowed": allowed}
        )
    offered = {dimension.id: dimension for dimension in dimensions_of(metric)}
    if by not in offered:
        params = {"metric": metric, "by": by, "allowed": ["unit", *offered]}
        raise Invalid("dimension.unknown", field="by", params=params)
    units, definition = hub.figures.subtree(unit), DEFINITIONS[metric].id
    async with hub.summing:
        totals = await queries.counter_totals(hub.database, definition, units, day)
    cells = queries.breakdown(metric, by, totals)
    shown: Mapping[str, int | str] = cells
    if offered[by].personal:
        shown = disclosure.publish(cells, disclosure.groups_of(by, cells))
    return [{"value": value, "count": count} for value, count in shown.items()]


@router.get("/stream")
async def stream(
    request: Request, principal: OptionalPrincipal, unit: Unit = NATIONAL
) -> StreamingResponse:
    """Open a live stream: a snapshot, then what changes (Server-Sent Events)."""
    hub = _hub(request)
    found = _unit(hub, unit, principal)
    if hub.viewers() >= hub.settings.stream_clients:
        raise Unavailable("stream.full")
    frames: AsyncIterator[bytes] = hub.frames(found, levels=_levels_shown(hub, found, principal))
    return StreamingResponse(
        frames,
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


@router.get("/definitions")
async def definitions() -> Response:
    """Answer what each figure counts, in words and as a formula."""
    items = [definition.as_item() for definition in DEFINITIONS.values()]
    return _json({"version": DEFINITIONS_VERSION, "items": items})


def _administrator(request: Request, principal: Principal) -> Hub:
    hub = _hub(request)
    if "admin" not in roles_on(principal, _scope(hub, hub.figures.root or "")):
        raise Forbidden("scope.forbidden", params={"role": "admin"})
    return hub


def _letter(document: dict[str, Any], *, raw: bool = False) -> dict[str, Any]:
    shown = {key: value for key, value in document.items() if key not in ("_id", "raw")}
    if raw:
        shown["raw"] = document["raw"].decode("utf-8", "replace")
    return {"id": document["_id"], **shown}


@router.get("/dead-letters")
async def list_dead_letters(
    request: Request,
    principal: CurrentPrincipal,
    state: Annotated[str | None, Query(pattern="^(open|replayed|dismissed)$")] = None,
) -> Response:
    """Answer what was set aside, oldest first."""
    hub = _administrator(request, principal)
    found = await queries.dead_letters(hub.database, state)
    return _json({"items": [_letter(document) for document in found]})


@router.get("/dead-letters/{identity}")
async def show_dead_letter(
    request: Request, principal: CurrentPrincipal, identity: str
) -> Response:
    """Answer one dead letter with its bytes as text."""
    hub = _administrator(request, principal)
    document = await queries.dead_letter(hub.database, identity)
    if document is None:
        raise NotFound("not_found")
    return _json(_letter(document, raw=True))


@router.post("/dead-letters/{identity}/replay")
async def replay_dead_letter(
    request: Request, principal: CurrentPrincipal, identity: str, command: Replay
) -> Response:
    """Count a dead letter's events once, as stored or as mended."""
    _administrator(request, principal)
    mended = None if command.event is None else orjson.dumps(command.event)
    run = partial(
        deadletters.replay, request.app.state.database, identity,
        subject=principal.subject, mended=mended,
    )  # fmt: skip
    return _json(_letter(await anyio.to_thread.run_sync(run)))


@router.post("/dead-letters/{identity}/dismiss")
async def dismiss_dead_letter(
    request: Request, principal: CurrentPrincipal, identity: str, command: Dismissal
) -> Response:
    """Close a dead letter without counting it."""
    _administrator(request, principal)
    run = partial(
        deadletters.dismiss, request.app.state.database, identity,
        subject=principal.subject, reason=command.reason,
    )  # fmt: skip
    return _json(_letter(await anyio.to_thread.run_sync(run)))


@router.get("/recounts")
async def list_recounts(request: Request, principal: CurrentPrincipal) -> Response:
    """Answer the newest comparisons of the figures with a recount of the registries."""
    hub = _hub(request)
    require(principal, "viewer", _scope(hub, hub.figures.root or ""))
    found = await queries.recounts(hub.database)
    return _json({"items": [{"id": item.pop("_id"), **item} for item in found]})
