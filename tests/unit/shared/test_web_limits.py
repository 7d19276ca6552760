"""Limits of the HTTP edge, and what it says of its own health."""

import asyncio

from shared.web.admission import TokenBuckets
from tests.unit.shared.sample_app import application, check_problem, client


async def reachable() -> None: ...


async def unreachable() -> None:
    raise ConnectionError


async def test_the_rate_limit_answers_429_with_retry_after_and_spares_probes() -> None:
    async with client(application(settings={"requests_per_minute": 12})) as http:
        answers = [await http.get("/v1/people") for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        check_problem(answers[-1], 429, "rate.limited")
        assert int(answers[-1].headers["retry-after"]) >= 1
        assert (await http.get("/healthz")).status_code == 200


def test_buckets_of_the_rate_limit_refill_and_are_bounded() -> None:
    buckets = TokenBuckets(60, callers=2)
    assert [buckets.take("a", 0.0) for _ in range(11)] == [0] * 10 + [1]
    assert buckets.take("a", 1.0) == 0
    assert buckets.take("b", 1.0) == 0
    assert buckets.take("c", 1.0) == 0
    assert len(buckets._buckets) == 2


async def test_too_many_requests_at_once_are_refused_as_overload() -> None:
    app = application(settings={"concurrency_limit": 1})
    async with client(app) as http:
        held = asyncio.create_task(http.get("/v1/people/held"))
        await app.state.started.wait()
        check_problem(await http.get("/v1/people"), 503, "overloaded")
        app.state.released.set()
        assert (await held).status_code == 200
        assert (await http.get("/v1/people")).status_code == 200


async def test_a_web_service_is_healthy_but_not_ready_without_what_it_depends_on() -> None:
    async with client(application(readiness=[reachable, unreachable])) as http:
        assert (await http.get("/healthz")).json() == {"status": "ok", "instance": "test-0"}
        answer = await http.get("/readyz")
        assert answer.status_code == 503
        assert answer.json()["problems"] == ["unreachable"]
    async with client(application(readiness=[reachable])) as http:
        assert (await http.get("/readyz")).json()["status"] == "ready"
