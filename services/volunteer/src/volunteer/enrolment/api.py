"""The routes of volunteers: those of the action table and of persons, the list, and the own entry."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from shared.base.clock import today
from shared.contract.events.states import UnitId
from shared.people.api import PeopleRoutes
from shared.people.reading import Incomplete, Wanted
from shared.register.api import Call, Getting
from shared.register.register import Found
from shared.web.admission import ParsedRoute
from shared.web.paging import Cursor, Limit, after
from shared.web.requests import JsonResponse, etag
from volunteer.enrolment import rules
from volunteer.enrolment.rules import Enrolment, Status
from volunteer.enrolment.schemas import (
    DeregisterInput,
    EnrolInput,
    RegistrationInput,
    VolunteerCorrection,
    VolunteerCreate,
    own,
    shown,
)
from volunteer.enrolment.service import Enrolments
from volunteer.settings import VolunteerSettings

router = APIRouter(prefix="/v1", tags=["volunteers"], route_class=ParsedRoute)


class EnrolmentRoutes(PeopleRoutes[Enrolment]):
    """How a volunteer is entered, shown, corrected and acted upon."""

    noun = "volunteers"
    actions = rules.actions_under(VolunteerSettings().registered_rule)
    create_input = VolunteerCreate
    correct_input = VolunteerCorrection
    inputs = {  # noqa: RUF012 - read only
        "enrol": EnrolInput,
        "apply-registration": RegistrationInput,
        "deregister": DeregisterInput,
    }
    open_statuses = rules.OPEN

    def shown(self, register: Enrolments, found: Found[Enrolment], call: Call) -> Mapping[str, Any]:
        entry = found.entity
        person = entry.person.masked(register.cipher(entry.id))
        allowed = register.allowed(call.caller, entry, found.path)
        return shown(entry, person, allowed, today(), call.language)


_routes = EnrolmentRoutes()


@router.get("/volunteers")
async def list_volunteers(
    request: Request,
    call: Getting,
    unit_id: Annotated[UnitId | None, Query(description="a unit whose subtree is meant")] = None,
    status: Status | None = None,
    incomplete: Incomplete | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> JsonResponse:
    """List the volunteers within the caller's scope, masked, in the order they were entered."""
    wanted = Wanted(unit_id, status, incomplete=incomplete)
    return await _routes.listed(request, call, wanted, after(cursor), limit)


@router.get("/me")
async def me(request: Request, call: Getting) -> JsonResponse:
    """Answer a volunteer's own entry."""
    enrolments: Enrolments = _routes.register(request)
    entry, card = await enrolments.me(call.caller)
    unit = {"id": card.id, "name": card.name, "code": card.code} if card else None
    body = own(entry, unit, today(), call.language)
    return JsonResponse(body, headers={"ETag": etag(entry.version)})


_routes.add_to(router)
