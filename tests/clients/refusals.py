"""What every refusal has to be: a problem document in the reader's language, and nothing written."""

import re
from collections.abc import Callable
from typing import Any

import httpx

from tests.clients.county import KINDS, County

CHINESE = re.compile(r"[\u4e00-\u9fff]{2,}")
ENGLISH = re.compile(r"^[A-Z][a-z]*\b.*[a-z]{2,} [a-z]{2,}")
FIELDS = {"type", "title", "status", "detail", "code", "errors", "correlation_id"}
Send = Callable[[dict[str, str]], httpx.Response]


def check_refused(
    county: County,
    service: str,
    send: Send,
    status: int,
    code: str,
    field: str | None = None,
    *,
    hidden: tuple[str, ...] = (),
) -> dict[str, Any]:
    """Send a request once for each language, and return the Chinese problem.

    Args:
        service: who is asked; its register holds afterwards what it held before, and so do all
            registers where it keeps none.
        send: sends the request with headers besides its own.
        status, code: what it has to be refused with.
        field: path of the field at fault, if one is.
        hidden: what no answer may repeat.
    """
    registers = (service,) if service in KINDS else tuple(KINDS)
    before = county.stored(*registers)
    chinese, english = send({}), send({"Accept-Language": "en"})
    assert county.stored(*registers) == before, "something was written"
    for answer in (chinese, english):
        check_refusal(answer, status, code, field)
        assert not [secret for secret in hidden if secret in answer.text]
    for answer, pattern in ((chinese, CHINESE), (english, ENGLISH)):
        for text in said(answer.json()):
            assert pattern.search(text), text
    assert not set(said(chinese.json())) & set(said(english.json()))
    return dict(chinese.json())


def check_refusal(answer: httpx.Response, status: int, code: str, field: str | None = None) -> None:
    """Check one answer against RFC 9457 and the registry's additions to it."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert set(problem) == FIELDS
    assert (problem["status"], problem["code"]) == (status, code), answer.text
    assert problem["type"].endswith(code)
    assert problem["correlation_id"] == answer.headers["x-correlation-id"]
    fields = [error["field"] for error in problem["errors"]]
    assert field is None or field in fields, answer.text


def said(problem: dict[str, Any]) -> list[str]:
    """Return every sentence meant for a person."""
    return [problem["detail"], *(error["message"] for error in problem["errors"])]
