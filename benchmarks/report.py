"""One line of JSON per figure: what was measured, against what, and under which load."""

import os
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson


@dataclass(frozen=True)
class Line:
    """A figure and what it is compared with.

    ``ratio`` is value / baseline, but where pairs of runs lay next to each other in time it is the
    median of their ratios: what else runs on the machine then weighs on both alike.
    """

    name: str
    value: float
    unit: str
    baseline: str
    baseline_value: float
    ratio: float | None = None
    conditions: dict[str, Any] = field(default_factory=dict)

    def write(self) -> None:
        """Print the line."""
        ratio = self.value / self.baseline_value if self.ratio is None else self.ratio
        shown = {
            "name": self.name,
            "value": significant(self.value),
            "unit": self.unit,
            "baseline": self.baseline,
            "baseline_value": significant(self.baseline_value),
            "ratio": significant(ratio),
            "conditions": {**self.conditions, **_machine()},
        }
        sys.stdout.buffer.write(orjson.dumps(shown) + b"\n")
        sys.stdout.flush()


def _machine() -> dict[str, Any]:
    """Return what else affected the figure: load averages show other processes."""
    return {
        "cpus": os.cpu_count(),
        "load_average": [round(one, 2) for one in os.getloadavg()],
        "python": ".".join(str(part) for part in sys.version_info[:3]),
    }


def significant(number: float) -> float:
    """Return a number to four significant digits: more would be noise."""
    return float(f"{number:.4g}")


def quantile(values: Sequence[float], share: float) -> float:
    """Return a value that ``share`` of all do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def median_ratio(values: Sequence[float], baselines: Sequence[float]) -> float:
    """Return the median of the ratios of runs that lay next to each other in time."""
    return statistics.median(a / b for a, b in zip(values, baselines, strict=True))
