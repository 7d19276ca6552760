"""Wherever figures are answered they say that a clock is wrong, and are not called complete."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from aggregator.figures.service import ALL_LEVELS
from aggregator.intake import documents
from aggregator.intake.projection import Fold
from aggregator.intake.store import commit
from shared.base.clock import now
from shared.base.mongo import Database
from shared.contract import events
from shared.contract.events.payloads import Watermark
from shared.pipeline.eventlog import Record
from shared.pipeline.marks import Cursor
from tests.clients.inside import FiguresInside, figures_inside
from tests.integration.aggregator.planted import COUNTY, HQ
from tests.integration.aggregator.test_stream import following
from tests.servers import RealServers
from tests.waiting import until

SOURCES = tuple(events.TOPICS_OF_SOURCE)
PLACE = (events.WATERMARK_TOPIC, 0)


class Announcing:
    """A worker that stores watermarks as it reads them."""

    def __init__(self, mongo: Database) -> None:
        self.mongo, self.cursor = mongo, Cursor()

    def announce(self, at: datetime, *, epoch: int = 1) -> None:
        """Store what every source says of an instant."""
        fold = Fold({PLACE: self.cursor}, now)
        for source in SOURCES:
            mark = Watermark(source=source, epoch=epoch, at=at, sequences={})
            fold.add(Record(*PLACE, self.cursor.offset, mark.model_dump_json().encode(), ()))
        commit(self.mongo, fold, {})


def reasons(figures: FiguresInside) -> list[set[str]]:
    """Return why figures are not complete, as each kind of answer says."""
    answers = [
        figures.progress(),
        figures.progress(as_of="2025-05-01"),
        figures.counters(),
        figures.counters(as_of="2025-05-01"),
        figures.counters(metric="members", by="sex"),
    ]
    for answer in answers:
        assert answer["complete"] == (not answer["incomplete_reasons"])
    return [set(answer["incomplete_reasons"]) for answer in answers]


def everywhere(figures: FiguresInside, wanted: set[str]) -> bool:
    return reasons(figures) == [wanted] * 5


def test_a_clock_that_is_wrong_is_named_by_every_answer_of_the_figures(
    servers: RealServers, filled: Database
) -> None:
    wrong = {f"clock:{source.rsplit('/', 1)[1]}" for source in SOURCES}
    worker = Announcing(filled)
    settings: dict[str, Any] = {"complete_seconds": 3_600.0, "stream_frames_per_second": 20.0}
    with figures_inside(servers, filled, COUNTY, **settings) as figures:
        worker.announce(now() + timedelta(days=1))
        until(lambda: everywhere(figures, wrong), "every answer names the clocks")
        assert figures.progress()["lag_seconds"] is None
        frames: Any = figures.hub.frames(HQ, levels=ALL_LEVELS)
        snapshot = figures.portal.call(following, frames, b"snapshot")
        assert (snapshot["complete"], set(snapshot["incomplete_reasons"])) == (False, wrong)
        figures.portal.call(frames.aclose)
        # Put right, the clock goes back: what comes last in the log is what holds.
        worker.announce(now())
        until(lambda: everywhere(figures, set()), "the figures are complete")


def test_figures_read_by_a_clock_that_runs_behind_are_not_complete(
    servers: RealServers, filled: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = Announcing(filled)
    with figures_inside(servers, filled, COUNTY, complete_seconds=3_600.0) as figures:
        worker.announce(now())
        until(lambda: everywhere(figures, set()), "the figures are complete")
        behind = now() - timedelta(minutes=5)
        monkeypatch.setattr("aggregator.figures.live.now", lambda: behind)
        assert not figures.progress()["complete"]
        assert figures.progress()["lag_seconds"] is None


def test_a_watermark_of_an_older_epoch_takes_the_place_of_none(filled: Database) -> None:
    worker = Announcing(filled)
    worker.announce(now(), epoch=2)
    worker.announce(now() + timedelta(seconds=1), epoch=1)
    assert {one["epoch"] for one in filled[documents.WATERMARKS].find()} == {2}
