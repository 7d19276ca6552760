"""The plans shipped with this release: read from the package's data, checked whole."""

import json
from collections.abc import Mapping
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

from aggregator.plans.rules import Figure, Indicator, Kind, Plan, PlanSeries, PlanStatus, Qualifier


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
