"""The aggregator's HTTP over a real mongod: figures, past days, breakdowns, stream, dead letters."""

import asyncio
from datetime import date

import orjson
import pytest

from aggregator import store
from aggregator.api import edge
from aggregator.stream import Hub
from embedded.servers import RealServers
from shared import events
from shared.clock import today
from shared.mongo import Database
from tests.histories import MOMENT
from tests.integration.aggregator.served import (
    COUNTY,
    HQ,
    UNIT,
    bearer,
    card,
    members,
    running,
    unit_event,
    write,
)


async def test_progress_now_and_on_past_days(servers: RealServers, filled: Database) -> None:
    async with running(servers, filled) as client:
        now = (await client.get("/v1/progress")).json()
        assert now["unit"]["region_code"] == "100000"
        assert now["indicators"]["members"]["value"] == 10
        assert now["indicators"]["units"]["value"] == 1
        assert now["indicators"]["members"]["target"] == 20_000_000
        assert now["indicators"]["members"]["progress_target"] == 10 / 20_000_000
        assert now["plan"]["ended"] is True
        for day, expected in (("2024-04-30", 0), ("2024-05-01", 7), ("2025-05-01", 10)):
            past = (await client.get("/v1/progress", params={"as_of": day})).json()
            assert past["indicators"]["members"]["value"] == expected, day
            assert past["as_of"] == day
        county = (await client.get("/v1/progress", params={"unit": "330106"})).json()
        assert county["indicators"]["members"]["value"] == 10
        assert county["indicators"]["members"]["target"] is None


async def test_a_future_day_and_an_unknown_unit_are_refused(
    servers: RealServers, filled: Database
) -> None:
    async with running(servers, filled) as client:
        future = date(today().year + 1, 1, 1).isoformat()
        answer = await client.get("/v1/progress", params={"as_of": future})
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "as_of")
        answer = await client.get("/v1/progress", params={"unit": "nowhere"})
        assert answer.status_code == 404


@pytest.mark.parametrize("path", ["/v1/progress", "/v1/counters"])
async def test_a_day_is_written_in_one_way(
    servers: RealServers, filled: Database, path: str
) -> None:
    async with running(servers, filled) as client:
        for given in ("1735689600", "2025-01-01T00:00:00Z", "2025-1-1", "20250101", "2025-02-30"):
            answer = await client.get(path, params={"as_of": given})
            assert answer.status_code == 422, given
            error = answer.json()["errors"][0]
            assert (error["field"], error["code"]) == ("as_of", "date.invalid"), given


async def test_grassroots_figures_need_a_token_of_that_place(
    servers: RealServers, filled: Database
) -> None:
    async with running(servers, filled) as client:
        assert (await client.get("/v1/progress", params={"unit": UNIT})).status_code == 401
        for name, status in (("officer", 200), ("stranger", 404)):
            answer = await client.get("/v1/progress", params={"unit": UNIT}, headers=bearer(name))
            assert answer.status_code == status
        table = (await client.get("/v1/counters", params={"unit": COUNTY})).json()
        assert (table["rows"], table["rows_need_token"]) == ([], True)
        answer = await client.get(
            "/v1/counters", params={"unit": COUNTY}, headers=bearer("officer")
        )
        assert [row["members"] for row in answer.json()["rows"]] == [10]


async def test_breakdowns_hide_small_cells(servers: RealServers, filled: Database) -> None:
    async with running(servers, filled) as client:
        params = {"metric": "members", "by": "sex"}
        cells = (await client.get("/v1/counters", params=params)).json()["cells"]
        # The total of 10 is public: a 7 beside the hidden cell would tell it.
        assert cells == [{"value": "1", "count": "≥5"}, {"value": "2", "count": "<5"}]
        past = await client.get("/v1/counters", params={**params, "as_of": "2024-12-31"})
        assert past.json()["cells"] == [{"value": "1", "count": 7}]
        wrong = await client.get("/v1/counters", params={"metric": "members", "by": "colour"})
        assert (wrong.status_code, wrong.json()["code"]) == (422, "dimension.unknown")


async def test_units_by_the_categories_of_the_plan(servers: RealServers, filled: Database) -> None:
    types = {"e": "ENTERPRISE", "i": "INSTITUTION", "s": "SCHOOL", "v": "VILLAGE", "a": "AGENCY"}
    cards = [card(unit, "GRASSROOTS", COUNTY, type=type_) for unit, type_ in types.items()]
    early, late = date(2023, 1, 1), date(2024, 1, 1)
    write(
        filled,
        *(
            (events.UNIT_TOPIC, unit_event(one, late if one.type == "INSTITUTION" else early))
            for one in cards
        ),
    )
    async with running(servers, filled) as client:
        params = {"metric": "units", "by": "plan_category"}
        answer = (await client.get("/v1/counters", params=params)).json()
        found = {cell["value"]: cell["count"] for cell in answer["cells"]}
        expected = {"COMMUNITY": 1, "SCHOOL": 1, "ENTERPRISE_INSTITUTION": 2, "NOT_IN_PLAN": 2}
        assert (found, answer["withheld"]) == (expected, False)
        past = await client.get("/v1/counters", params={**params, "as_of": "2023-12-31"})
        then = {cell["value"]: cell["count"] for cell in past.json()["cells"]}
        assert then == {**expected, "ENTERPRISE_INSTITUTION": 1}
        plain = (await client.get("/v1/counters", params={**params, "by": "type"})).json()
        assert {"value": "INSTITUTION", "count": 1} in plain["cells"]
        wrong = await client.get("/v1/counters", params={**params, "metric": "members"})
        assert (wrong.status_code, wrong.json()["code"]) == (422, "dimension.unknown")


async def test_the_definitions_say_what_counts_and_how_it_is_broken_down(
    servers: RealServers, filled: Database
) -> None:
    async with running(servers, filled) as client:
        told = (await client.get("/v1/definitions")).json()
        assert told["version"] == 2
        dimensions = {item["id"]: item for item in told["dimensions"]}
        assert "sexbirth" not in dimensions
        assert dimensions["type"]["categories"] == []
        category = dimensions["plan_category"]
        assert category["series"] == ["units"]
        assert "企事业单位" in category["wording"]["zh"]
        labels = {item["id"]: item["label"]["zh"] for item in category["categories"]}
        assert labels["ENTERPRISE_INSTITUTION"] == "企事业单位"
        volunteers = next(item for item in told["items"] if item["id"] == "volunteers")
        # As the refusal of too few hours says it; the hours are the rule's, which may be set.
        assert "一个自然年内" in volunteers["wording"]["zh"]
        assert "默认 20 小时" in volunteers["wording"]["zh"]
        assert "one calendar year" in volunteers["wording"]["en"]
        assert "20 by default" in volunteers["wording"]["en"]


async def test_the_stream_shows_what_is_committed(servers: RealServers, filled: Database) -> None:
    async with running(servers, filled) as client:
        hub: Hub = client.hub  # type: ignore[attr-defined]
        frames = hub.frames(HQ, levels=edge.ALL_LEVELS)
        await anext(frames)
        snapshot = orjson.loads((await anext(frames)).split(b"data: ", 1)[1])
        assert snapshot["indicators"]["members"]["value"] == 10
        assert [row["members"] for row in snapshot["rows"]] == [10]
        write(filled, *((events.MEMBER_TOPIC, one) for one in members(5, date(2026, 1, 1))))
        async with asyncio.timeout(60):
            async for frame in frames:
                body = orjson.loads(frame.split(b"data: ", 1)[1])
                if body["indicators"]["members"]["value"] == 15:
                    break
        assert hub.viewers() == 1
        await frames.aclose()  # type: ignore[attr-defined]
        assert hub.viewers() == 0


async def test_dead_letters_are_for_the_national_administrator(
    servers: RealServers, filled: Database
) -> None:
    filled[store.DEAD_LETTERS].insert_one(
        {
            "_id": "foreign.1",
            "topic": events.MEMBER_TOPIC,
            "partition": 0,
            "offset": 3,
            "source": "",
            "epoch": 0,
            "first": 0,
            "last": 0,
            "reason": "planted",
            "raw": b"\xff?",
            "state": "open",
            "at": MOMENT,
        }
    )
    async with running(servers, filled) as client:
        progress = (await client.get("/v1/progress")).json()
        assert "dead_letter" in progress["incomplete_reasons"]
        for name, status in (("officer", 403), ("stranger", 403), ("admin", 200)):
            answer = await client.get("/v1/dead-letters", headers=bearer(name))
            assert answer.status_code == status
        assert [item["id"] for item in answer.json()["items"]] == ["foreign.1"]
        path = "/v1/dead-letters/foreign.1"
        assert (await client.get(path, headers=bearer("admin"))).json()["raw"] == "\ufffd?"
        refused = await client.post(f"{path}/replay", json={}, headers=bearer("admin"))
        assert refused.status_code == 422
        body = {"reason": "a test record"}
        keyed = bearer("admin") | {"Idempotency-Key": "dismiss-1"}
        done = await client.post(f"{path}/dismiss", json=body, headers=keyed)
        assert (done.status_code, done.json()["state"]) == (200, "dismissed")
        repeated = await client.post(f"{path}/dismiss", json=body, headers=keyed)
        assert (repeated.status_code, repeated.json()) == (200, done.json())
        other = await client.post(f"{path}/dismiss", json={"reason": "another"}, headers=keyed)
        assert (other.status_code, other.json()["code"]) == (422, "idempotency.reused")
        again = await client.post(f"{path}/dismiss", json=body, headers=bearer("admin"))
        assert again.status_code == 409
        async with asyncio.timeout(60):
            while "dead_letter" in (await client.get("/v1/progress")).json()["incomplete_reasons"]:
                await asyncio.sleep(0.02)
