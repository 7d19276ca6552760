"""Plan periods, their indicators, and the arithmetic of progress against them (pure).

Baseline, increase and target are three facts of the plan's text, each with its own qualifier. They
do not add up (1,647万余 + 350万 < 2,000万), so none is ever derived from the other two.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


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
