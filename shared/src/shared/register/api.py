"""The routes of a noun, made from its action table: enter, show, correct, and one for each action.

One dependency reads the caller, If-Match and Idempotency-Key, because each separate one costs
FastAPI about 30 µs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Annotated, Any, ClassVar, Generic

from fastapi import APIRouter, Depends, Path, Request
from pydantic import BaseModel

from shared.base.clock import civil_day, now
from shared.contract.events.states import UnitId
from shared.register.actions import Action, ActionTable, once_counted
from shared.register.command import Command
from shared.register.effects import emptying, may_empty
from shared.register.entity import VOIDED, E
from shared.register.execute import CREATED, OK, execute
from shared.register.reading import read
from shared.register.register import Found, Register
from shared.register.requests import NO_GROUNDS, ActionInput, Correction, Grounds
from shared.register.trail import RequestKey
from shared.web.access.principal import Principal
from shared.web.access.tokens import CALLER, Caller
from shared.web.messages import Lang, language
from shared.web.requests import (
    KEY_SHAPE,
    JsonResponse,
    KeyHeader,
    MatchHeader,
    etag,
    if_match,
    malformed_key,
)

PathId = Annotated[UnitId, Path()]


@dataclass(frozen=True)
class Call:
    """The parts of a request other than its body.

    Args:
        caller: the authenticated caller.
        accept_language: the header of that name.
        route: method and path, ids included.
        key: the Idempotency-Key, if one was sent.
        seen: the version that If-Match names.
    """

    caller: Principal
    accept_language: str | None
    route: str
    key: str | None = None
    seen: int | None = None

    @cached_property
    def language(self) -> Lang:
        """Return the language of the answer."""
        return language(self.accept_language)

    def repeatable(self, given: BaseModel) -> RequestKey | None:
        """Return what identifies the request if it is sent again; None without a key."""
        if self.key is None:
            return None
        return RequestKey.of(self.caller.subject, self.route, self.key, given)

    def command(self, action: Action, given: BaseModel, entity: str | None = None) -> Command:
        """Return the command that a request gives."""
        moment = now()
        today = civil_day(moment)
        grounds = given if isinstance(given, Grounds) else NO_GROUNDS
        return Command(
            action=action,
            caller=self.caller,
            given=given,
            moment=moment,
            today=today,
            day=getattr(given, "dated", None) or getattr(given, "effective_on", None) or today,
            entity=entity,
            seen=self.seen,
            key=self.repeatable(given),
            reason=grounds.reason,
            document=grounds.document,
        )


class _Get(Caller):
    async def __call__(self, request: Request) -> Call:
        # Authenticate first: nobody else gets validation errors.
        caller = request.scope.get(CALLER) or await self.require(request)
        language = request.headers.get("accept-language")
        return Call(caller, language, f"{request.method} {request.url.path}")


class _Post(_Get):
    async def __call__(self, request: Request, key: KeyHeader = None) -> Call:
        call = await super().__call__(request)
        if key is not None and not KEY_SHAPE.fullmatch(key):
            raise malformed_key()
        return replace(call, key=key)


class _Patch(_Get):
    async def __call__(self, request: Request, seen: MatchHeader = None) -> Call:
        call = await super().__call__(request)
        return replace(call, seen=if_match(seen))


class _Act(_Post):
    async def __call__(
        self, request: Request, key: KeyHeader = None, seen: MatchHeader = None
    ) -> Call:
        call = await super().__call__(request, key)
        return replace(call, seen=if_match(seen))


Getting = Annotated[Call, Depends(_Get())]
Posting = Annotated[Call, Depends(_Post())]
Patching = Annotated[Call, Depends(_Patch())]
Acting = Annotated[Call, Depends(_Act())]


def description(action: Action, noun: str) -> str:
    """Return the OpenAPI description of an action of a noun (``member``)."""
    parts = [_needs(action)]
    for one in action.variants:
        further = sorted(one.sources - action.sources)
        also = f", also from {', '.join(further)}" if further else ""
        parts.append(f"Where {one.when}{also}: {_needs(one)}")
    if action.target == VOIDED:
        parts.append(f"Where it was ever counted: {_needs(once_counted(action))}")
    if action.target == VOIDED or may_empty(noun, action):
        parts.append(f"Where it empties days of past figures: {_needs(emptying(action))}")
    if action.target and action.sources:
        parts.insert(0, f"From {', '.join(sorted(action.sources))} to {action.target}.")
    return " ".join(parts)


def _needs(action: Action) -> str:
    where = ", granted at a county or above" if action.at_county_or_above else ""
    person = " Another person than those who entered or edited it." if action.four_eyes else ""
    reason = " A reason is required." if action.needs_reason else ""
    return f"Role: {action.role}{where}.{person}{reason}"


class Routes(Generic[E]):
    """The routes of a noun; see the module. Each noun derives them and defines ``shown``.

    The application keeps the noun's register in ``app.state`` under the noun's name.
    """

    noun: ClassVar[str]
    """Last part of the path (``members``)."""
    actions: ClassVar[ActionTable]
    create_input: ClassVar[type[BaseModel]]
    correct_input: ClassVar[type[Correction]]
    inputs: ClassVar[Mapping[str, type[ActionInput]]] = {}
    """Bodies of actions that take more than every action does."""

    def shown(self, register: Any, found: Found[E], call: Call) -> Mapping[str, Any]:
        """Return an entity as ordinary answers show it to this caller.

        Args:
            register: the noun's own.
        """
        raise NotImplementedError

    def register(self, request: Request) -> Any:
        """Return the noun's register."""
        return getattr(request.app.state, self.noun)

    def answer(
        self, register: Register[E], found: Found[E], call: Call, status: int = OK
    ) -> JsonResponse:
        """Return the answer that shows an entity."""
        entity = found.entity
        headers = {"ETag": etag(entity.version)}
        if status == CREATED:
            headers["Location"] = f"/v1/{self.noun}/{entity.id}"
        return JsonResponse(self.shown(register, found, call), status_code=status, headers=headers)

    def add_to(self, router: APIRouter) -> None:
        """Add the routes to a router, after the routes whose paths would match an id."""
        table, every, one = self.actions, f"/{self.noun}", f"/{self.noun}/{{identity}}"
        self._add(router, "POST", every, table.create, self._create())
        router.get(
            one,
            name=f"get_{self.noun}",
            summary=f"Show one of the {self.noun}",
            description="For those who may read what belongs to its unit.",
        )(self._show)
        self._add(router, "PATCH", one, table.correct, self._correct())
        for action in table.acts.values():
            self._add(router, "POST", f"{one}/{action.name}", action, self._act(action))

    def _add(
        self, router: APIRouter, method: str, path: str, action: Action, endpoint: Any
    ) -> None:
        """Add a route, described by the row of its action."""
        router.add_api_route(
            path,
            endpoint,
            methods=[method],
            status_code=OK if action.sources else CREATED,
            name=f"{action.name}_{self.noun}",
            summary=f"{action.name.replace('-', ' ').capitalize()} one of the {self.noun}",
            description=description(action, self.actions.noun),
        )

    async def _show(self, request: Request, call: Getting, identity: PathId) -> JsonResponse:
        register = self.register(request)
        return self.answer(register, await read(register, call.caller, identity), call)

    def _create(self) -> Any:
        body = self.create_input

        async def create(
            request: Request,
            call: Posting,
            given: body,  # type: ignore[valid-type]
        ) -> JsonResponse:
            register = self.register(request)
            found = await execute(register, call.command(self.actions.create, given))
            return self.answer(register, found, call, CREATED)

        return create

    def _correct(self) -> Any:
        body = self.correct_input

        async def correct(
            request: Request,
            call: Patching,
            identity: PathId,
            given: body,  # type: ignore[valid-type]
        ) -> JsonResponse:
            register = self.register(request)
            command = call.command(self.actions.correct, given, identity)
            return self.answer(register, await execute(register, command), call)

        return correct

    def _act(self, action: Action) -> Any:
        body = self.inputs.get(action.name, ActionInput)

        async def act(
            request: Request,
            call: Acting,
            identity: PathId,
            given: body | None = None,  # type: ignore[valid-type]
        ) -> JsonResponse:
            register = self.register(request)
            table: ActionTable = register.actions  # the rules in force may change a row
            command = call.command(table.acts[action.name], given or body(), identity)
            return self.answer(register, await execute(register, command), call)

        return act
