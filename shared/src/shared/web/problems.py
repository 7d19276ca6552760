"""The one rendering of refusals: RFC 9457 problem documents, in the reader's language."""

from collections.abc import Sequence
from typing import Any

import orjson
from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from shared.base import log
from shared.base.errors import (
    FieldError,
    Malformed,
    NotFound,
    RegistryError,
    StaleVersion,
    Unauthenticated,
    Unavailable,
)
from shared.base.log import correlation_id
from shared.web.messages import Lang, language, text
from shared.web.validation import refusal_of

MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = 1

_TITLES: dict[int, tuple[str, str]] = {
    400: ("请求无法读取", "The request cannot be read"),
    401: ("需要登录", "Sign in first"),
    403: ("没有权限", "Not allowed"),
    404: ("未找到", "Not found"),
    405: ("不支持该方法", "Method not allowed"),
    409: ("与现有记录冲突", "In conflict with what is recorded"),
    412: ("记录已被修改", "The record has changed"),
    413: ("内容过大", "Too large"),
    415: ("不支持的内容类型", "Unsupported content type"),
    422: ("内容不符合规则", "The content breaks a rule"),
    428: ("缺少前提条件", "A precondition is missing"),
    429: ("请求过于频繁", "Too many requests"),
    500: ("系统内部错误", "Internal error"),
    503: ("服务暂时不可用", "Unavailable for now"),
}
_TAGS: dict[Lang, str] = {"zh": "zh-CN", "en": "en"}
_log = log.get(__name__)


class FieldProblem(BaseModel):
    """One field at fault."""

    field: str
    code: str
    message: str


class Problem(BaseModel):
    """The body of every refusal (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[FieldProblem]
    correlation_id: str


class MethodNotAllowed(RegistryError):
    """The address exists, but not for this method."""

    status = 405


class TooManyRequests(RegistryError):
    """The caller has used up what one may ask."""

    status = 429


def _text(code: str, lang: Lang, params: dict[str, Any]) -> str:
    try:
        return text(code, lang, params)
    except KeyError:
        _log.error("a code has no message", code=code)
        return code


def problem(error: RegistryError, lang: Lang) -> dict[str, Any]:
    """Return the problem document of a refusal."""
    titles = _TITLES.get(error.status, _TITLES[500])
    return {
        "type": f"urn:redcross:problem:{error.code}",
        "title": titles[1 if lang == "en" else 0],
        "status": error.status,
        "detail": _text(error.code, lang, error.params),
        "code": error.code,
        "errors": field_problems(error.errors, lang),
        "correlation_id": correlation_id.get(),
    }


def field_problems(errors: Sequence[FieldError], lang: Lang) -> list[dict[str, str]]:
    return [
        {"field": item.field, "code": item.code, "message": _text(item.code, lang, item.params)}
        for item in errors
    ]


def _headers(error: RegistryError, lang: Lang) -> dict[str, str]:
    headers = {
        "content-language": _TAGS[lang],
        "vary": "Accept-Language",
        "cache-control": "no-store",
    }
    if isinstance(error, Unauthenticated):
        detail = "" if error.code == "auth.missing" else ', error="invalid_token"'
        headers["www-authenticate"] = f'Bearer realm="registry"{detail}'
    elif isinstance(error, StaleVersion):
        headers["etag"] = f'"{error.current_version}"'
    elif isinstance(error, TooManyRequests):
        headers["retry-after"] = str(error.params["seconds"])
    elif isinstance(error, Unavailable):
        headers["retry-after"] = str(RETRY_SECONDS)
    elif isinstance(error, MethodNotAllowed):
        headers["allow"] = ", ".join(error.params["allowed"])
    return headers


def problem_response(error: RegistryError, accept_language: str | None) -> Response:
    """Return the response for a refusal."""
    lang = language(accept_language)
    return Response(
        orjson.dumps(problem(error, lang)),
        status_code=error.status,
        headers=_headers(error, lang),
        media_type=MEDIA_TYPE,
    )


_PASSING = {
    "pymongo.errors.ConnectionFailure",
    "pymongo.errors.ExecutionTimeout",
    "pymongo.errors.WTimeoutError",
}


def translated(error: Exception) -> RegistryError:
    """Return the refusal an unforeseen exception means to the caller."""
    names = {f"{kind.__module__}.{kind.__name__}" for kind in type(error).__mro__}
    # Recognised by name: the edge knows no database driver (import contract "mongo").
    if names & _PASSING:
        return Unavailable("unavailable")
    labelled = getattr(error, "has_error_label", None)
    if labelled is not None and labelled("TransientTransactionError"):
        return Unavailable("unavailable")
    return RegistryError("internal")


def _of_http(error: HTTPException, request: Request) -> RegistryError:
    match error.status_code:
        case 404:
            return NotFound("route.not_found")
        case 405:
            params = {"method": request.method, "allowed": _methods(request)}
            return MethodNotAllowed("route.method", params=params)
        case status if 400 <= status < 500:
            return Malformed("request.malformed")
        case _:
            return RegistryError("internal")


def _methods(request: Request) -> list[str]:
    """Return what all routes of an address take together; the framework names those of the first."""
    routes = iter_route_contexts(request.app.routes)
    here = (route for route in routes if route.path_regex.match(request.url.path))
    return sorted({method for route in here for method in route.methods or ()})


async def handle(request: Request, error: Exception) -> Response:
    """Render what a route, a dependency or the framework raised."""
    if isinstance(error, RequestValidationError):
        refusal = refusal_of(error.errors())
    elif isinstance(error, HTTPException):
        refusal = _of_http(error, request)
    else:
        refusal = error if isinstance(error, RegistryError) else translated(error)
    return problem_response(refusal, request.headers.get("accept-language"))
