"""The figures by HTTP over a real mongod: now and on past days, breakdowns, definitions."""

from datetime import date

import pytest

from shared.base.clock import today
from shared.base.mongo import Database
from shared.contract import events
from tests.clients.inside import FiguresInside, figures_inside
from tests.clients.officers import Headers
from tests.clients.register import check_problem
from tests.integration.aggregator.planted import COUNTY, UNIT, card, unit_event, write
from tests.servers import RealServers


@pytest.fixture
def officer(figures: FiguresInside) -> Headers:
    return figures.officer("officer", "viewer")


@pytest.fixture
def stranger(figures: FiguresInside) -> Headers:
    return figures.officer("stranger", "viewer", "admin", unit="elsewhere")


def test_progress_shows_the_figures_now_and_on_past_days(figures: FiguresInside) -> None:
    now = figures.progress()
    assert now["unit"]["region_code"] == "100000"
    assert now["indicators"]["members"]["value"] == 10
    assert now["indicators"]["units"]["value"] == 1
    assert now["indicators"]["members"]["target"] == 20_000_000
    assert now["indicators"]["members"]["progress_target"] == 10 / 20_000_000
    assert now["plan"]["ended"] is True
    for day, expected in (("2024-04-30", 0), ("2024-05-01", 7), ("2025-05-01", 10)):
        past = figures.progress(as_of=day)
        assert past["indicators"]["members"]["value"] == expected, day
        assert past["as_of"] == day
    county = figures.progress(unit="330106")
    assert county["indicators"]["members"]["value"] == 10
    assert county["indicators"]["members"]["target"] is None


def test_progress_on_a_future_day_or_of_an_unknown_unit_is_refused(figures: FiguresInside) -> None:
    future = date(today().year + 1, 1, 1).isoformat()
    answer = figures.http.get("/v1/progress", params={"as_of": future})
    check_problem(answer, 422, "date.future", "as_of")
    answer = figures.http.get("/v1/progress", params={"unit": "nowhere"})
    assert answer.status_code == 404


@pytest.mark.parametrize("path", ["/v1/progress", "/v1/counters"])
def test_the_day_of_figures_is_written_in_one_way(figures: FiguresInside, path: str) -> None:
    for given in ("1735689600", "2025-01-01T00:00:00Z", "2025-1-1", "20250101", "2025-02-30"):
        answer = figures.http.get(path, params={"as_of": given})
        assert answer.status_code == 422, given
        error = answer.json()["errors"][0]
        assert (error["field"], error["code"]) == ("as_of", "date.invalid"), given


def test_grassroots_figures_need_a_token_of_that_place(
    figures: FiguresInside, officer: Headers, stranger: Headers
) -> None:
    assert figures.http.get("/v1/progress", params={"unit": UNIT}).status_code == 401
    for who, status in ((officer, 200), (stranger, 404)):
        answer = figures.http.get("/v1/progress", params={"unit": UNIT}, headers=who)
        assert answer.status_code == status
    table = figures.counters(unit=COUNTY)
    assert (table["rows"], table["rows_need_token"]) == ([], True)
    table = figures.counters(officer, unit=COUNTY)
    assert [row["members"] for row in table["rows"]] == [10]


def test_breakdowns_hide_small_cells(figures: FiguresInside) -> None:
    params = {"metric": "members", "by": "sex"}
    # The total of 10 is public: a 7 next to the hidden cell would reveal it.
    assert figures.counters(**params)["cells"] == [
        {"value": "1", "count": "≥5"},
        {"value": "2", "count": "<5"},
    ]
    past = figures.counters(**params, as_of="2024-12-31")
    assert past["cells"] == [{"value": "1", "count": 7}]
    wrong = figures.http.get("/v1/counters", params={"metric": "members", "by": "colour"})
    check_problem(wrong, 422, "dimension.unknown")


def test_units_are_broken_down_by_the_categories_of_the_plan(
    servers: RealServers, filled: Database
) -> None:
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
    with figures_inside(servers, filled, COUNTY) as figures:
        params = {"metric": "units", "by": "plan_category"}
        answer = figures.counters(**params)
        found = {cell["value"]: cell["count"] for cell in answer["cells"]}
        expected = {"COMMUNITY": 1, "SCHOOL": 1, "ENTERPRISE_INSTITUTION": 2, "NOT_IN_PLAN": 2}
        assert (found, answer["withheld"]) == (expected, False)
        past = figures.counters(**params, as_of="2023-12-31")
        then = {cell["value"]: cell["count"] for cell in past["cells"]}
        assert then == {**expected, "ENTERPRISE_INSTITUTION": 1}
        plain = figures.counters(metric="units", by="type")
        assert {"value": "INSTITUTION", "count": 1} in plain["cells"]
        wrong = figures.http.get("/v1/counters", params={**params, "metric": "members"})
        check_problem(wrong, 422, "dimension.unknown")


def test_the_definitions_say_what_counts_and_how_it_is_broken_down(figures: FiguresInside) -> None:
    reported = figures.http.get("/v1/definitions").json()
    assert reported["version"] == 2
    dimensions = {item["id"]: item for item in reported["dimensions"]}
    assert "sexbirth" not in dimensions
    assert dimensions["type"]["categories"] == []
    category = dimensions["plan_category"]
    assert category["series"] == ["units"]
    assert "企事业单位" in category["wording"]["zh"]
    labels = {item["id"]: item["label"]["zh"] for item in category["categories"]}
    assert labels["ENTERPRISE_INSTITUTION"] == "企事业单位"
    volunteers = next(item for item in reported["items"] if item["id"] == "volunteers")
    # As the refusal of too few hours says it; the hours are the rule's, which may be set.
    assert "一个自然年内" in volunteers["wording"]["zh"]
    assert "默认 20 小时" in volunteers["wording"]["zh"]
    assert "one calendar year" in volunteers["wording"]["en"]
    assert "20 by default" in volunteers["wording"]["en"]
