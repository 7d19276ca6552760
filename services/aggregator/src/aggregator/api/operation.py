"""HTTP for who operates the aggregator: dead letters and recounts."""

from functools import partial
from typing import Annotated, Any

import anyio
import orjson
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel

from aggregator import deadletters, queries
from aggregator.api.edge import (
    Limit,
    PageCursor,
    json_answer,
    loaded_hub,
    page_answer,
    place_of,
    scope_of,
)
from aggregator.schemas import Dismissal, Replay
from aggregator.stream import Hub
from shared.base.errors import Forbidden, NotFound
from shared.register.idempotency import Key
from shared.web.access import CurrentPrincipal, Principal, require, roles_on
from shared.web.requests import IdempotencyKey

router = APIRouter(prefix="/v1")


def _administrator(request: Request, principal: Principal) -> Hub:
    hub = loaded_hub(request)
    if "admin" not in roles_on(principal, scope_of(hub, hub.figures.root or "")):
        raise Forbidden("scope.forbidden", params={"role": "admin"})
    return hub


def _closing(
    request: Request, principal: Principal, header: str | None, command: BaseModel
) -> deadletters.Request:
    if header is None:
        return deadletters.Request(principal.subject)
    key = Key(principal.subject, f"POST {request.url.path}", header)
    return deadletters.Request(principal.subject, key.id, key.digest(command))


def _letter(document: dict[str, Any], *, raw: bool = False) -> dict[str, Any]:
    hidden = ("_id", "raw", "key", "digest")
    shown = {key: value for key, value in document.items() if key not in hidden}
    if raw:
        shown["raw"] = document["raw"].decode("utf-8", "replace")
    return {"id": document["_id"], **shown}


@router.get("/dead-letters")
async def list_dead_letters(
    request: Request,
    principal: CurrentPrincipal,
    state: Annotated[str | None, Query(pattern="^(open|replayed|dismissed)$")] = None,
    limit: Limit = 50,
    cursor: PageCursor = None,
) -> Response:
    """Answer what was set aside, oldest first."""
    hub, after = _administrator(request, principal), place_of(cursor)
    found = await queries.dead_letters(hub.database, state, after=after, limit=limit + 1)
    return page_answer(found, limit, _letter)


@router.get("/dead-letters/{identity}")
async def show_dead_letter(
    request: Request, principal: CurrentPrincipal, identity: str
) -> Response:
    """Answer one dead letter with its bytes as text."""
    hub = _administrator(request, principal)
    document = await queries.dead_letter(hub.database, identity)
    if document is None:
        raise NotFound("not_found")
    return json_answer(_letter(document, raw=True))


@router.post("/dead-letters/{identity}/replay")
async def replay_dead_letter(
    request: Request,
    principal: CurrentPrincipal,
    identity: str,
    key: IdempotencyKey,
    command: Replay,
) -> Response:
    """Count a dead letter's events once, as stored or as mended."""
    _administrator(request, principal)
    mended = None if command.event is None else orjson.dumps(command.event)
    run = partial(
        deadletters.replay, request.app.state.database, identity,
        by=_closing(request, principal, key, command), mended=mended,
    )  # fmt: skip
    return json_answer(_letter(await anyio.to_thread.run_sync(run)))


@router.post("/dead-letters/{identity}/dismiss")
async def dismiss_dead_letter(
    request: Request,
    principal: CurrentPrincipal,
    identity: str,
    key: IdempotencyKey,
    command: Dismissal,
) -> Response:
    """Close a dead letter without counting it."""
    _administrator(request, principal)
    run = partial(
        deadletters.dismiss, request.app.state.database, identity,
        by=_closing(request, principal, key, command), reason=command.reason,
    )  # fmt: skip
    return json_answer(_letter(await anyio.to_thread.run_sync(run)))


@router.get("/recounts")
async def list_recounts(
    request: Request, principal: CurrentPrincipal, limit: Limit = 50, cursor: PageCursor = None
) -> Response:
    """Answer the comparisons of the figures with a recount of the registries, newest first."""
    hub = loaded_hub(request)
    require(principal, "viewer", scope_of(hub, hub.figures.root or ""))
    found = await queries.recounts(hub.database, after=place_of(cursor), limit=limit + 1)
    return page_answer(found, limit, _recount)


def _recount(document: dict[str, Any]) -> dict[str, Any]:
    return {"id": document["_id"], **{k: v for k, v in document.items() if k != "_id"}}
