"""HTTP of the dead letters, for administrators at headquarters."""

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any

import anyio
import orjson
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from aggregator.deadletters import service, store
from aggregator.figures.service import FiguresService
from shared.base.errors import Forbidden
from shared.base.mongo import Document
from shared.register.trail import RequestKey
from shared.web.access import CurrentPrincipal, Principal, roles_on
from shared.web.fields import StrictModel
from shared.web.paging import Cursor, Limit, dated, dated_after, page_answer
from shared.web.requests import IdempotencyKey, JsonResponse

router = APIRouter(prefix="/v1")


class Replay(StrictModel):
    """Count a dead letter's events; ``event`` replaces what is stored, numbers kept."""

    event: dict[str, Any] | list[dict[str, Any]] | None = None


class Dismissal(StrictModel):
    """Close a dead letter without counting it."""

    reason: str = Field(min_length=3, max_length=500)


def _require_administrator(request: Request, principal: Principal) -> None:
    figures: FiguresService = request.app.state.figures
    if "admin" not in roles_on(principal, figures.national_scope()):
        raise Forbidden("scope.forbidden", params={"role": "admin"})


def _letter(document: Document) -> dict[str, Any]:
    hidden = ("_id", "raw", "counted", "key", "digest")
    shown = {key: value for key, value in document.items() if key not in hidden}
    return {"id": document["_id"], **shown}


@router.get("/dead-letters")
async def list_dead_letters(
    request: Request,
    principal: CurrentPrincipal,
    state: Annotated[str | None, Query(pattern="^(open|replayed|dismissed|voided)$")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """Answer what was set aside, oldest first."""
    _require_administrator(request, principal)
    database = request.app.state.async_database
    found = await store.page(database, state, after=dated_after(cursor), limit=limit + 1)
    last = found[limit - 1] if len(found) > limit else None
    place = dated(last["at"], last["_id"]) if last else None
    return page_answer([_letter(document) for document in found[:limit]], place)


@router.get("/dead-letters/{identity}")
async def show_dead_letter(
    request: Request, principal: CurrentPrincipal, identity: str
) -> Response:
    """Answer one dead letter with its bytes as text."""
    _require_administrator(request, principal)
    document = await store.one(request.app.state.async_database, identity)
    return JsonResponse({**_letter(document), "raw": document["raw"].decode("utf-8", "replace")})


@router.post("/dead-letters/{identity}/replay")
async def replay_dead_letter(
    request: Request,
    principal: CurrentPrincipal,
    identity: str,
    key: IdempotencyKey,
    command: Replay,
) -> Response:
    """Count a dead letter's events once, as stored or as mended."""
    _require_administrator(request, principal)
    mended = None if command.event is None else orjson.dumps(command.event)
    replay = partial(service.replay, mended=mended)
    return await _closed(request, principal, identity, key, command, replay)


@router.post("/dead-letters/{identity}/dismiss")
async def dismiss_dead_letter(
    request: Request,
    principal: CurrentPrincipal,
    identity: str,
    key: IdempotencyKey,
    command: Dismissal,
) -> Response:
    """Close a dead letter without counting it."""
    _require_administrator(request, principal)
    dismiss = partial(service.dismiss, reason=command.reason)
    return await _closed(request, principal, identity, key, command, dismiss)


async def _closed(
    request: Request,
    principal: Principal,
    identity: str,
    header: str | None,
    command: BaseModel,
    close: Callable[..., None],
) -> Response:
    key = None
    if header is not None:
        key = RequestKey.of(principal.subject, f"POST {request.url.path}", header, command)
    run = partial(close, request.app.state.database, identity, principal.subject, key)
    await anyio.to_thread.run_sync(run)
    return JsonResponse(_letter(await store.one(request.app.state.async_database, identity)))
