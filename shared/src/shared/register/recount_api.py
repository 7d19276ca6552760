"""The routes by which a writer is asked for a recount; its worker does the counting."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from shared.base.errors import NotFound
from shared.base.ids import new_id
from shared.base.mongo import AsyncDatabase
from shared.register import jobs
from shared.register.jobs import Job, Status
from shared.register.recount import KIND, ROWS, page_id
from shared.register.trail import RequestKey
from shared.web.access.principal import Principal, require_service
from shared.web.access.tokens import CurrentPrincipal
from shared.web.requests import IdempotencyKey, JsonResponse

PATH = "/v1/recounts"


router = APIRouter(prefix=PATH, tags=["recounts"])
"""The application keeps its database in ``app.state.database``."""


def _database(request: Request, principal: Principal) -> AsyncDatabase:
    require_service(principal)
    found: AsyncDatabase = request.app.state.database
    return found


@router.post("", status_code=202)
async def ask(request: Request, principal: CurrentPrincipal, key: IdempotencyKey) -> JsonResponse:
    """Have the worker recount this registry at one cluster time; asked twice, it counts once."""
    identity = RequestKey.of(principal.subject, f"POST {PATH}", key).id if key else new_id()
    job = await jobs.ask(_database(request, principal), KIND, identity, {})
    return JsonResponse({"id": job.id, "status": job.status}, status_code=202)


@router.get("/{identity}")
async def show(request: Request, principal: CurrentPrincipal, identity: str) -> JsonResponse:
    """Answer how far a recount is, and when done the marks that fit its counts."""
    job = await jobs.find(_database(request, principal), KIND, identity)
    if job is None:
        raise NotFound("not_found")
    return JsonResponse(_shown(job))


def _shown(job: Job) -> dict[str, Any]:
    """Return what the aggregator's command reads: a field is there once it has a value."""
    shown: dict[str, Any] = {"id": job.id, "status": job.status, "at": job.at}
    if job.attempt:
        shown |= {"attempt": job.attempt, "holder": job.holder, "claimed_at": job.claimed_at}
    if job.reason:
        shown["reason"] = job.reason
    if job.status is Status.DONE:
        shown |= {"finished_at": job.finished_at, **job.result}
    return shown


@router.get("/{identity}/rows")
async def rows(
    request: Request,
    principal: CurrentPrincipal,
    identity: str,
    page: Annotated[int, Query(ge=0)] = 0,
) -> JsonResponse:
    """Answer one page of rows: topic, unit, day, counter, count."""
    database = _database(request, principal)
    job = await jobs.find(database, KIND, identity)
    if job is None or job.status is not Status.DONE:
        raise NotFound("not_found")
    found = await database[ROWS].find_one({"_id": page_id(identity, job.attempt, page)})
    if found is None:
        raise NotFound("not_found")
    return JsonResponse({"rows": found["rows"]})
