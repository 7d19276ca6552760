"""Crash trials: after every kill and every pause each promise holds (docs/design.md section 5)."""

import json
import os
import sys
from collections.abc import Iterator

import pytest

from tests.chaos.trials import Campaign
from tests.system import System

TRIALS = int(os.environ.get("REGISTRY_CHAOS_TRIALS", "0"))
"""One round, in which every process dies once, by default (``make chaos N=1000``)."""
SEED = int(os.environ.get("REGISTRY_CHAOS_SEED", "20261123"))


@pytest.fixture
def campaign(system: System) -> Iterator[Campaign]:
    built = Campaign(system, SEED)
    yield built
    built.close()


@pytest.mark.timeout(0)  # each step has its own limit; N is the number of trials
def test_no_entry_is_lost_or_counted_twice_whatever_process_is_killed_or_stopped(
    campaign: Campaign, capsys: pytest.CaptureFixture[str]
) -> None:
    number, report = 0, {"members": 0}
    while number < TRIALS if TRIALS else campaign.alive:
        report = campaign.trial(number)
        number += 1
        if TRIALS:
            with capsys.disabled():
                sys.stdout.write(f"\n{json.dumps(report)}")
    assert campaign.office.ledger.answered > 0
    assert report["members"] > 0
    assert campaign.paused or number < 2
