"""The HTTP edge of every service: one application factory, one rendering of problems, one server."""

from shared.web.app import create_app
from shared.web.limits import TokenBuckets
from shared.web.problems import Problem, problem_response
from shared.web.requests import (
    IdempotencyKey,
    IfMatch,
    JsonResponse,
    StrictModel,
    closing,
    etag,
    if_match,
    prefers,
)
from shared.web.serving import serve

__all__ = [
    "IdempotencyKey",
    "IfMatch",
    "JsonResponse",
    "Problem",
    "StrictModel",
    "TokenBuckets",
    "closing",
    "create_app",
    "etag",
    "if_match",
    "prefers",
    "problem_response",
    "serve",
]
