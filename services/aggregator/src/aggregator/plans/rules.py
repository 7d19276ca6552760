"""Plan periods, their indicators, the arithmetic of progress against them, and its answer (pure).

Baseline, increase and target are three facts of the plan's text, each with its own qualifier. They
do not add up (1,647万余 + 350万 < 2,000万), so none is ever derived from the other two.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NamedTuple, Self

from pydantic import PositiveInt


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

    value: PositiveInt | None
    qualifier: Qualifier

    def __post_init__(self) -> None:
        if (self.value is None) != (self.qualifier is Qualifier.QUALITATIVE):
            raise ValueError("a figure has a number unless it is QUALITATIVE")


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

    def __post_init__(self) -> None:
        if self.start > self.end:
            raise ValueError(f"plan {self.id} ends before it starts")
        if self.status is PlanStatus.DRAFT and self.indicators:
            raise ValueError(f"plan {self.id} is a draft; targets come with its adoption")

    def ended(self, day: date) -> bool:
        """Whether the period is over on a day (China Standard Time)."""
        return day > self.end

    def head(self, day: date) -> dict[str, object]:
        """Return the plan's own part of an answer, as of a day."""
        names = ("id", "name_zh", "name_en", "start", "end", "baseline_date", "status")
        return {**{name: getattr(self, name) for name in names}, "ended": self.ended(day)}

    def indicator(self, series: str) -> Indicator | None:
        """Return the row that a counted series measures."""
        return next((row for row in self.indicators if row.series == series), None)


class Measure(NamedTuple):
    """A ratio that may exceed 1, or None with its reason."""

    ratio: float | None
    reason: Reason | None = None


def progress_target(combined: int | None, row: Indicator | None) -> Measure:
    """Return the figure over the plan's end target."""
    if combined is None:
        return Measure(None, Reason.NO_FIGURE)
    if row is None or row.target is None or not row.target.value:
        return Measure(None, Reason.NO_TARGET)
    return Measure(combined / row.target.value)


def progress_increment(
    combined: int | None, row: Indicator | None, *, covered: bool = False
) -> Measure:
    """Return the growth since the baseline over the planned increase.

    ``covered`` states that the figure covers everything the baseline covered. Unless it does, a
    figure below the baseline says how far the roll-out is, not that the stock shrank: no ratio.
    A flow starts from zero, so its baseline is not used.
    """
    if combined is None:
        return Measure(None, Reason.NO_FIGURE)
    if row is None or row.increase is None or not row.increase.value:
        return Measure(None, Reason.NO_INCREASE)
    if row.kind is Kind.FLOW:
        return Measure(combined / row.increase.value)
    if row.baseline is None or row.baseline.value is None:
        return Measure(None, Reason.NO_BASELINE)
    if combined < row.baseline.value and not covered:
        return Measure(None, Reason.COVERAGE)
    return Measure((combined - row.baseline.value) / row.increase.value)


@dataclass(frozen=True)
class IndicatorItem:
    """One indicator as ``GET /v1/progress`` answers it; ``reason`` is the first of ``reasons``."""

    value: int
    reported: int | None
    combined: int
    baseline: int | None
    baseline_qualifier: Qualifier | None
    target: int | None
    target_qualifier: Qualifier | None
    increment_target: int | None
    progress_target: float | None
    progress_increment: float | None
    reason: Reason | None
    reasons: Mapping[str, Reason | None]

    @classmethod
    def of(
        cls,
        value: int,
        plan: Plan | None,
        row: Indicator | None,
        day: date,
        *,
        reported: int | None = None,
        combined: int | None = None,
    ) -> Self:
        """Return an indicator for a day.

        Args:
            value: what is counted.
            plan: the plan of the day.
            row: the plan's row; None for a chapter to which the plan gives no targets.
            reported: what is reported in addition.
            combined: what progress is measured on; None for ``value``.
        """
        measured = value if combined is None else combined
        if plan is None or day < plan.start:
            reason = Reason.NO_PLAN if plan is None else Reason.BEFORE_PLAN
            towards = increment = Measure(None, reason)
        else:
            towards, increment = progress_target(measured, row), progress_increment(measured, row)
        baseline, target = (row.baseline, row.target) if row else (None, None)
        return cls(
            value=value,
            reported=reported,
            combined=measured,
            baseline=baseline.value if baseline else None,
            baseline_qualifier=baseline.qualifier if baseline else None,
            target=target.value if target else None,
            target_qualifier=target.qualifier if target else None,
            increment_target=row.increase.value if row and row.increase else None,
            progress_target=towards.ratio,
            progress_increment=increment.ratio,
            reason=towards.reason or increment.reason,
            reasons={"progress_target": towards.reason, "progress_increment": increment.reason},
        )


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
    started = [plan for plan in eligible if plan.start <= day]
    if started:
        return max(started, key=lambda plan: plan.start)
    return min(eligible, key=lambda plan: plan.start, default=None)
