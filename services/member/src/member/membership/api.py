"""The routes of memberships: those of the action table and of persons, the list, pages of rosters."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from member.membership import bulk, rules
from member.membership.rules import Membership, Status
from member.membership.schemas import (
    BulkInput,
    MemberCorrection,
    MemberCreate,
    ReapplyInput,
    shown,
    warnings_of,
)
from member.membership.service import Memberships
from shared.contract.events.states import UnitId
from shared.people.api import PeopleRoutes
from shared.people.reading import Incomplete, Wanted
from shared.register.api import Call, Getting, Posting
from shared.register.register import Found
from shared.web.admission import ParsedRoute
from shared.web.paging import Cursor, Limit, after
from shared.web.problems import field_problems
from shared.web.requests import JsonResponse

router = APIRouter(prefix="/v1", tags=["members"], route_class=ParsedRoute)


class MembershipRoutes(PeopleRoutes[Membership]):
    """How a membership is entered, shown, corrected and acted upon."""

    noun = "members"
    actions = rules.ACTIONS
    create_input = MemberCreate
    correct_input = MemberCorrection
    inputs = {"reapply": ReapplyInput}  # noqa: RUF012 - read only
    open_statuses = rules.OPEN

    def shown(
        self, register: Memberships, found: Found[Membership], call: Call
    ) -> Mapping[str, Any]:
        member = found.entity
        person = member.person.masked(register.cipher(member.id))
        allowed = register.allowed(call.caller, member, found.path)
        return shown(member, person, allowed, call.language)


_routes = MembershipRoutes()


@router.post("/members/bulk")
async def import_page(request: Request, call: Posting, body: BulkInput) -> JsonResponse:
    """Enter up to 500 rows; each is accepted or refused by itself."""
    memberships: Memberships = _routes.register(request)
    results = await bulk.import_page(memberships, call.caller, body, call.repeatable(body))
    accepted = sum(result.status == bulk.CREATED for result in results)
    rows = [
        {
            "row": result.row,
            "status": result.status,
            "id": result.id,
            "errors": field_problems(result.errors, call.language),
            "warnings": warnings_of(result.warnings, call.language),
        }
        for result in results
    ]
    return JsonResponse({"accepted": accepted, "refused": len(rows) - accepted, "results": rows})


@router.get("/members")
async def list_members(
    request: Request,
    call: Getting,
    unit_id: UnitId | None = None,
    status: Status | None = None,
    incomplete: Incomplete | None = None,
    phone_tail: Annotated[str | None, Query(pattern=r"^[0-9]{4}$")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> JsonResponse:
    """List the members of a unit and those below it, or of the caller's whole scope."""
    memberships: Memberships = _routes.register(request)
    tails = memberships.ring.phone_tail_indexes(phone_tail) if phone_tail else None
    wanted = Wanted(unit_id, status, tails, incomplete)
    return await _routes.listed(request, call, wanted, after(cursor), limit)


_routes.add_to(router)
