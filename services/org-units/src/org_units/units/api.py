"""The routes of units: those of the action table, and the list."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from org_units.units import rules
from org_units.units.rules import Status, Unit
from org_units.units.schemas import UnitCreate, UnitPatch, UnitType, shown
from org_units.units.service import Units
from org_units.units.store import Filter
from shared.base.clock import today
from shared.base.errors import Invalid
from shared.contract.events.states import UnitId
from shared.register.api import Call, Getting, Routes
from shared.register.register import Found, Register
from shared.web.admission import ParsedRoute
from shared.web.fields import Day
from shared.web.paging import Cursor, Limit, after, page_answer
from shared.web.requests import JsonResponse

router = APIRouter(prefix="/v1", tags=["units"], route_class=ParsedRoute)


class UnitRoutes(Routes[Unit]):
    """How a unit is entered, shown, corrected and acted upon."""

    noun = "units"
    actions = rules.ACTIONS
    create_input = UnitCreate
    correct_input = UnitPatch

    def shown(self, register: Register[Unit], found: Found[Unit], call: Call) -> Mapping[str, Any]:
        allowed = register.allowed(call.caller, found.entity, found.path)
        return shown(found.entity, found.path, allowed)


_routes = UnitRoutes()


@router.get("/units")
async def list_units(
    request: Request,
    call: Getting,
    parent_id: UnitId | None = None,
    type: UnitType | None = None,  # noqa: A002 - the name of the query parameter
    status: Status | None = None,
    region_code: Annotated[str | None, Query(pattern=r"^[0-9]{6,12}$")] = None,
    within: Annotated[UnitId | None, Query(description="a unit whose subtree is meant")] = None,
    q: Annotated[
        str | None,
        Query(max_length=100, description="part of the name, or a code, present or former"),
    ] = None,
    as_of: Annotated[Day | None, Query(description="today; no other day is available yet")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> JsonResponse:
    """List the units within the caller's scope, in the order they were entered."""
    if as_of is not None and as_of != today():
        raise Invalid("unit.as_of_unavailable", field="as_of")
    units: Units = _routes.register(request)
    text = (q or "").strip() or None
    wanted = Filter(parent_id, type, status, region_code, within, text)
    found = await units.list_units(call.caller, wanted, after=after(cursor), limit=limit)
    return page_answer([_routes.shown(units, one, call) for one in found.items], found.after)


@router.get("/units/doubles")
async def list_doubles(
    request: Request,
    call: Getting,
    within: Annotated[
        UnitId | None, Query(description="a unit, or the region code of a chapter")
    ] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> JsonResponse:
    """List the units within the caller's scope that may be entered twice, each with the others.

    By name they are compared within the scope, by credit code with every unit. Units that an
    officer has stated to be two (``distinct_from``) are left out.
    """
    units: Units = _routes.register(request)
    found, last = await units.list_doubles(call.caller, within, after=after(cursor), limit=limit)
    items = [
        {**_routes.shown(units, one, call), "doubles": [other.shown for other in others]}
        for one, others in found
    ]
    return page_answer(items, last)


_routes.add_to(router)
