"""A registry of one county behind an httpx transport: the endpoints an import uses."""

import csv
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import httpx

from registry_cli.importing.run import ImportSummary
from shared.base.errors import ValueProblem
from shared.people.contacts import check_name, normalise_phone
from shared.people.identifiers import IdType, check, declared_warnings

ADDRESSES = {"member": "http://member.test", "org-units": "http://units.test"}
TODAY = date(2026, 11, 23)
COUNTY = {"id": "county", "name": "西湖区红十字会", "type": "CHAPTER", "status": "ACTIVE"}
HEADER = "姓名,性别,证件号码,手机号码,所属单位,备注"
WANG = "王芳,女,11010519491231002X,13900000000"
LI = "李强,男,130102201211184021,13900000000"
"""His number is a woman's: he is accepted with a warning."""
Json = dict[str, Any]


def unit(id_: str, name: str, parent: str, type_: str = "SUBDISTRICT", **over: str) -> Json:
    return {
        "id": id_,
        "name": name,
        "code": f"330106{id_.upper()}",
        "parent": parent,
        "type": type_,
        "status": "ACTIVE",
    } | over


UNITS = [
    unit("u1", "北山街道红十字会", "county"),
    unit("u2", "三墩镇红十字会", "county", "TOWNSHIP"),
    unit("s1", "中心小学红十字会", "u1", "SCHOOL"),
    unit("s2", "中心小学红十字会", "u2", "SCHOOL"),
    unit("s3", "求是小学红十字会", "u2", "SCHOOL"),
    unit("old", "求是小学红十字会", "u1", "SCHOOL", status="VOIDED"),
]


class RegistryStub:
    """Answers as the contract says; keeps who is registered and every request."""

    def __init__(self) -> None:
        self.members: dict[str, int] = {}
        self.requests: list[httpx.Request] = []
        self.replays: dict[str, Json] = {}
        self.intercept: Callable[[httpx.Request], httpx.Response | None] = lambda _: None

    def client(self) -> httpx.Client:
        return httpx.Client(transport=httpx.MockTransport(self.answer))

    def bulk_requests(self) -> list[httpx.Request]:
        return [request for request in self.requests if request.method == "POST"]

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if (instead := self.intercept(request)) is not None:
            return instead
        if request.url.host == "units.test":
            return self._units(request)
        key = request.headers["Idempotency-Key"]
        if key not in self.replays:
            self.replays[key] = self._bulk(json.loads(request.content))
        return httpx.Response(200, json=self.replays[key])

    def _units(self, request: httpx.Request) -> httpx.Response:
        *_, last = request.url.path.split("/")
        if last != "units":
            found = [u for u in (COUNTY, *UNITS) if u["id"] == last]
            return httpx.Response(200, json=found[0]) if found else problem(404, "没有这个单位")
        children = [u for u in UNITS if u["parent"] == request.url.params["parent_id"]]
        at = int(request.url.params.get("cursor", "0"))
        return httpx.Response(
            200,
            json={
                "items": children[at : at + 1],
                "next_cursor": str(at + 1) if at + 1 < len(children) else None,
            },
        )

    def _bulk(self, body: Json) -> Json:
        results = [self._register(row) for row in body["rows"]]
        accepted = sum(result["status"] == 201 for result in results)
        return {"accepted": accepted, "refused": len(results) - accepted, "results": results}

    def _register(self, row: Json) -> Json:
        for field, rule in RULES.items():
            try:
                rule(row)
            except ValueProblem as refusal:
                error = {"field": field, "code": refusal.code, "message": f"{refusal.code}！"}
                return {"row": row["row"], "status": 422, "id": None, "errors": [error]}
        number = row["id_number"]
        if number in self.members:
            error = {"field": "id_number", "code": "member.duplicate", "message": "已是会员"}
            return {"row": row["row"], "status": 409, "id": None, "errors": [error]}
        self.members[number] = row["row"]
        identifier = check(IdType(row["id_type"]), number, TODAY)
        warnings = [
            {"code": code, "message": f"{code}！"}
            for code in declared_warnings(identifier, row.get("sex"), None)
        ]
        accepted = {"row": row["row"], "status": 201, "id": f"m{row['row']}", "errors": []}
        return {**accepted, "warnings": warnings}


RULES: dict[str, Callable[[Json], object]] = {
    "name": lambda row: check_name(row.get("name", "")),
    "id_number": lambda row: check(IdType(row["id_type"]), row.get("id_number"), TODAY),
    "phone": lambda row: normalise_phone(row["phone"]),
}


def problem(status: int, detail: str, **fields: Any) -> httpx.Response:
    return httpx.Response(
        status,
        json={"status": status, "detail": detail, **fields},
        headers={"content-type": "application/problem+json"},
    )


def roster(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "名册.csv"
    path.write_text("\n".join((HEADER, *lines)) + "\n", encoding="utf-8")
    return path


def report_of(summary: ImportSummary) -> list[dict[str, str]]:
    assert summary.report is not None
    with summary.report.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))
