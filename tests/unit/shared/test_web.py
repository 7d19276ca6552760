"""The HTTP edge: every kind of bad request gets a clear problem, and nothing slips past."""

import json
from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Annotated

import httpx
import pytest
from fastapi import APIRouter, Depends, Query
from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from shared.base.clock import today
from shared.web.fields import StrictModel
from shared.web.validation import refusal_of
from tests.unit.shared.sample_app import application, check_problem, client


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with client(application()) as opened:
        yield opened


JSON = {"content-type": "application/json"}


async def test_a_good_request_passes_and_is_answered_with_its_version_and_safe_headers(
    http: httpx.AsyncClient,
) -> None:
    answer = await http.post("/v1/people", json={"name": " 张三 ", "born": "2001-02-03"})
    assert answer.status_code == 201
    assert answer.json()["name"] == "张三"
    assert answer.headers["etag"] == '"1"'
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert "default-src 'self'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 422, "body.required"),
        (b"{", 400, "body.json"),
        (b'{"name": NaN}', 400, "body.json"),
        (b'{"name": "\xff\xfe"}', 400, "body.encoding"),
        ("姓名".encode("gb18030"), 400, "body.encoding"),
        (b'{"name": "a\x00"}', 400, "body.nul"),
        (b'{"name": "a\\u0000"}', 400, "body.nul"),
        (b'{"name": "\\ud800"}', 400, "body.json"),
        (b'{"name": ' + b"[" * 1_900, 400, "body.json"),
        (b'{"name": "' + b"a" * 2_000 + b'"}', 413, "body.too_large"),
        (b'{"name": "x", "nickname": 1}', 422, "field.unknown"),
        (b"{}", 422, "field.required"),
        (b"[]", 422, "field.type"),
        (b'{"name": 5}', 422, "field.type"),
        (b'{"name": "  "}', 422, "field.too_short"),
        (b'{"name": "x", "born": "2001-02-30"}', 422, "date.invalid"),
        (b'{"name": "x", "grade": 10}', 422, "field.range"),
        (b'{"name": "x", "grade": 1e999}', 400, "body.json"),
        (b'{"name": "x", "guardian": {"phone": "123456"}}', 422, "field.too_long"),
        (b'{"name": "x", "grade": 0, "born": "?"}', 422, "request.invalid"),
    ],
)
async def test_a_bad_body_of_a_request_is_refused_by_its_own_code(
    http: httpx.AsyncClient, body: bytes, status: int, code: str
) -> None:
    answer = await http.post("/v1/people", content=body, headers=JSON)
    check_problem(answer, status, code)


async def test_an_escaped_backslash_in_a_body_is_no_nul(http: httpx.AsyncClient) -> None:
    body = b'{"name": "a\\\\u0000"}'
    assert (await http.post("/v1/people", content=body, headers=JSON)).status_code == 201


async def test_a_problem_names_the_fields_at_fault_and_never_their_values(
    http: httpx.AsyncClient,
) -> None:
    secret = "11010519491231002X"
    sent = {"name": "x", "grade": secret, secret: 1, "guardian": {"phone": secret}}
    answer = await http.post("/v1/people", json=sent)
    problem = check_problem(answer, 422, "request.invalid")
    fields = {item["field"]: item["code"] for item in problem["errors"]}
    assert fields == {
        "grade": "field.type",
        "guardian.phone": "field.too_long",
        "…X": "field.unknown",
    }
    assert secret not in answer.text


async def test_a_streamed_body_is_limited_in_size(http: httpx.AsyncClient) -> None:
    async def parts() -> AsyncIterator[bytes]:
        for _ in range(30):
            yield b" " * 100

    answer = await http.post("/v1/people", content=parts(), headers=JSON)
    check_problem(answer, 413, "body.too_large")


@pytest.mark.parametrize(
    "kind",
    [
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/json; charset=gbk",
        "multipart/form-data; boundary=b",
    ],
)
async def test_a_body_of_another_content_type_is_refused(
    http: httpx.AsyncClient, kind: str
) -> None:
    headers = {"content-type": kind} if kind else {}
    answer = await http.post("/v1/people", content=b"{}", headers=headers)
    check_problem(answer, 415, "media.unsupported")


@pytest.mark.parametrize(
    ("header", "status", "code"),
    [
        (None, 428, "version.missing"),
        ("abc", 400, "version.malformed"),
        ("*", 400, "version.malformed"),
        ('"2"', 412, "version.stale"),
    ],
)
async def test_a_missing_malformed_or_stale_version_is_refused(
    http: httpx.AsyncClient, header: str | None, status: int, code: str
) -> None:
    headers = {} if header is None else {"If-Match": header}
    answer = await http.post("/v1/people/7/approve", headers=headers)
    check_problem(answer, status, code)
    if status == 412:
        assert answer.headers["etag"] == '"3"'
        assert "3" in answer.json()["detail"]


async def test_a_change_with_the_present_version_passes(http: httpx.AsyncClient) -> None:
    answer = await http.post("/v1/people/7/approve", headers={"If-Match": '"3"'})
    assert answer.json() == {"id": "7"}


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v1/nothing", 404, "route.not_found"),
        ("GET", "/v1/people/9", 404, "not_found"),
        ("DELETE", "/v1/people", 405, "route.method"),
        ("GET", "/v1/people?limit=201", 422, "field.range"),
        ("GET", "/v1/people?limit=%00", 400, "body.nul"),
        ("GET", "/v1/people?limt=5", 422, "query.unknown"),
        ("GET", "/v1/people?limit=5&Limit=5", 422, "query.unknown"),
        ("GET", "/v1/people?limit=5&b=1&c=1", 422, "request.invalid"),
        ("GET", "/v1/people?=1", 422, "query.unknown"),
        ("POST", "/v1/people?dry_run", 422, "query.unknown"),
        ("GET", "/v1/people/me?limit=5", 422, "query.unknown"),
        ("GET", "/v1/nothing?limt=5", 404, "route.not_found"),
        ("DELETE", "/v1/people?limt=5", 405, "route.method"),
        ("GET", "/v1/people/broken", 500, "internal"),
        ("GET", "/v1/people/no-database", 503, "unavailable"),
        ("GET", "/v1/people/slow", 503, "timeout"),
        ("GET", "/v1/people/me", 401, "auth.missing"),
    ],
)
async def test_each_refusal_of_a_request_has_its_status_and_code_and_shows_no_secret(
    http: httpx.AsyncClient, method: str, path: str, status: int, code: str
) -> None:
    answer = await http.request(method, path)
    check_problem(answer, status, code)
    assert "secret" not in answer.text
    if status == 401:
        assert answer.headers["www-authenticate"] == 'Bearer realm="registry"'
    if status == 405:
        assert answer.headers["allow"] == "GET, POST"


async def test_an_unknown_query_parameter_is_named_with_those_there_are(
    http: httpx.AsyncClient,
) -> None:
    secret = "11010519491231002X"
    answer = await http.get(f"/v1/people?limit=5&{secret}=1&x=2", headers={"Accept-Language": "en"})
    errors = check_problem(answer, 422, "request.invalid")["errors"]
    assert [error["field"] for error in errors] == ["…X", "x"]
    assert all("limit" in error["message"] for error in errors)
    assert secret not in answer.text
    assert (await http.get("/v1/people?limit=5")).json() == {"limit": 5}
    assert (await http.get("/v1/people?")).json() == {"limit": 50}


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/openapi.json"])
async def test_probes_and_scrapers_of_metrics_may_add_query_parameters(
    http: httpx.AsyncClient, path: str
) -> None:
    assert (await http.get(f"{path}?probe=1")).status_code == 200


async def test_a_query_parameter_that_only_a_dependency_of_the_route_asks_for_is_known() -> None:
    router = APIRouter(prefix="/v1")

    async def page(cursor: Annotated[str, Query(alias="after")] = "") -> str:
        return cursor

    @router.get("/things/{identity}")
    async def things(identity: str, cursor: Annotated[str, Depends(page)]) -> dict[str, str]:
        return {"id": identity, "cursor": cursor}

    app = application(routers=[])
    async with client(app) as http:
        assert (await http.get("/v1/things/7?after=x")).status_code == 404
    app = application(routers=[router])
    async with client(app) as http:
        assert (await http.get("/v1/things/7?after=x")).json() == {"id": "7", "cursor": "x"}
        check_problem(await http.get("/v1/things/7?identity=8"), 422, "query.unknown")


async def test_a_token_of_another_scheme_is_refused_even_where_none_is_needed(
    http: httpx.AsyncClient,
) -> None:
    assert (await http.get("/v1/people/maybe")).json() == {"known": False}
    answer = await http.get("/v1/people/maybe", headers={"Authorization": "Basic eDp5"})
    check_problem(answer, 401, "auth.invalid")


async def test_a_problem_is_reported_in_the_language_the_request_asks_for(
    http: httpx.AsyncClient,
) -> None:
    chinese = await http.post("/v1/people", json={"name": "twin"})
    problem = check_problem(chinese, 409, "person.duplicate")
    assert "某县" in problem["detail"]
    assert "学校" in problem["detail"]
    assert chinese.headers["content-language"] == "zh-CN"
    assert chinese.headers["vary"] == "Accept-Language"
    english = await http.post(
        "/v1/people", json={"name": "twin"}, headers={"Accept-Language": "en-GB, zh;q=0.5"}
    )
    assert "school" in check_problem(english, 409, "person.duplicate")["detail"]
    assert english.headers["content-language"] == "en"
    assert english.json()["errors"][0]["field"] == "id_number"


async def test_a_stream_may_outlast_the_time_limit_of_requests(http: httpx.AsyncClient) -> None:
    assert (await http.get("/v1/people/stream")).text == "one two"


async def test_a_correlation_id_is_kept_and_a_malformed_one_is_replaced(
    http: httpx.AsyncClient,
) -> None:
    given = await http.get("/healthz", headers={"X-Correlation-Id": "abc-1"})
    assert given.headers["x-correlation-id"] == "abc-1"
    for bad in ("x" * 65, "a b", "<script>"):
        own = await http.get("/healthz", headers={"X-Correlation-Id": bad})
        assert own.headers["x-correlation-id"] not in {bad, ""}


async def test_metrics_name_the_route_and_not_the_address(http: httpx.AsyncClient) -> None:
    await http.get("/v1/people/17-secret")
    text = (await http.get("/metrics")).text
    assert (
        'registry_http_requests_total{method="GET",route="/v1/people/{identity}",status="404"}'
        in text
    )
    assert "17-secret" not in text


async def test_the_openapi_description_lists_problems_and_tokens(
    http: httpx.AsyncClient,
) -> None:
    document = (await http.get("/openapi.json")).json()
    responses = document["paths"]["/v1/people"]["post"]["responses"]
    assert set(responses) == {"201", "default"}
    assert "application/problem+json" in responses["default"]["content"]
    assert document["paths"]["/v1/people/me"]["get"]["security"] == [{"bearer": []}]
    json.dumps(document)


async def test_the_field_of_a_body_with_a_nul_is_named(http: httpx.AsyncClient) -> None:
    body = b'{"name": "x", "guardian": {"phone": ["a", "\\u0000"]}}'
    answer = await http.post("/v1/people", content=body, headers=JSON)
    problem = check_problem(answer, 400, "body.nul")
    assert problem["errors"][0]["field"] == "guardian.phone.1"


async def test_a_body_with_a_crowd_of_fields_is_refused_as_a_whole(http: httpx.AsyncClient) -> None:
    crowd = {f"f{n}": 1 for n in range(65)}
    for body, place in ((crowd, "$"), ({"name": "一", "guardian": crowd}, "guardian")):
        answer = await http.post("/v1/people", json=body, headers={"Accept-Language": "en"})
        problem = check_problem(answer, 400, "body.fields")
        assert f"(at: {place})" in problem["detail"]


def test_a_refusal_of_a_request_lists_no_more_errors_than_somebody_reads() -> None:
    findings = [{"type": "extra_forbidden", "loc": ("body", f"f{n}")} for n in range(250)]
    refusal = refusal_of(findings)
    assert len(refusal.errors) == 100
    assert refusal.params["count"] == 250


@pytest.mark.parametrize("inner", [b"1", b'"\\u0000"'])
async def test_a_deeply_nested_body_is_refused_and_is_no_error_of_ours(
    http: httpx.AsyncClient, inner: bytes
) -> None:
    body = b"[" * 990 + inner + b"]" * 990
    answer = await http.post("/v1/people", content=body, headers=JSON)
    assert answer.status_code in {400, 422}


def not_in_future(day: date) -> date:
    if day > today():
        raise PydanticCustomError("date.future", "in the future", {"today": today().isoformat()})
    return day


async def test_a_schema_of_a_request_may_name_its_own_problem_code() -> None:
    router = APIRouter()

    class Born(StrictModel):
        born: Annotated[date, AfterValidator(not_in_future)]

    @router.post("/v1/born")
    async def create(body: Born) -> None: ...

    async with client(application(routers=[router])) as http:
        day = today()
        tomorrow = (day + timedelta(days=1)).isoformat()
        answer = await http.post("/v1/born", json={"born": tomorrow})
        problem = check_problem(answer, 422, "date.future")
        assert problem["errors"][0]["field"] == "born"
        assert day.isoformat() in problem["detail"]
