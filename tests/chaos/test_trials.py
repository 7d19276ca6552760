"""Crash trials: after every ``kill -9`` each promise holds (docs/design.md section 5)."""

import os
from collections.abc import Iterator

import pytest

from tests.chaos.trials import Campaign, victims
from tests.system import running

TRIALS = int(os.environ.get("REGISTRY_CHAOS_TRIALS", "50"))
SEED = int(os.environ.get("REGISTRY_CHAOS_SEED", "20261123"))


@pytest.fixture(scope="module")
def campaign() -> Iterator[Campaign]:
    with running("--no-demo") as system:
        built = Campaign(system, SEED)
        built.prepare()
        yield built


@pytest.mark.timeout(60 + 90 * TRIALS)
def test_nothing_is_lost_or_counted_twice_whatever_is_killed(campaign: Campaign) -> None:
    reports = [campaign.trial(number) for number in range(TRIALS)]
    assert len(reports) == TRIALS
    assert campaign.promises.answered > 0
    assert reports[-1]["members"] > 0
    if TRIALS >= 50:
        assert set(campaign.killed) == {row["name"] for row in victims(campaign.system)}
