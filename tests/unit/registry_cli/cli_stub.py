"""The four services of a machine as far as the command line asks them, and how tests call it."""

from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import jwt
from typer.testing import CliRunner, Result

from registry_cli.importing.run import ImportSummary
from registry_cli.main import app

COUNTY = {"id": "c-1", "type": "CHAPTER", "status": "ACTIVE", "name": "西湖区红十字会"}
SCHOOL = {"id": "s-1", "type": "SCHOOL", "status": "ACTIVE", "name": "求是小学红十字会"}
HEADQUARTERS = {"id": "hq", "type": "CHAPTER", "status": "ACTIVE", "name": "总会"}
TOWNSHIP = {"id": "t-1", "type": "TOWNSHIP", "status": "ACTIVE", "name": "三墩镇红十字会"}
SUBDISTRICT = {"id": "t-3", "type": "SUBDISTRICT", "status": "ACTIVE", "name": "北山街道红十字会"}
COMMUNITY = {"id": "m-1", "type": "COMMUNITY", "status": "ACTIVE", "name": "曙光社区红十字会"}
BY_CODE = {
    "330106": [SCHOOL, COUNTY],
    "100000": [HEADQUARTERS],
    "330106109": [TOWNSHIP, {**TOWNSHIP, "id": "t-2"}],
    "330106001": [SCHOOL, COMMUNITY, SUBDISTRICT],
    "330106002": [SCHOOL, COMMUNITY],
}
LETTER = {
    "id": "d-1",
    "state": "open",
    "source": "/services/member",
    "epoch": 1,
    "topic": "registry.member",
    "partition": 3,
    "first": 7,
    "last": 9,
    "reason": "no such type",
}
COUNTY_STEP = {"id": "c-1", "level": "COUNTY"}
ANSWERS: dict[str, Any] = {
    "/v1/units/c-1": {**COUNTY, "path": [COUNTY_STEP]},
    "/v1/units/s-1": {**SCHOOL, "path": [COUNTY_STEP, {"id": "s-1", "level": "GRASSROOTS"}]},
    "/v1/dead-letters": {"items": [LETTER]},
    "/v1/dead-letters/d-1": LETTER,
    "/v1/dead-letters/d-1/replay": {**LETTER, "rows": 3},
    "/v1/dead-letters/d-1/dismiss": LETTER,
}


class Services:
    """The four services of a machine, as far as the commands ask them; keeps every request."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self.refuse: httpx.Response | None = None
        self.members = 0

    def client(self) -> httpx.Client:
        return httpx.Client(transport=httpx.MockTransport(self.answer))

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        path, params = request.url.path, request.url.params
        if path == "/v1/units":
            below = [TOWNSHIP] if params.get("parent_id") == "c-1" else []
            found = BY_CODE.get(params.get("region_code", ""), below)
            return httpx.Response(200, json={"items": found, "next_cursor": None})
        if self.refuse is not None:
            return self.refuse
        body = {**ANSWERS, "/v1/progress": {"indicators": {"members": {"value": self.members}}}}
        if path in body:
            return httpx.Response(200, json=body[path])
        return httpx.Response(404, json={"detail": "没有这个记录"})


def registry(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def claims_of(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


def summary(path: Path, accepted: int, refused: int) -> ImportSummary:
    report = path.with_name("r.errors.csv") if refused else None
    reasons = Counter({"identifier.check_digit": refused} if refused else {})
    return ImportSummary(path, ("备注",), accepted, refused, 1, reasons, report)
