"""A small service with every kind of route, for the tests of the HTTP edge."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date
from typing import Annotated, Any

import httpx
from fastapi import APIRouter, Depends, FastAPI, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import Field
from pymongo.errors import AutoReconnect

from shared.base.errors import Conflict, NotFound, StaleVersion
from shared.base.settings import HttpSettings
from shared.web.access import CurrentPrincipal, OptionalPrincipal
from shared.web.app import create_app
from shared.web.fields import StrictModel
from shared.web.requests import JsonResponse, etag, if_match
from tests.unit.passing_time import time_passes
from tests.waiting import LIMIT


class Guardian(StrictModel):
    phone: Annotated[str, Field(max_length=5)]


class Person(StrictModel):
    name: Annotated[str, Field(min_length=1)]
    born: date | None = None
    grade: Annotated[int, Field(ge=1, le=9)] = 1
    guardian: Guardian | None = None


router = APIRouter(prefix="/v1/people")


@router.post("", status_code=201)
async def create(person: Person) -> JsonResponse:
    if person.name == "twin":
        raise Conflict(
            "person.duplicate",
            field="id_number",
            params={"unit_type": "SCHOOL", "county": "某县"},
        )
    return JsonResponse(person.model_dump(), status_code=201, headers={"ETag": etag(1)})


@router.post("/{identity}/approve")
async def approve(identity: str, version: Annotated[int, Depends(if_match)]) -> JsonResponse:
    if version != 3:
        raise StaleVersion(3)
    return JsonResponse({"id": identity})


@router.get("")
async def listing(limit: Annotated[int, Query(ge=1, le=200)] = 50) -> dict[str, int]:
    return {"limit": limit}


@router.get("/broken")
async def broken() -> None:
    raise RuntimeError("secret detail")


@router.get("/no-database")
async def no_database() -> None:
    raise AutoReconnect("primary stepped down")


@router.get("/slow")
async def slow() -> None:
    await time_passes(LIMIT + 1)  # a request's time is over by then


@router.get("/held")
async def held(request: Request) -> None:
    request.app.state.started.set()
    await request.app.state.released.wait()


@router.get("/stream")
async def stream() -> StreamingResponse:
    async def parts() -> AsyncIterator[bytes]:
        yield b"one "
        await time_passes(LIMIT + 1)
        yield b"two"

    return StreamingResponse(parts(), media_type="text/plain")


@router.get("/me")
async def me(caller: CurrentPrincipal) -> dict[str, str]:
    return {"subject": caller.subject}


@router.get("/maybe")
async def maybe(caller: OptionalPrincipal) -> dict[str, bool]:
    return {"known": caller is not None}


@router.get("/{identity}")
async def read(identity: str) -> dict[str, str]:
    raise NotFound("not_found")


def application(**changes: Any) -> FastAPI:
    limits = HttpSettings(
        max_body_bytes=2_000,
        request_timeout_seconds=LIMIT,  # no machine is too slow for a request
        **changes.pop("settings", {}),
    )
    options: dict[str, Any] = {"routers": [router], **changes}
    app = create_app("test", settings=limits, instance="test-0", **options)
    app.state.started, app.state.released = asyncio.Event(), asyncio.Event()
    return app


def client(app: FastAPI) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")


def check_problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """Return the problem, after checking that it has the form every problem has."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert set(problem) == {
        "type", "title", "status", "detail", "code", "errors", "correlation_id",
    }  # fmt: skip
    assert problem["code"] == code
    assert problem["status"] == status
    assert problem["correlation_id"] == answer.headers["x-correlation-id"]
    assert problem["detail"]
    assert "{" not in problem["detail"]
    return problem
