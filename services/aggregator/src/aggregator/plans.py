"""Plan periods and their indicators as data, and the arithmetic of progress against them.

Baseline, increase and target are three facts of the plan's text, each with its own qualifier. They
do not add up (1,647万余 + 350万 < 2,000万), so none is ever derived from the other two. Pure.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any


class Qualifier(StrEnum):
    """How the plan's text states a number."""

    EXACT = "EXACT"
    MORE_THAN = "MORE_THAN"  # 余
    NEARLY = "NEARLY"  # 近
    AT_LEAST = "AT_LEAST"  # 以上, 不少于, 超过
    ASPIRATION = "ASPIRATION"  # 力争
    REACH = "REACH"  # 达到
    QUALITATIVE = "QUALITATIVE"  # 基本: words without a number


class PlanSeries(StrEnum):
    """Which line of plans a period belongs to; the lines overlap in time."""

    FIVE_YEAR = "FIVE_YEAR"
    CONGRESS_OUTLINE = "CONGRESS_OUTLINE"


class PlanStatus(StrEnum):
    """What officers have done with the plan; that its period has ended is the calendar's doing."""

    DRAFT = "DRAFT"
    ACTIVE = "ACTIVE"
    CLOSED = "CLOSED"
    ARCHIVED = "ARCHIVED"


class Kind(StrEnum):
    """STOCK: the number there is on a day. FLOW: the sum over the period, from zero."""

    STOCK = "STOCK"
    FLOW = "FLOW"


class Reason(StrEnum):
    """Why a measure of progress is null."""

    NO_PLAN = "no_plan"
    NO_TARGET = "no_target"
    NO_BASELINE = "no_baseline"
    NO_INCREASE = "no_increase"
    NO_FIGURE = "no_figure"
    BEFORE_PLAN = "before_plan"
    COVERAGE = "coverage"


@dataclass(frozen=True)
class Figure:
    """A number of the plan in whole persons, units, yuan; None only where QUALITATIVE."""

    value: int | None
    qualifier: Qualifier


@dataclass(frozen=True)
class Indicator:
    """One measured row of a plan.

    Args:
        number: the row in the plan's own table (``1a``).
        series: the counting definition that measures it, None where this registry does not.
        scale: the divisor the plan's text uses (万 = 10,000); for display only.
        target_text: the target as worded, where a number alone does not carry it.
        note: what a reader must know before using the numbers.
    """

    code: str
    number: str
    series: str | None
    label_zh: str
    label_en: str
    unit_zh: str
    unit_en: str
    scale: int
    kind: Kind
    baseline: Figure | None
    increase: Figure | None
    target: Figure | None
    target_text: str | None
    note: str | None
    source_ref: str
    version: int


@dataclass(frozen=True)
class Plan:
    """One plan period."""

    id: str
    series: PlanSeries
    name_zh: str
    name_en: str
    start: date
    end: date
    status: PlanStatus
    baseline_date: date
    indicators: tuple[Indicator, ...]

    def ended(self, day: date) -> bool:
        """Whether the period is over on a day (China Standard Time)."""
        return day > self.end

    def indicator(self, series: str) -> Indicator | None:
        """Return the row that a counted series measures."""
        return next((row for row in self.indicators if row.series == series), None)

    def as_item(self, day: date) -> dict[str, Any]:
        """Return the public head of the plan as it stands on a day."""
        return {
            "id": self.id,
            "name_zh": self.name_zh,
            "name_en": self.name_en,
            "start": self.start.isoformat(),
            "end": self.end.isoformat(),
            "baseline_date": self.baseline_date.isoformat(),
            "status": self.status.value,
            "ended": self.ended(day),
        }


@dataclass(frozen=True)
class Progress:
    """Two independent measures; each is None with its reason, or a ratio that may exceed 1."""

    target: float | None
    increment: float | None
    target_reason: Reason | None
    increment_reason: Reason | None

    @property
    def reason(self) -> Reason | None:
        """The first reason that holds, for answers with room for one."""
        return self.target_reason or self.increment_reason


def progress_target(
    combined: int | None, row: Indicator | None
) -> tuple[float | None, Reason | None]:
    """Return the figure over the plan's end target."""
    if combined is None:
        return None, Reason.NO_FIGURE
    if row is None or row.target is None or not row.target.value:
        return None, Reason.NO_TARGET
    return combined / row.target.value, None


def progress_increment(
    combined: int | None, row: Indicator | None, *, covered: bool = False
) -> tuple[float | None, Reason | None]:
    """Return the growth since the baseline over the planned increase.

    ``covered`` states that the figure covers everything the baseline covered. Unless it does, a
    figure below the baseline says how far the roll-out is, not that the stock shrank: no ratio.
    A flow starts from zero, so its baseline is not used.
    """
    if combined is None:
        return None, Reason.NO_FIGURE
    if row is None or row.increase is None or not row.increase.value:
        return None, Reason.NO_INCREASE
    if row.kind is Kind.FLOW:
        return combined / row.increase.value, None
    if row.baseline is None or row.baseline.value is None:
        return None, Reason.NO_BASELINE
    if combined < row.baseline.value and not covered:
        return None, Reason.COVERAGE
    return (combined - row.baseline.value) / row.increase.value, None


def progress(combined: int | None, row: Indicator | None, *, covered: bool = False) -> Progress:
    """Return both measures of one indicator."""
    target, target_reason = progress_target(combined, row)
    increment, increment_reason = progress_increment(combined, row, covered=covered)
    return Progress(target, increment, target_reason, increment_reason)


def indicator_item(
    value: int,
    plan: Plan | None,
    row: Indicator | None,
    day: date,
    *,
    reported: int | None = None,
    combined: int | None = None,
    covered: bool = False,
) -> dict[str, Any]:
    """Return one indicator as ``GET /v1/progress`` answers it for a day.

    Without a reported figure, progress is measured on ``value``. Pass ``row=None`` for a chapter
    to which the plan gives no targets. ``reason`` is the first of ``reasons``.
    """
    measured = value if combined is None else combined
    result = progress(measured, row, covered=covered)
    if plan is None:
        result = Progress(None, None, Reason.NO_PLAN, Reason.NO_PLAN)
    elif day < plan.start:
        result = Progress(None, None, Reason.BEFORE_PLAN, Reason.BEFORE_PLAN)
    return {
        "value": value,
        "reported": reported,
        "combined": measured,
        "baseline": row.baseline.value if row and row.baseline else None,
        "baseline_qualifier": row.baseline.qualifier.value if row and row.baseline else None,
        "target": row.target.value if row and row.target else None,
        "target_qualifier": row.target.qualifier.value if row and row.target else None,
        "increment_target": row.increase.value if row and row.increase else None,
        "progress_target": result.target,
        "progress_increment": result.increment,
        "reason": result.reason.value if result.reason else None,
        "reasons": {
            "progress_target": result.target_reason and result.target_reason.value,
            "progress_increment": result.increment_reason and result.increment_reason.value,
        },
    }


def current_plan(plans: tuple[Plan, ...], day: date) -> Plan | None:
    """Return the five-year plan to measure against on a day.

    A draft has no targets and is never chosen, so a plan whose period has ended goes on being
    shown, as ended, until its successor is put in force.
    """
    eligible = [
        plan
        for plan in plans
        if plan.series is PlanSeries.FIVE_YEAR
        and plan.status in (PlanStatus.ACTIVE, PlanStatus.CLOSED)
    ]
    begun = [plan for plan in eligible if plan.start <= day]
    if begun:
        return max(begun, key=lambda plan: plan.start)
    return min(eligible, key=lambda plan: plan.start, default=None)


def _figure(raw: Mapping[str, Any] | None) -> Figure | None:
    if raw is None:
        return None
    figure = Figure(raw["value"], Qualifier(raw["qualifier"]))
    if (figure.value is None) != (figure.qualifier is Qualifier.QUALITATIVE):
        raise ValueError(f"a figure has a number unless it is QUALITATIVE: {raw}")
    if figure.value is not None and (type(figure.value) is not int or figure.value <= 0):
        raise ValueError(f"plan figures are positive whole numbers: {raw}")
    return figure


def _indicator(raw: Mapping[str, Any]) -> Indicator:
    figures = {key: _figure(raw[key]) for key in ("baseline", "increase", "target")}
    return Indicator(**{**raw, **figures, "kind": Kind(raw["kind"])})


def _plan(raw: Mapping[str, Any]) -> Plan:
    plan = Plan(
        **{
            **raw,
            "series": PlanSeries(raw["series"]),
            "status": PlanStatus(raw["status"]),
            "start": date.fromisoformat(raw["start"]),
            "end": date.fromisoformat(raw["end"]),
            "baseline_date": date.fromisoformat(raw["baseline_date"]),
            "indicators": tuple(_indicator(row) for row in raw["indicators"]),
        }
    )
    if plan.start > plan.end:
        raise ValueError(f"plan {plan.id} ends before it starts")
    if plan.status is PlanStatus.DRAFT and plan.indicators:
        raise ValueError(f"plan {plan.id} is a draft; targets come with its adoption")
    return plan


def parse_plans(text: str) -> tuple[Plan, ...]:
    """Return the plans of a JSON document; any missing or unknown field is an error."""
    plans = tuple(_plan(raw) for raw in json.loads(text)["plans"])
    if len({plan.id for plan in plans}) != len(plans):
        raise ValueError("two plans have one id")
    return plans


@cache
def load_plans() -> tuple[Plan, ...]:
    """Return the plans shipped with this release."""
    return parse_plans(files("aggregator").joinpath("data", "plans.json").read_text("utf-8"))
