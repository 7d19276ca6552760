"""The routes by which a writer is asked for a recount; its worker does the counting."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from shared.base.errors import Forbidden, NotFound
from shared.base.ids import new_id
from shared.base.mongo import AsyncDatabase
from shared.register.idempotency import Key
from shared.register.recount import JOBS, ROWS, ask_for, page_id
from shared.web.access import CurrentPrincipal, Principal
from shared.web.requests import IdempotencyKey, JsonResponse

PATH = "/v1/recounts"


def router() -> APIRouter:
    """Return the routes; the application keeps its database in ``app.state.database``."""
    routes = APIRouter(prefix=PATH, tags=["recounts"])
    routes.post("", status_code=202)(ask)
    routes.get("/{identity}")(show)
    routes.get("/{identity}/rows")(rows)
    return routes


def _database(request: Request, principal: Principal) -> AsyncDatabase:
    if not principal.service:
        raise Forbidden("scope.service")
    found: AsyncDatabase = request.app.state.database
    return found


async def ask(request: Request, principal: CurrentPrincipal, key: IdempotencyKey) -> JsonResponse:
    """Have the worker recount this registry at one cluster time; asked twice, it counts once."""
    identity = Key(principal.subject, f"POST {PATH}", key).id if key else new_id()
    status = await ask_for(_database(request, principal), identity)
    return JsonResponse({"id": identity, "status": status}, status_code=202)


async def show(request: Request, principal: CurrentPrincipal, identity: str) -> JsonResponse:
    """Answer how far a recount is, and when done the marks that fit its counts."""
    job = await _database(request, principal)[JOBS].find_one({"_id": identity})
    if job is None:
        raise NotFound("not_found")
    shown: dict[str, Any] = {"id": job.pop("_id"), **job}
    return JsonResponse(shown)


async def rows(
    request: Request,
    principal: CurrentPrincipal,
    identity: str,
    page: Annotated[int, Query(ge=0)] = 0,
) -> JsonResponse:
    """Answer one page of rows: topic, unit, day, counter, count."""
    database = _database(request, principal)
    job = await database[JOBS].find_one({"_id": identity, "status": "done"})
    if job is None:
        raise NotFound("not_found")
    found = await database[ROWS].find_one({"_id": page_id(identity, job["attempt"], page)})
    if found is None:
        raise NotFound("not_found")
    return JsonResponse({"rows": found["rows"]})
