"""Makes a service's FastAPI application: edge, problems, health, metrics, and its own routes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.exceptions import HTTPException

from shared.base import log
from shared.base.errors import RegistryError
from shared.base.settings import HttpSettings
from shared.web.access import TokenVerifier
from shared.web.edge import Edge
from shared.web.problems import MEDIA_TYPE, Problem, handle
from shared.web.requests import JsonResponse

Check = Callable[[], Awaitable[None]]
Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]
CHECK_SECONDS = 3.0

_log = log.get(__name__)


def _problem_schema() -> dict[str, Any]:
    schema = Problem.model_json_schema()
    schema["properties"]["errors"]["items"] = schema.pop("$defs")["FieldProblem"]
    return schema


_RESPONSES: dict[int | str, dict[str, Any]] = {
    "default": {
        "description": "A refusal: what is wrong and what to do about it (RFC 9457)",
        "content": {MEDIA_TYPE: {"schema": _problem_schema()}},
    }
}


def _name(check: Check) -> str:
    return str(getattr(check, "__qualname__", type(check).__name__))


async def _problem_of(check: Check) -> str | None:
    """Return the name of a check that fails."""
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            await check()
    except Exception as problem:  # noqa: BLE001 - whatever it is, the answer is "not ready"
        _log.warning("not ready", check=_name(check), problem=repr(problem)[:500])
        return _name(check)
    return None


def _health(instance: str, readiness: Sequence[Check]) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    async def healthz() -> Response:
        return JsonResponse({"status": "ok", "instance": instance})

    async def readyz() -> Response:
        found = await asyncio.gather(*(_problem_of(check) for check in readiness))
        problems = [name for name in found if name]
        status = "ready" if not problems else "not ready"
        return JsonResponse(
            {"status": status, "instance": instance, "problems": problems},
            status_code=503 if problems else 200,
        )

    async def metrics() -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    for path, endpoint in (("/healthz", healthz), ("/readyz", readyz), ("/metrics", metrics)):
        router.add_api_route(path, endpoint, methods=["GET"])
    return router


def _whole(lifespan: Lifespan | None, verifier: TokenVerifier | None) -> Lifespan:
    @asynccontextmanager
    async def whole(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            if verifier is not None:
                stack.push_async_callback(verifier.close)
            if lifespan is not None:
                await stack.enter_async_context(lifespan(app))
            yield

    return whole


def _bare(title: str, lifespan: Lifespan) -> FastAPI:
    return FastAPI(
        title=title,
        telemetry={"tracing": False, "metrics": False, "logs": False, "operation_spans": False},
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        responses=_RESPONSES,
        exception_handlers={
            RegistryError: handle,
            RequestValidationError: handle,
            HTTPException: handle,
        },
    )


def create_app(
    title: str,
    *,
    settings: HttpSettings,
    instance: str,
    routers: Sequence[APIRouter] = (),
    readiness: Sequence[Check] = (),
    lifespan: Lifespan | None = None,
    verifier: TokenVerifier | None = None,
) -> FastAPI:
    """Return the application of a service.

    Args:
        title: name in the OpenAPI document.
        settings: limits of the edge.
        instance: name of the process, shown by the health routes.
        routers: the service's own routes.
        readiness: checks of real dependencies; each raises while it is not ready, and is named
            in the answer by its ``__qualname__``.
        lifespan: what the service starts and stops.
        verifier: turns tokens into principals; closed with the application.
    """

    app = _bare(title, _whole(lifespan, verifier))
    app.state.verifier = verifier
    app.state.closing = asyncio.Event()
    for router in routers:
        app.include_router(router)
    app.include_router(_health(instance, readiness))
    app.add_middleware(Edge, settings=settings, verifier=verifier)
    return app
