"""HTTP routes of the member service."""

import base64
import binascii
import re
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel

from member import domain
from member.schemas import MAX_PAGE, BulkInput, MemberCorrection, MemberCreate, ReapplyInput
from member.service import admission, bulk, changes, reading, reapplication
from member.service.registry import Registry
from shared.base.errors import FieldError, Invalid
from shared.base.mongo import Document
from shared.people import reading as entries
from shared.people.cases import Seen
from shared.people.office import CREATED
from shared.people.once import Once
from shared.people.requests import RevealInput, SearchInput, TransitionInput
from shared.web.access import CurrentPrincipal, Principal, require_service
from shared.web.messages import text
from shared.web.requests import IdempotencyKey, IfMatch, JsonResponse, etag, prefers

router = APIRouter(prefix="/v1", tags=["members"])
_CURSOR = re.compile(r"[A-Za-z0-9-]{1,40}")
Action = Literal["approve", "file", "reject", "withdraw", "expel", "decease", "void"]


def _registry(request: Request) -> Registry:
    registry: Registry = request.app.state.registry
    return registry


Wired = Annotated[Registry, Depends(_registry)]


def _once(request: Request, caller: Principal, header: str | None, body: BaseModel) -> Once:
    return Once.of(caller, f"{request.method} {request.url.path}", header, body)


def _answer(
    request: Request, registry: Registry, document: Document, status: int = 200
) -> JsonResponse:
    body = reading.shown(document, registry.office.ring, prefers(request))
    headers = {"ETag": etag(document["version"])}
    if status == CREATED:
        headers["Location"] = f"/v1/members/{document['_id']}"
    return JsonResponse(body, status_code=status, headers=headers)


@router.post("/members", status_code=201)
async def register(
    request: Request,
    registry: Wired,
    caller: CurrentPrincipal,
    key: IdempotencyKey,
    body: MemberCreate,
) -> JsonResponse:
    """Enter an application to join a grassroots unit."""
    found = await admission.register(registry, caller, body, _once(request, caller, key, body))
    return _answer(request, registry, found, CREATED)


@router.post("/members/bulk")
async def import_page(
    request: Request,
    registry: Wired,
    caller: CurrentPrincipal,
    key: IdempotencyKey,
    body: BulkInput,
) -> JsonResponse:
    """Enter up to 500 rows; each is accepted or refused by itself."""
    results = await bulk.import_page(registry, caller, body, _once(request, caller, key, body))
    accepted = sum(result.status == bulk.CREATED for result in results)
    language = prefers(request)
    shown = [
        {
            "row": result.row,
            "status": result.status,
            "id": result.id,
            "errors": _errors(result.errors, language),
            "warnings": reading.warnings_of(result.warnings, language),
        }
        for result in results
    ]
    return JsonResponse(
        {"accepted": accepted, "refused": len(results) - accepted, "results": shown}
    )


@router.post("/members/search")
async def search(
    request: Request,
    registry: Wired,
    caller: CurrentPrincipal,
    key: IdempotencyKey,
    body: SearchInput,
) -> JsonResponse:
    """Find members by a whole document number or phone number."""
    once = _once(request, caller, key, body)
    items = await reading.search(registry, body, caller, once, prefers(request))
    return JsonResponse({"items": items, "next_cursor": None})


@router.get("/members")
async def page(
    request: Request,
    registry: Wired,
    caller: CurrentPrincipal,
    unit_id: Annotated[str | None, Query(pattern=r"^[A-Za-z0-9-]{1,40}$")] = None,
    status: Annotated[str | None, Query(max_length=20)] = None,
    phone_tail: Annotated[str | None, Query(pattern=r"^[0-9]{4}$")] = None,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 50,
) -> JsonResponse:
    """List the members of a unit and those below it, or of the caller's whole scope."""
    if status is not None and status not in domain.STATUSES:
        expected = ", ".join(domain.STATUSES)
        raise Invalid("field.choice", field="status", params={"expected": expected})
    ring = registry.office.ring
    tails = ring.phone_tail_indexes(phone_tail) if phone_tail else None
    after = _after(cursor) if cursor else None
    wanted = entries.Wanted(unit_id, status, after, limit, tails)
    found, following = await reading.page(registry, caller, wanted)
    items = [reading.shown(document, ring, prefers(request)) for document in found]
    return JsonResponse({"items": items, "next_cursor": following and _cursor(following)})


@router.get("/members/{identity}")
async def show(
    request: Request, registry: Wired, caller: CurrentPrincipal, identity: str
) -> JsonResponse:
    """Show one membership, masked."""
    document = await entries.read(registry.office, caller, identity, own=False)
    headers = {"ETag": etag(document["version"])}
    body = reading.shown(document, registry.office.ring, prefers(request))
    return JsonResponse(body, headers=headers)


@router.patch("/members/{identity}")
async def correct(
    request: Request,
    registry: Wired,
    caller: CurrentPrincipal,
    identity: str,
    version: IfMatch,
    body: MemberCorrection,
) -> JsonResponse:
    """Set right what was wrong from the start."""
    found = await changes.correct(registry, caller, Seen(identity, version), body)
    return _answer(request, registry, found)


@router.post("/members/{identity}/reveal")
async def reveal(
    request: Request,
    registry: Wired,
    caller: CurrentPrincipal,
    identity: str,
    key: IdempotencyKey,
    body: RevealInput,
) -> JsonResponse:
    """Show masked fields in full, for a stated reason."""
    once = _once(request, caller, key, body)
    fields = await entries.reveal(registry.office, caller, identity, body, once)
    return JsonResponse({"id": identity, "fields": fields})


@router.post("/members/{identity}/reapply")
async def reapply(
    request: Request,
    registry: Wired,
    caller: CurrentPrincipal,
    identity: str,
    version: IfMatch,
    key: IdempotencyKey,
    body: ReapplyInput | None = None,
) -> JsonResponse:
    """Apply again for a membership that has ended or was voided."""
    given = body or ReapplyInput()
    once, seen = _once(request, caller, key, given), Seen(identity, version)
    found = await reapplication.reapply(registry, caller, seen, given, once)
    return _answer(request, registry, found)


@router.post("/members/{identity}/{action}")
async def act(
    request: Request,
    registry: Wired,
    caller: CurrentPrincipal,
    identity: str,
    action: Action,
    version: IfMatch,
    key: IdempotencyKey,
    body: TransitionInput | None = None,
) -> JsonResponse:
    """Approve, file, reject, withdraw, expel, decease or void."""
    given = body or TransitionInput()
    once, seen = _once(request, caller, key, given), Seen(identity, version)
    return _answer(
        request, registry, await changes.act(registry, caller, seen, action, given, once)
    )


@router.get("/units/{unit_id}/people")
async def people(registry: Wired, caller: CurrentPrincipal, unit_id: str) -> JsonResponse:
    """Count the open memberships of a unit; for the registry's own services."""
    require_service(caller)
    found = await entries.people(registry.office, unit_id, tuple(domain.OPEN))
    return JsonResponse({"people": found})


def _errors(errors: Sequence[FieldError], language: str) -> list[dict[str, Any]]:
    return [
        {
            "field": error.field,
            "code": error.code,
            "message": text(error.code, language, error.params),
        }
        for error in errors
    ]


def _cursor(identity: str) -> str:
    return base64.urlsafe_b64encode(identity.encode()).decode()


def _after(cursor: str) -> str:
    try:
        identity = base64.urlsafe_b64decode(cursor.encode()).decode()
    except (binascii.Error, UnicodeError, ValueError):
        identity = ""
    if _CURSOR.fullmatch(identity) is None:
        raise Invalid("cursor.invalid", field="cursor")
    return identity
