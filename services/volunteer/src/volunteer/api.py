"""The routes of volunteers: parse, call the use case, answer."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated, TypeVar, cast

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel

from shared.base.clock import today
from shared.base.errors import Invalid
from shared.base.mongo import Document
from shared.people import reading
from shared.people.cases import Seen
from shared.people.once import Once
from shared.people.requests import RevealInput, SearchInput, TransitionInput
from shared.people.sealed import masked
from shared.people.search import Register, search
from shared.web.access import CurrentPrincipal, Principal, require_service
from shared.web.fields import UnitId
from shared.web.requests import IdempotencyKey, IfMatch, JsonResponse, etag, prefers
from volunteer.domain import OPEN, TRANSITIONS
from volunteer.schemas import (
    MAX_PAGE,
    DeregisterInput,
    EnrolInput,
    RegistrationInput,
    Status,
    VolunteerCorrection,
    VolunteerCreate,
    own,
    shown,
)
from volunteer.service import changes, enrolment
from volunteer.service.register import Volunteers, reopens

router = APIRouter(prefix="/v1", tags=["volunteers"])
B = TypeVar("B", bound=TransitionInput)
PathId = Annotated[UnitId, Path()]


def _volunteers(request: Request) -> Volunteers:
    return cast("Volunteers", request.app.state.volunteers)


def _body(request: Request, document: Document) -> dict[str, object]:
    office = _volunteers(request).office
    person = masked(document, office.writer.collection, office.ring)
    return shown(document, person, today(), prefers(request))


def _answer(request: Request, document: Document, status: int = 200) -> Response:
    headers = {"ETag": etag(document["version"])}
    if status == 201:
        headers["Location"] = f"/v1/volunteers/{document['_id']}"
    return JsonResponse(_body(request, document), status_code=status, headers=headers)


@dataclass(frozen=True)
class Call:
    """A request for an action on an entry: who asks, which version is seen, which key is borne."""

    request: Request
    principal: Principal
    seen: Seen
    key: str | None


async def _call(
    request: Request,
    principal: CurrentPrincipal,
    volunteer_id: PathId,
    version: IfMatch,
    key: IdempotencyKey,
) -> Call:
    return Call(request, principal, Seen(volunteer_id, version), key)


Called = Annotated[Call, Depends(_call)]


def _once(request: Request, principal: Principal, key: str | None, body: BaseModel) -> Once:
    return Once.of(principal, f"{request.method} {request.url.path}", key, body)


async def _acted(
    call: Call, body: B, use: Callable[[Volunteers, Principal, Seen, B, Once], Awaitable[Document]]
) -> Response:
    once = _once(call.request, call.principal, call.key, body)
    volunteers = _volunteers(call.request)
    return _answer(call.request, await use(volunteers, call.principal, call.seen, body, once))


@router.post("/volunteers", status_code=201)
async def create_volunteer(
    request: Request, principal: CurrentPrincipal, given: VolunteerCreate, key: IdempotencyKey
) -> Response:
    """Enrol a person; a registrar of the unit may. Without a minor's guardian: APPLIED."""
    once = _once(request, principal, key, given)
    volunteers = _volunteers(request)
    return _answer(request, await enrolment.create(volunteers, principal, given, once), 201)


@router.post("/volunteers/search")
async def search_volunteers(
    request: Request, principal: CurrentPrincipal, given: SearchInput, key: IdempotencyKey
) -> Response:
    """Find volunteers by a whole document number or phone number."""
    office, once = _volunteers(request).office, _once(request, principal, key, given)
    register = Register(partial(_body, request), reopens)
    items = await search(office, register, principal, given, once)
    return JsonResponse({"items": items, "next_cursor": None})


@router.get("/volunteers")
async def list_volunteers(
    request: Request,
    principal: CurrentPrincipal,
    unit_id: Annotated[UnitId | None, Query(description="a unit whose subtree is meant")] = None,
    status: Status | None = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 50,
    cursor: Annotated[str | None, Query(max_length=40)] = None,
) -> Response:
    """List the volunteers within the caller's scope, masked, in the order they were entered."""
    if cursor is not None and not cursor.replace("-", "").isalnum():
        raise Invalid("cursor.invalid", field="cursor")
    wanted = reading.Wanted(unit_id, status, cursor, limit)
    items, following = await reading.page(_volunteers(request).office, principal, wanted)
    shown_items = [_body(request, document) for document in items]
    return JsonResponse({"items": shown_items, "next_cursor": following})


@router.get("/volunteers/{volunteer_id}")
async def get_volunteer(
    request: Request, principal: CurrentPrincipal, volunteer_id: PathId
) -> Response:
    """Answer one volunteer, masked."""
    office = _volunteers(request).office
    return _answer(request, await reading.read(office, principal, volunteer_id))


@router.patch("/volunteers/{volunteer_id}")
async def correct_volunteer(
    request: Request,
    principal: CurrentPrincipal,
    volunteer_id: PathId,
    version: IfMatch,
    given: VolunteerCorrection,
) -> Response:
    """Correct fields that were wrong from the start, in every state the entry ever had."""
    seen = Seen(volunteer_id, version)
    return _answer(request, await changes.correct(_volunteers(request), principal, seen, given))


@router.post("/volunteers/{volunteer_id}/reveal")
async def reveal_volunteer(
    request: Request,
    principal: CurrentPrincipal,
    volunteer_id: PathId,
    given: RevealInput,
    key: IdempotencyKey,
) -> Response:
    """Answer full values of masked fields; logged with the reason."""
    office, once = _volunteers(request).office, _once(request, principal, key, given)
    fields = await reading.reveal(office, principal, volunteer_id, given, once)
    return JsonResponse({"id": volunteer_id, "fields": fields})


@router.post("/volunteers/{volunteer_id}/enrol")
async def enrol_volunteer(call: Called, given: EnrolInput | None = None) -> Response:
    """Complete an application, with the guardian where he was missing; or a return, elsewhere
    with the whole registration."""
    return await _acted(call, given or EnrolInput(), enrolment.enrol)


@router.post("/volunteers/{volunteer_id}/apply-registration")
async def apply_registration(call: Called, given: RegistrationInput | None = None) -> Response:
    """Apply for registration by a document that evidences the hours the rule asks for."""
    return await _acted(call, given or RegistrationInput(), changes.apply_registration)


@router.post("/volunteers/{volunteer_id}/deregister")
async def deregister_volunteer(call: Called, given: DeregisterInput | None = None) -> Response:
    """End an enrolment; a removal takes an approver at county or above, and a reason."""
    return await _acted(call, given or DeregisterInput(), changes.deregister)


def _add_action(action: str) -> None:
    async def act(call: Called, given: TransitionInput | None = None) -> Response:
        return await _acted(call, given or TransitionInput(), partial(changes.act, action))

    known = TRANSITIONS[action]
    router.add_api_route(
        f"/volunteers/{{volunteer_id}}/{action}",
        act,
        methods=["POST"],
        name=f"{action}_volunteer",
        summary=f"{action.capitalize()} a volunteer",
        description=f"From {', '.join(sorted(known.sources))} to {known.target}.",
    )


for _action in ("register", "suspend", "resume", "void"):
    _add_action(_action)


@router.get("/me")
async def me(request: Request, principal: CurrentPrincipal) -> Response:
    """Answer a volunteer's own entry."""
    document, card = await changes.me(_volunteers(request), principal)
    unit = {"id": card.id, "name": card.name, "code": card.code} if card else None
    body = own(document, unit, today(), prefers(request))
    return JsonResponse(body, headers={"ETag": etag(document["version"])})


@router.get("/units/{unit_id}/people")
async def people(request: Request, principal: CurrentPrincipal, unit_id: PathId) -> Response:
    """Answer how many volunteers a unit has whose entries are open; for the other services."""
    require_service(principal)
    found = await reading.people(_volunteers(request).office, unit_id, OPEN)
    return JsonResponse({"people": found})
