"""What holds for every test: the plugins of this house, Hypothesis profiles, a day that lasts.

Nothing here starts a server or reads a file; ``real_servers`` and ``whole_system`` do on
request; ``parallel`` decides what shares a worker, ``flaky`` what was chance, ``skipping`` that no
test may be left out in CI.
"""

import os
import signal
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, Phase, settings

from shared.base.clock import civil_day, now
from tests.waiting import until

pytest_plugins = [
    "tests.flaky",
    "tests.parallel",
    "tests.real_servers",
    "tests.skipping",
    "tests.whole_system",
]

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
# Of a planted bug it is enough to know that an example fails, and not which is the smallest.
settings.register_profile(
    "mutants", settings.get_profile("ci"), phases=(Phase.explicit, Phase.generate)
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if IN_CI else "dev"))


def pytest_configure() -> None:
    """Heed Ctrl-C where a shell that started the tests in the background had it ignored.

    Whatever they start would inherit that, and wait for ever for the signal a test sends it.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


LONGEST = timedelta(minutes=2)


@pytest.fixture(autouse=True)
def a_day_that_lasts() -> None:
    """No test begins so late that the day (China Standard Time) changes under it."""
    until(lambda: civil_day(now() + LONGEST) == civil_day(now()), "the next day has started")
