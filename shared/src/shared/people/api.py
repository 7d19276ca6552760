"""The routes that both registers of persons have beyond those of an action table."""

from typing import Any, ClassVar

from fastapi import APIRouter, Request

from shared.people.entity import P
from shared.people.reading import Wanted, list_people, reveal, search
from shared.people.register import People
from shared.people.requests import RevealInput, SearchInput
from shared.register.api import Call, Getting, PathId, Posting, Routes
from shared.register.register import Found
from shared.web.access.principal import require_service
from shared.web.paging import page_answer
from shared.web.requests import JsonResponse


class PeopleRoutes(Routes[P]):
    """The routes of a noun of persons."""

    open_statuses: ClassVar[frozenset[str]]
    """Statuses that keep a unit from being closed."""

    def add_to(self, router: APIRouter) -> None:
        path = f"/{self.noun}"
        router.post(f"{path}/search", name=f"search_{self.noun}")(self._search)
        router.post(f"{path}/{{identity}}/reveal", name=f"reveal_{self.noun}")(self._reveal)
        fence = "/units/{unit_id}/fence/{change}"
        router.put(fence, name="fence_unit")(self._fence)
        router.delete(fence, name="lift_fence")(self._lift)
        super().add_to(router)

    async def _search(self, request: Request, call: Posting, given: SearchInput) -> JsonResponse:
        """Find entries by a whole document number or phone number."""
        register: People[P] = self.register(request)
        found = await search(register, call.caller, given, call.repeatable(given))
        return page_answer([self._found(register, one, call) for one in found], None)

    def _found(self, register: People[P], found: Found[P], call: Call) -> Any:
        if found.path:
            return self.shown(register, found, call)
        entity = found.entity
        allowed = [register.reopens(entity)]
        return {"id": entity.id, "version": entity.version, "allowed": allowed}

    async def _reveal(
        self, request: Request, call: Posting, identity: PathId, given: RevealInput
    ) -> JsonResponse:
        """Show masked fields in full, for a stated reason, which is logged."""
        register: People[P] = self.register(request)
        fields = await reveal(register, call.caller, identity, given, call.repeatable(given))
        return JsonResponse({"id": identity, "fields": fields})

    async def _fence(
        self, request: Request, call: Getting, unit_id: PathId, change: PathId
    ) -> JsonResponse:
        """Let nobody new into a unit that is being closed, and count its open entries.

        For the registry's own services.
        """
        require_service(call.caller)
        register: People[P] = self.register(request)
        await register.fences.close(unit_id, change)
        # Whoever was committed before the fence is seen by this count; nobody is after it.
        return JsonResponse({"people": await register.store.at_unit(unit_id, self.open_statuses)})

    async def _lift(
        self, request: Request, call: Getting, unit_id: PathId, change: PathId
    ) -> JsonResponse:
        """Let people into a unit again, whose closing came to nothing; for the own services."""
        require_service(call.caller)
        register: People[P] = self.register(request)
        await register.fences.lift(unit_id, [change])
        return JsonResponse({})

    async def listed(
        self, request: Request, call: Call, wanted: Wanted, after: str | None, limit: int
    ) -> JsonResponse:
        """Return a page of entries, masked."""
        register: People[P] = self.register(request)
        found = await list_people(register, call.caller, wanted, after=after, limit=limit)
        return page_answer([self.shown(register, one, call) for one in found.items], found.after)
