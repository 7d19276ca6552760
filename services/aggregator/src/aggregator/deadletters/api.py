"""HTTP of the dead letters, for administrators at headquarters."""

from functools import partial
from typing import Annotated, Any

import anyio
import orjson
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel

from aggregator.deadletters import rules, service, store
from aggregator.deadletters.schemas import Dismissal, Replay
from aggregator.figures.service import FiguresService
from shared.base.errors import Forbidden, NotFound
from shared.base.mongo import Document
from shared.register.idempotency import Key
from shared.web.access import CurrentPrincipal, Principal, roles_on
from shared.web.paging import Limit, PageCursor, page_answer, place_of
from shared.web.requests import IdempotencyKey

router = APIRouter(prefix="/v1")


def _require_administrator(request: Request, principal: Principal) -> None:
    figures: FiguresService = request.app.state.figures
    if "admin" not in roles_on(principal, figures.national_scope()):
        raise Forbidden("scope.forbidden", params={"role": "admin"})


def _closing(
    request: Request, principal: Principal, header: str | None, command: BaseModel
) -> rules.Request:
    if header is None:
        return rules.Request(principal.subject)
    key = Key(principal.subject, f"POST {request.url.path}", header)
    return rules.Request(principal.subject, key.id, key.digest(command))


def _letter(document: Document) -> dict[str, Any]:
    hidden = ("_id", "raw", "key", "digest")
    shown = {key: value for key, value in document.items() if key not in hidden}
    return {"id": document["_id"], **shown}


def _answer(letter: dict[str, Any]) -> Response:
    return Response(orjson.dumps(letter), media_type="application/json")


@router.get("/dead-letters")
async def list_dead_letters(
    request: Request,
    principal: CurrentPrincipal,
    state: Annotated[str | None, Query(pattern="^(open|replayed|dismissed)$")] = None,
    limit: Limit = 50,
    cursor: PageCursor = None,
) -> Response:
    """Answer what was set aside, oldest first."""
    _require_administrator(request, principal)
    database = request.app.state.async_database
    found = await store.page(database, state, after=place_of(cursor), limit=limit + 1)
    return page_answer(found, limit, _letter)


@router.get("/dead-letters/{identity}")
async def show_dead_letter(
    request: Request, principal: CurrentPrincipal, identity: str
) -> Response:
    """Answer one dead letter with its bytes as text."""
    _require_administrator(request, principal)
    document = await store.one(request.app.state.async_database, identity)
    if document is None:
        raise NotFound("not_found")
    return _answer({**_letter(document), "raw": document["raw"].decode("utf-8", "replace")})


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
    run = partial(
        service.replay, request.app.state.database, identity,
        by=_closing(request, principal, key, command), mended=mended,
    )  # fmt: skip
    return _answer(_letter(await anyio.to_thread.run_sync(run)))


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
    run = partial(
        service.dismiss, request.app.state.database, identity,
        by=_closing(request, principal, key, command), reason=command.reason,
    )  # fmt: skip
    return _answer(_letter(await anyio.to_thread.run_sync(run)))
