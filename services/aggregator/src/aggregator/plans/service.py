"""The plans shipped with this release: read from the package's data, checked whole."""

from functools import cache
from importlib.resources import files
from typing import Literal

from pydantic import ConfigDict, TypeAdapter

from aggregator.plans.rules import Plan

_PLANS = TypeAdapter(
    dict[Literal["plans"], tuple[Plan, ...]], config=ConfigDict(extra="forbid", strict=True)
)


def parse_plans(text: str) -> tuple[Plan, ...]:
    """Return the plans of a JSON document; any missing or unknown field is an error."""
    plans = _PLANS.validate_json(text)["plans"]
    if len({plan.id for plan in plans}) != len(plans):
        raise ValueError("two plans have one id")
    return plans


@cache
def load_plans() -> tuple[Plan, ...]:
    return parse_plans(files("aggregator").joinpath("data", "plans.json").read_text("utf-8"))
