"""The routes of units: parse, call the use case, answer."""

from typing import Annotated, Any, cast

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response

from org_units.domain import TRANSITIONS, Action, Status
from org_units.schemas import Act, UnitCreate, UnitPatch, UnitType, shown
from org_units.service import Call, Found, Units
from shared.base.clock import today
from shared.base.errors import Invalid
from shared.register.idempotency import Key
from shared.web.access import CurrentPrincipal, Principal
from shared.web.fields import Day, StrictModel, UnitId
from shared.web.requests import IdempotencyKey, IfMatch, JsonResponse, etag

MAX_PAGE = 200

router = APIRouter(prefix="/v1/units", tags=["units"])
PathId = Annotated[UnitId, Path()]


def _units(request: Request) -> Units:
    return cast("Units", request.app.state.units)


def _call(
    request: Request,
    principal: Principal,
    action: str,
    body: StrictModel,
    key: str | None = None,
    status: int = 200,
) -> Call:
    if key is None:
        return Call(principal, action, status)
    known = Key(principal.subject, f"{request.method} {request.url.path}", key)
    return Call(principal, action, status, known, known.digest(body))


def _body(found: Found) -> dict[str, Any]:
    document, path = found
    steps = [{"id": node.id, "name": node.name, "level": node.level} for node in path]
    return shown(document, steps)


def _answer(found: Found, status: int = 200) -> Response:
    headers = {"ETag": etag(found[0]["version"])}
    if status == 201:
        headers["Location"] = f"/v1/units/{found[0]['_id']}"
    return JsonResponse(_body(found), status_code=status, headers=headers)


@router.post("", status_code=201)
async def create_unit(
    request: Request, principal: CurrentPrincipal, given: UnitCreate, key: IdempotencyKey
) -> Response:
    """Enter a new unit as a draft; a registrar of the parent's subtree may."""
    call = _call(request, principal, "create", given, key, 201)
    units = _units(request)
    return _answer(await units.once(call, lambda: units.create(given, call)), 201)


@router.get("")
async def list_units(
    request: Request,
    principal: CurrentPrincipal,
    parent_id: UnitId | None = None,
    type: UnitType | None = None,  # noqa: A002 - the name of the query parameter
    status: Status | None = None,
    region_code: Annotated[str | None, Query(pattern=r"^[0-9]{6,12}$")] = None,
    within: Annotated[UnitId | None, Query(description="a unit whose subtree is meant")] = None,
    q: Annotated[str | None, Query(max_length=100, description="part of the name")] = None,
    as_of: Annotated[Day | None, Query(description="today; no other day is available yet")] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 50,
    cursor: Annotated[str | None, Query(max_length=40)] = None,
) -> Response:
    """List the units within the caller's scope, in the order they were entered."""
    if cursor is not None and not cursor.replace("-", "").isalnum():
        raise Invalid("cursor.invalid", field="cursor")
    if as_of is not None and as_of != today():
        raise Invalid("unit.as_of_unavailable", field="as_of")
    wanted = {
        "parent_id": parent_id,
        "type": type,
        "status": status,
        "region_code": region_code,
        "within": within,
        "text": (q or "").strip() or None,
    }
    found = await _units(request).page(principal, wanted, after=cursor, limit=limit + 1)
    more = len(found) > limit
    return JsonResponse(
        {
            "items": [_body(item) for item in found[:limit]],
            "next_cursor": found[limit - 1][0]["_id"] if more else None,
        }
    )


@router.get("/{unit_id}")
async def get_unit(request: Request, principal: CurrentPrincipal, unit_id: PathId) -> Response:
    """Answer one unit with its path."""
    return _answer(await _units(request).get(unit_id, principal))


@router.patch("/{unit_id}")
async def correct_unit(
    request: Request,
    principal: CurrentPrincipal,
    unit_id: PathId,
    version: IfMatch,
    given: UnitPatch,
) -> Response:
    """Correct what describes a unit; a rename keeps its status."""
    call = _call(request, principal, "correct", given)
    return _answer(await _units(request).correct(unit_id, version, given, call))


def _add_act(action: Action) -> None:
    async def act(
        request: Request,
        principal: CurrentPrincipal,
        unit_id: PathId,
        version: IfMatch,
        key: IdempotencyKey,
        given: Act | None = None,
    ) -> Response:
        body = given or Act()
        call, units = _call(request, principal, action, body, key), _units(request)
        return _answer(
            await units.once(call, lambda: units.act(action, unit_id, version, body, call))
        )

    row = TRANSITIONS[action]
    router.add_api_route(
        f"/{{unit_id}}/{action}",
        act,
        methods=["POST"],
        name=f"{action}_unit",
        summary=f"{action.capitalize()} a unit",
        description=f"From {', '.join(sorted(row.sources))} to {row.target}; role: {row.role}.",
    )


for _action in TRANSITIONS:
    _add_act(_action)
