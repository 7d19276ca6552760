"""What holds for every test: Hypothesis profiles, and no skipped test where ``CI=true``.

Nothing here starts a server or reads a file; ``real_servers`` starts its own for who asks for them.
"""

import os
import time
from collections.abc import Generator
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, settings

from shared.clock import civil_day, now

pytest_plugins = ["tests.real_servers"]

IN_CI = os.environ.get("CI", "").lower() == "true"

OF_CHANCE = (HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large)
"""They judge the draw of one run, not the code."""

# A shared machine may stall any single example, so no profile has a deadline.
settings.register_profile("dev", max_examples=50, deadline=None, suppress_health_check=OF_CHANCE)
settings.register_profile(
    "ci",
    max_examples=100,
    deadline=None,
    derandomize=True,
    database=None,
    print_blob=True,
    suppress_health_check=OF_CHANCE,
)
settings.register_profile(
    "thorough", max_examples=2_000, deadline=None, suppress_health_check=OF_CHANCE
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if IN_CI else "dev"))


@pytest.fixture(autouse=True)
def a_day_that_lasts() -> None:
    """No test begins so late that the day (China Standard Time) changes under it."""
    while civil_day(now() + timedelta(seconds=20)) != civil_day(now()):
        time.sleep(1)


def _forbid_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Turn a skip into a failure; an expected failure (``xfail``) also reports as skipped."""
    if not report.skipped or hasattr(report, "wasxfail"):
        return
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
    report.outcome = "failed"
    report.longrepr = f"A test may not be skipped in CI. {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a test that skips itself, or is marked to be skipped, in CI."""
    report = yield
    if IN_CI:
        _forbid_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Fail a module that skips itself as a whole in CI."""
    report = yield
    if IN_CI:
        _forbid_skip(report)
    return report
