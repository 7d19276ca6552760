"""The routes by which a writer is asked for a recount; its worker does the counting."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from shared.access import CurrentPrincipal, Principal
from shared.clock import now
from shared.errors import Forbidden, NotFound
from shared.identity import new_id
from shared.mongo import AsyncDatabase
from shared.recount import JOBS, ROWS
from shared.web import JsonResponse


def router(path: str = "/v1/recounts") -> APIRouter:
    """Return the routes; the application keeps its database in ``app.state.database``."""
    routes = APIRouter(prefix=path, tags=["recounts"])

    def database(request: Request, principal: Principal) -> AsyncDatabase:
        if not principal.service:
            raise Forbidden("scope.service")
        found: AsyncDatabase = request.app.state.database
        return found

    @routes.post("", status_code=202)
    async def ask(request: Request, principal: CurrentPrincipal) -> JsonResponse:
        """Have the worker recount this registry at one cluster time."""
        identity = new_id()
        job = {"_id": identity, "status": "requested", "at": now()}
        await database(request, principal)[JOBS].insert_one(job)
        return JsonResponse({"id": identity, "status": "requested"}, status_code=202)

    @routes.get("/{identity}")
    async def show(request: Request, principal: CurrentPrincipal, identity: str) -> JsonResponse:
        """Answer how far a recount is, and when done the marks that fit its counts."""
        job = await database(request, principal)[JOBS].find_one({"_id": identity})
        if job is None:
            raise NotFound("not_found")
        shown: dict[str, Any] = {"id": job.pop("_id"), **job}
        return JsonResponse(shown)

    @routes.get("/{identity}/rows")
    async def rows(
        request: Request,
        principal: CurrentPrincipal,
        identity: str,
        page: Annotated[int, Query(ge=0)] = 0,
    ) -> JsonResponse:
        """Answer one page of rows: topic, unit, day, counter, count."""
        found = await database(request, principal)[ROWS].find_one({"_id": f"{identity}/{page}"})
        if found is None:
            raise NotFound("not_found")
        return JsonResponse({"rows": found["rows"]})

    return routes
