"""The plan as data, and the two measures of progress that are never derived from one another."""

import json
from dataclasses import asdict
from datetime import date

import orjson
import pytest

from aggregator.plans.rules import (
    Figure,
    Indicator,
    IndicatorItem,
    Kind,
    Plan,
    PlanStatus,
    Qualifier,
    Reason,
    current_plan,
    progress_increment,
    progress_target,
)
from aggregator.plans.service import load_plans, parse_plans

TODAY = date(2026, 11, 23)


def plan() -> Plan:
    found = current_plan(load_plans(), TODAY)
    assert found is not None
    return found


def row(series: str) -> Indicator:
    found = plan().indicator(series)
    assert found is not None
    return found


def by_number(number: str) -> Indicator:
    return next(item for item in plan().indicators if item.number == number)


def test_the_plan_has_fifteen_indicators_in_sixteen_rows() -> None:
    numbers = [item.number for item in plan().indicators]
    assert numbers == ["1a", "1b", *(str(number) for number in range(2, 16))]
    assert len({item.code for item in plan().indicators}) == 16
    assert [item.number for item in plan().indicators if item.kind is Kind.FLOW] == ["8", "11"]


@pytest.mark.parametrize(
    ("series", "baseline", "increase", "target"),
    [
        ("units", (100_000, Qualifier.MORE_THAN), 50_000, 150_000),
        ("members", (16_470_000, Qualifier.MORE_THAN), 3_500_000, 20_000_000),
        ("volunteers", (1_490_000, Qualifier.NEARLY), 500_000, 2_000_000),
    ],
)
def test_headline_figures_of_the_plan_are_raw_whole_numbers_with_their_qualifiers(
    series: str, baseline: tuple[int, Qualifier], increase: int, target: int
) -> None:
    found = row(series)
    assert found.baseline == Figure(*baseline)
    assert found.increase == Figure(increase, Qualifier.EXACT)
    assert found.target == Figure(target, Qualifier.REACH)


def test_baseline_and_increase_of_persons_do_not_reach_the_target_in_the_plan() -> None:
    for series in ("members", "volunteers"):
        found = row(series)
        assert found.baseline is not None
        assert found.increase is not None
        assert found.target is not None
        sums = [item.value or 0 for item in (found.baseline, found.increase)]
        assert sum(sums) < (found.target.value or 0)


def test_what_the_text_of_the_plan_does_not_state_is_not_invented() -> None:
    for number in ("1a", "1b", "2", "3", "4", "5", "7"):
        assert by_number(number).target is None
        assert by_number(number).baseline is None
    assert by_number("8").baseline is None
    assert by_number("12").target == Figure(None, Qualifier.QUALITATIVE)


def test_the_next_plan_is_an_empty_draft_and_is_never_measured_against() -> None:
    draft = next(item for item in load_plans() if item.status is PlanStatus.DRAFT)
    assert (draft.start, draft.end) == (date(2026, 1, 1), date(2030, 12, 31))
    assert draft.indicators == ()
    assert plan().id == "five-year-2021-2025"
    assert current_plan((draft,), TODAY) is None


def test_the_period_of_a_plan_ends_with_its_last_day() -> None:
    assert not plan().ended(date(2025, 12, 31))
    assert plan().ended(date(2026, 1, 1))
    assert plan().head(TODAY)["ended"]
    assert not plan().head(date(2023, 6, 1))["ended"]


def test_progress_towards_the_plan_goes_over_one() -> None:
    assert progress_target(204_000, row("units")) == (1.36, None)
    assert progress_increment(204_000, row("units")) == (2.08, None)


def test_the_increase_of_a_plan_can_be_met_while_its_target_is_not() -> None:
    item = IndicatorItem.of(16_470_000 + 3_500_000, plan(), row("members"), TODAY)
    assert item.progress_increment == 1
    assert item.progress_target is not None
    assert item.progress_target < 1
    assert item.reason is None


def test_a_figure_below_the_baseline_is_roll_out_unless_coverage_is_whole() -> None:
    assert progress_increment(60, row("members")) == (None, Reason.COVERAGE)
    assert progress_target(60, row("members")) == (60 / 20_000_000, None)
    shrunk, _ = progress_increment(16_120_000, row("members"), covered=True)
    assert shrunk == pytest.approx(-0.1)


@pytest.mark.parametrize(
    ("number", "target_reason", "increment_reason"),
    [
        ("1a", Reason.NO_TARGET, Reason.NO_BASELINE),
        ("6", None, Reason.NO_BASELINE),
        ("12", Reason.NO_TARGET, None),
        ("11", None, None),
    ],
)
def test_a_measure_that_the_text_of_the_plan_cannot_carry_is_null_with_its_reason(
    number: str, target_reason: Reason | None, increment_reason: Reason | None
) -> None:
    target = progress_target(2_400, by_number(number))
    increment = progress_increment(2_400, by_number(number))
    assert (target.reason, increment.reason) == (target_reason, increment_reason)
    assert (target.ratio is None) == (target_reason is not None)
    assert (increment.ratio is None) == (increment_reason is not None)


def test_a_flow_of_the_plan_starts_from_zero() -> None:
    assert progress_increment(15_000_000_000, by_number("11")) == (0.5, None)


def test_without_a_figure_there_is_no_progress() -> None:
    for measure in (progress_target, progress_increment):
        assert measure(None, row("units")) == (None, Reason.NO_FIGURE)


def test_progress_is_measured_on_the_combined_figure_where_there_is_one() -> None:
    alone = IndicatorItem.of(75_000, plan(), row("units"), TODAY)
    assert (alone.combined, alone.progress_target) == (75_000, 0.5)
    both = IndicatorItem.of(75_000, plan(), row("units"), TODAY, reported=60_000, combined=135_000)
    assert (both.value, both.reported, both.combined) == (75_000, 60_000, 135_000)
    assert (both.progress_target, both.progress_increment) == (0.9, 0.7)


def test_a_chapter_without_targets_shows_its_figure_and_the_reason() -> None:
    item = IndicatorItem.of(12, plan(), None, TODAY)
    assert item.value == 12
    assert item.target is None
    assert item.reason == "no_target"
    assert item.reasons["progress_increment"] == "no_increase"
    assert orjson.loads(orjson.dumps(item)) == asdict(item)


@pytest.mark.parametrize(
    ("day", "with_plan", "reason"),
    [(date(2020, 12, 31), True, "before_plan"), (TODAY, False, "no_plan")],
)
def test_outside_any_plan_there_is_no_progress(day: date, with_plan: bool, reason: str) -> None:
    item = IndicatorItem.of(160_000, plan() if with_plan else None, row("units"), day)
    assert (item.progress_target, item.progress_increment) == (None, None)
    assert item.reason == reason


def document(**changes: object) -> str:
    head = {
        "id": "p",
        "series": "FIVE_YEAR",
        "name_zh": "规划",
        "name_en": "plan",
        "start": "2031-01-01",
        "end": "2035-12-31",
        "status": "ACTIVE",
        "baseline_date": "2030-12-31",
        "indicators": [],
    }
    return json.dumps({"plans": [{**head, **changes}]})


def test_before_any_plan_begins_the_next_one_is_shown() -> None:
    plans = parse_plans(document())
    assert current_plan(plans, TODAY) == plans[0]


RAW_ROW = {
    **dict.fromkeys(("code", "number", "label_zh", "label_en", "unit_zh", "unit_en"), "x"),
    **dict.fromkeys(("series", "baseline", "target", "target_text", "note")),
    "scale": 1,
    "kind": "STOCK",
    "source_ref": "x",
    "version": 1,
}


@pytest.mark.parametrize(
    "changes",
    [
        {"start": "2036-01-01"},
        {"status": "OPEN"},
        {"unknown": 1},
        {"status": "DRAFT", "indicators": [{**RAW_ROW, "increase": None}]},
        {"indicators": [{**RAW_ROW, "increase": {"value": 1.5, "qualifier": "EXACT"}}]},
        {"indicators": [{**RAW_ROW, "increase": {"value": 0, "qualifier": "EXACT"}}]},
        {"indicators": [{**RAW_ROW, "increase": {"value": None, "qualifier": "EXACT"}}]},
        {"indicators": [{**RAW_ROW, "increase": {"value": 3, "qualifier": "QUALITATIVE"}}]},
        {"indicators": [RAW_ROW]},
    ],
)
def test_a_plan_that_does_not_hold_together_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        parse_plans(document(**changes))


def test_two_plans_cannot_share_an_id() -> None:
    twice = json.loads(document())["plans"] * 2
    with pytest.raises(ValueError, match="one id"):
        parse_plans(json.dumps({"plans": twice}))
