"""The parts of an answer that measure a figure against the plan (pure)."""

from dataclasses import dataclass
from datetime import date
from typing import Self

from aggregator.plans.rules import (
    Indicator,
    Plan,
    PlanStatus,
    Progress,
    Qualifier,
    Reason,
    progress,
)


@dataclass(frozen=True)
class PlanHead:
    """The public head of a plan."""

    id: str
    name_zh: str
    name_en: str
    start: date
    end: date
    baseline_date: date
    status: PlanStatus
    ended: bool

    @classmethod
    def of(cls, plan: Plan, day: date) -> Self:
        """Return the head of a plan as it stands on a day."""
        return cls(
            plan.id,
            plan.name_zh,
            plan.name_en,
            plan.start,
            plan.end,
            plan.baseline_date,
            plan.status,
            plan.ended(day),
        )


@dataclass(frozen=True)
class Reasons:
    """Why each measure of progress is null, if it is."""

    progress_target: Reason | None
    progress_increment: Reason | None


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
    reasons: Reasons

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
        covered: bool = False,
    ) -> Self:
        """Return an indicator for a day.

        Args:
            value: what is counted.
            plan: the plan of the day.
            row: the plan's row; None for a chapter to which the plan gives no targets.
            day: the day of the figure.
            reported: what is reported in addition.
            combined: what progress is measured on; None for ``value``.
            covered: see ``progress_increment``.
        """
        measured = value if combined is None else combined
        result = progress(measured, row, covered=covered)
        if plan is None:
            result = Progress(None, None, Reason.NO_PLAN, Reason.NO_PLAN)
        elif day < plan.start:
            result = Progress(None, None, Reason.BEFORE_PLAN, Reason.BEFORE_PLAN)
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
            progress_target=result.target,
            progress_increment=result.increment,
            reason=result.reason,
            reasons=Reasons(result.target_reason, result.increment_reason),
        )
