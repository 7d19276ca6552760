"""Importing a roster through the public API: pages, units, retries and repetition."""

import json
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from registry_cli.api import LONGEST_PAUSE_SECONDS
from registry_cli.demo.roster import write_demo
from registry_cli.importing.failures import ImportFailed
from registry_cli.importing.run import ImportSummary
from registry_cli.rosters import ATTEMPTS
from shared.tables.problems import TableError
from tests.unit.registry_cli.registry_stub import (
    ADDRESSES,
    LI,
    WANG,
    RegistryStub,
    problem,
    report_of,
    roster,
)


def test_the_demo_roster_is_refused_where_it_is_wrong_and_nowhere_else(
    tmp_path: Path, stub: RegistryStub, run: Callable[..., ImportSummary]
) -> None:
    demo = write_demo(tmp_path / "demo.csv", ["北山街道红十字会", "三墩镇", "330106S3"])
    seen: list[tuple[int, ...]] = []

    def progress(done: ImportSummary, total: int) -> None:
        seen.append((done.rows, total, done.accepted, done.refused))

    summary = run(demo.path, progress=progress)
    assert (summary.rows, summary.accepted, summary.refused) == (2_000, 1_970, 30)
    assert summary.pages == 4
    assert [step[0] for step in seen] == [500, 1_000, 1_500, 2_000]
    assert seen[-1] == (2_000, 2_000, 1_970, 30)
    assert [int(row["行号"]) for row in report_of(summary)] == list(demo.wrong)
    phones = {code for code in summary.reasons if code.startswith("phone.")}
    assert sum(summary.reasons[code] for code in phones) == 4
    assert {code: n for code, n in summary.reasons.items() if code not in phones} == {
        "value.date_impossible": 5,
        "identifier.check_digit": 5,
        "identifier.birth_in_future": 4,
        "unit.unknown": 4,
        "member.duplicate": 4,
        "name.required": 4,
    }
    assert len(stub.members) == 1_970


def test_a_request_of_the_import_follows_the_contract(
    tmp_path: Path, stub: RegistryStub, run: Callable[..., ImportSummary]
) -> None:
    run(roster(tmp_path, f"{WANG},中心小学,", f"{LI},北山街道,"))
    (request,) = stub.bulk_requests()
    assert str(request.url) == f"{ADDRESSES['member']}/v1/members/bulk"
    assert request.headers["Authorization"] == "Bearer secret"
    assert request.headers["Accept-Language"] == "zh-CN"
    assert request.headers["Content-Type"] == "application/json"
    assert json.loads(request.content) == {
        "mode": "existing",
        "document": {"number": "西红〔2026〕1号", "issued_on": "2026-01-04"},
        "consent": {"version": "2026-1", "channel": "PAPER", "given_on": "2026-01-05"},
        "rows": [
            {
                "row": 3,
                "unit_id": "u1",
                "kind": "INDIVIDUAL_YOUTH",
                "name": "李强",
                "sex": "1",
                "id_type": "RESIDENT_ID",
                "id_number": "130102201211184021",
                "phone": "13900000000",
            }
        ],
    }


@pytest.mark.parametrize(
    ("said", "unit_id"),
    [
        ("", "county"),
        ("西湖区红十字会", "county"),
        ("北山街道红十字会", "u1"),
        (" 北山 街道 ", "u1"),
        ("330106u2", "u2"),
        ("求是小学", "s3"),
        ("330106S1", "s1"),
    ],
)
def test_units_of_a_roster_are_found_by_name_or_code(
    tmp_path: Path, stub: RegistryStub, run: Callable[..., ImportSummary], said: str, unit_id: str
) -> None:
    assert run(roster(tmp_path, f"{WANG},{said},")).accepted == 1
    (request,) = stub.bulk_requests()
    assert json.loads(request.content)["rows"][0]["unit_id"] == unit_id


@pytest.mark.parametrize(
    ("said", "code", "words"),
    [("中心小学", "unit.ambiguous", "多个单位"), ("无名", "unit.unknown", "没有“无名”")],
)
def test_units_of_a_roster_that_are_ambiguous_are_reported_and_not_sent(
    tmp_path: Path,
    stub: RegistryStub,
    run: Callable[..., ImportSummary],
    said: str,
    code: str,
    words: str,
) -> None:
    summary = run(roster(tmp_path, f"{WANG},{said},"))
    assert summary.reasons == {code: 1}
    (row,) = report_of(summary)
    assert row["字段"] == "所属单位"
    assert words in row["问题与改法"]
    assert stub.bulk_requests() == []


def test_units_are_listed_once_in_an_import(
    tmp_path: Path, stub: RegistryStub, run: Callable[..., ImportSummary]
) -> None:
    run(roster(tmp_path, *(f"{WANG},{said}," for said in ("无名", "北山街道", "无名", "三墩镇"))))
    listed = [r.url.params for r in stub.requests if "parent_id" in r.url.params]
    assert [(p["parent_id"], p.get("cursor", "0")) for p in listed] == [
        ("county", "0"),
        ("county", "1"),
        ("u1", "0"),
        ("u1", "1"),
        ("u2", "0"),
        ("u2", "1"),
    ]


def test_a_guardian_is_sent_with_the_rosters_consent(
    tmp_path: Path, stub: RegistryStub, run: Callable[..., ImportSummary]
) -> None:
    path = tmp_path / "school.csv"
    path.write_text(
        "姓名,证件号码,手机号码,监护人姓名,与本人关系,监护人电话\n"
        "李强,130102201211184021,13900000000,李 梅,母亲,139-0000-0002\n"
        "王芳,11010519491231002X,13900000000,,,\n",
        encoding="utf-8",
    )
    assert run(path).accepted == 2
    child, adult = json.loads(stub.bulk_requests()[0].content)["rows"]
    assert child["guardian"] == {
        "name": "李梅",
        "relation": "母亲",
        "phone": "13900000002",
        "consent": {"version": "2026-1", "channel": "PAPER", "given_on": "2026-01-05"},
    }
    assert not [name for name in child if name.startswith("guardian.")]
    assert "guardian" not in adult


@pytest.mark.parametrize(
    ("header", "field", "column", "advised"),
    [
        ("家长姓名,家长电话", "guardian.phone", "家长电话", ""),
        ("家长姓名,家长电话", "guardian.relation", "与本人关系", ""),
        ("监护人,家长电话", "guardian", "监护人", "监护人、与本人关系、家长电话"),
        ("备注,职业", "guardian", "监护人姓名", "监护人姓名、与本人关系、监护人电话"),
    ],
)
def test_what_is_wrong_with_a_guardian_names_the_column_of_the_roster(
    tmp_path: Path,
    stub: RegistryStub,
    run: Callable[..., ImportSummary],
    header: str,
    field: str,
    column: str,
    advised: str,
) -> None:
    error = {"field": field, "code": "x", "message": "请改正"}
    result = {"row": 2, "status": 422, "id": None, "errors": [error]}
    answer = httpx.Response(200, json={"results": [result]})
    stub.intercept = lambda request: answer if request.method == "POST" else None
    path = tmp_path / "school.csv"
    path.write_text(
        f"姓名,证件号码,{header}\n李强,130102201211184021,李梅,13900000002\n", encoding="utf-8"
    )
    (row,) = report_of(run(path))
    assert row["字段"] == column
    assert row["问题与改法"].startswith("请改正")
    assert row["问题与改法"].endswith(f"：{advised}）" if advised else "请改正")


def test_a_duplicate_in_a_roster_names_the_first_line(
    tmp_path: Path, run: Callable[..., ImportSummary]
) -> None:
    summary = run(roster(tmp_path, f"{WANG},,", f"{LI},,", f"{WANG},,"), page_size=2)
    (row,) = report_of(summary)
    assert (row["行号"], row["字段"]) == ("4", "证件号码")
    assert row["问题与改法"] == "已是会员（与本文件第 2 行证件号码相同）"


def test_a_killed_import_that_is_run_again_registers_nobody_twice(
    tmp_path: Path, stub: RegistryStub, run: Callable[..., ImportSummary]
) -> None:
    demo = write_demo(tmp_path / "demo.csv", ["北山街道"], 5, 400)

    def kill_at_third(done: ImportSummary, _: int) -> None:
        if done.rows == 300:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(demo.path, page_size=100, progress=kill_at_third)
    registered = dict(stub.members)
    summary = run(demo.path, page_size=100)
    assert summary.refused == len(demo.wrong)
    assert registered.items() <= stub.members.items()
    assert len(stub.members) == 400 - len(demo.wrong)
    keys = [request.headers["Idempotency-Key"] for request in stub.bulk_requests()]
    assert keys[:3] == keys[3:6]
    assert len(set(keys)) == 4
    assert all(key.isascii() and len(key) <= 64 for key in keys)


def test_a_lost_answer_is_asked_for_again_by_the_import(
    tmp_path: Path, stub: RegistryStub, run: Callable[..., ImportSummary], pauses: list[float]
) -> None:
    failures: list[httpx.Response | Exception] = [
        httpx.ConnectError("refused"),
        problem(503, "overloaded"),
        httpx.Response(429, headers={"Retry-After": "7"}),
        httpx.ReadTimeout("lost"),
    ]

    def intercept(request: httpx.Request) -> httpx.Response | None:
        if request.method == "GET" or not failures:
            return None
        failure = failures.pop(0)
        if isinstance(failure, httpx.Response):
            return failure
        if isinstance(failure, httpx.ReadTimeout):
            stub.intercept = lambda _: None
            stub.answer(request)
        raise failure

    stub.intercept = intercept
    assert run(roster(tmp_path, f"{WANG},,")).accepted == 1
    assert pauses == [0.5, 1.0, 7.0, 4.0]
    assert len({request.headers["Idempotency-Key"] for request in stub.bulk_requests()}) == 1


@pytest.mark.parametrize(
    ("response", "code", "words"),
    [
        (problem(503, "overloaded"), "busy", "仍然繁忙（503）"),
        (problem(401, "expired"), "token", "registry status"),
        (problem(403, "仅限本区"), "forbidden", "仅限本区"),
        (
            problem(422, "字段有误", errors=[{"field": "mode", "message": "未知"}]),
            "refused",
            "字段有误；mode: 未知",
        ),
        (httpx.Response(500, text="Traceback"), "refused", "Traceback"),
        (httpx.Response(200, text="<html>"), "answer", "JSON"),
        (httpx.Response(200, json=[]), "answer", "object"),
        (httpx.Response(200, json={"results": []}), "answer", "results"),
        (httpx.Response(200, json={"results": [{"row": 2}]}), "answer", "status"),
    ],
)
def test_an_import_stops_with_one_clear_reason(
    tmp_path: Path,
    stub: RegistryStub,
    run: Callable[..., ImportSummary],
    pauses: list[float],
    response: httpx.Response,
    code: str,
    words: str,
) -> None:
    stub.intercept = lambda request: response if request.method == "POST" else None
    with pytest.raises(ImportFailed) as caught:
        run(roster(tmp_path, f"{WANG},,"))
    assert caught.value.code == code
    chinese, english = str(caught.value).splitlines()
    assert words in chinese
    assert "不会重复登记" in chinese
    assert "nobody is registered twice" in english
    assert len(pauses) == (ATTEMPTS - 1 if code == "busy" else 0)
    assert max(pauses, default=0.0) <= LONGEST_PAUSE_SECONDS


def test_a_token_that_expires_midway_in_an_import_is_replaced(
    tmp_path: Path, stub: RegistryStub, run: Callable[..., ImportSummary]
) -> None:
    minted: list[str] = []

    def mint() -> str:
        minted.append(f"token-{len(minted)}")
        return minted[-1]

    def expire(request: httpx.Request) -> httpx.Response | None:
        old = request.headers["Authorization"] == "Bearer token-0"
        return problem(401, "expired") if old and stub.members else None

    stub.intercept = expire
    summary = run(roster(tmp_path, f"{WANG},,", f"{LI},,"), page_size=1, mint=mint)
    assert (summary.accepted, summary.refused) == (2, 0)
    assert minted == ["token-0", "token-1"]
    first, refused, again = stub.bulk_requests()
    assert refused.headers["Authorization"] == first.headers["Authorization"]
    assert refused.headers["Idempotency-Key"] == again.headers["Idempotency-Key"]


def test_a_service_that_is_down_stops_the_import_with_its_error(
    tmp_path: Path, stub: RegistryStub, run: Callable[..., ImportSummary]
) -> None:
    def down(request: httpx.Request) -> httpx.Response | None:
        raise httpx.ConnectError("connection refused")

    stub.intercept = down
    with pytest.raises(ImportFailed, match=r"8 次尝试后仍无法连接 .*connection refused"):
        run(roster(tmp_path, f"{WANG},,"))


def test_a_unit_out_of_scope_stops_the_import_before_anything_is_sent(
    tmp_path: Path, stub: RegistryStub, run: Callable[..., ImportSummary]
) -> None:
    with pytest.raises(ImportFailed, match="找不到单位 elsewhere"):
        run(roster(tmp_path, f"{WANG},,"), unit="elsewhere")
    assert len(stub.requests) == 1


def test_a_roster_without_rows_stops_the_import(
    tmp_path: Path, run: Callable[..., ImportSummary]
) -> None:
    with pytest.raises(TableError, match="没有数据行"):
        run(roster(tmp_path, "", ",,,,,"))


@pytest.mark.parametrize("size", [0, 501])
def test_the_page_size_of_an_import_is_bounded(
    tmp_path: Path, run: Callable[..., ImportSummary], size: int
) -> None:
    with pytest.raises(ValueError, match="1 to 500"):
        run(roster(tmp_path, f"{WANG},,"), page_size=size)
