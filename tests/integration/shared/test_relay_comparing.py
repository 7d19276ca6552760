"""The relay as a process: it compares with the log from time to time, whatever it sends meanwhile."""

import httpx
import pytest

from shared.base.mongo import Database
from shared.pipeline.relay import __main__ as process
from shared.pipeline.relay.aggregator import Aggregator
from tests.integration.pipeline import SOURCE, Pipeline, log_in_memory

TURNS = 5


def test_a_relay_that_leads_compares_with_the_log_again(
    mongo: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While nothing is sent and nobody reports a gap, the comparison alone finds a lost tail."""
    monkeypatch.setattr(process, "HEAL_SECONDS", 0.0)
    log = log_in_memory()
    pipeline = Pipeline(mongo, log)
    nobody = Aggregator("http://nobody", None, SOURCE, httpx.Client(transport=None))
    loop = process.RelayLoop(pipeline.standby("member-relay-0"), nobody)
    pipeline.write(5, units=1)
    for _ in range(TURNS):
        loop._turn()
    ends = {place: log.bounds(place)[1] for place in loop.relay.places()}
    assert sum(ends.values()) > 0
    for place in ends:
        log.lose_tail(place, ends[place])
    for _ in range(TURNS):
        loop._turn()
    assert {place: log.bounds(place)[1] for place in ends} == ends
