"""Lag and completeness say no more than watermarks and marks allow."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from aggregator.figures.live import Freshness, Verdict
from shared.contract.events.payloads import Watermark
from shared.pipeline import watermark

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SOURCES = ("/services/member", "/services/volunteer")
TOPICS = {"/services/member": "registry.member", "/services/volunteer": "registry.volunteer"}


def mark(source: str, seconds: float, number: int) -> Watermark:
    at = NOON + timedelta(seconds=seconds)
    sequences = {TOPICS[source]: {"0": number}}
    return Watermark(source=source, epoch=1, at=at, sequences=sequences)


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> Freshness:
    """Freshness at one moment of the monotonic clock."""
    monkeypatch.setattr(watermark, "time", SimpleNamespace(monotonic=lambda: 0.0))
    return Freshness(SOURCES, complete_seconds=10.0)


def applied(fresh: Freshness, source: str, number: int, *, gap: bool = False) -> None:
    key = f"{source.rsplit('/', 1)[1]}@1"
    fresh.applied(TOPICS[source], 0, {key: number}, gap=gap)


def test_figures_are_late_while_a_source_was_never_heard_of(fresh: Freshness) -> None:
    fresh.watermark(mark(SOURCES[0], 0, 0))
    verdict = fresh.verdict(NOON)
    assert not verdict.complete
    assert verdict.lag_seconds is None
    assert verdict.reasons == ("late:volunteer",)


def test_figures_are_complete_when_every_watermark_is_applied(fresh: Freshness) -> None:
    for source in SOURCES:
        fresh.watermark(mark(source, 0, 3))
        applied(fresh, source, 3)
    verdict = fresh.verdict(NOON + timedelta(seconds=2))
    assert verdict.complete
    assert verdict.lag_seconds == 2.0


def test_the_lag_of_figures_is_the_age_of_the_newest_watermark_wholly_applied(
    fresh: Freshness,
) -> None:
    fresh.watermark(mark(SOURCES[1], 0, 0))
    for seconds, number in ((0, 5), (1, 6), (2, 9)):
        fresh.watermark(mark(SOURCES[0], seconds, number))
    applied(fresh, SOURCES[0], 8)
    fresh.watermark(mark(SOURCES[1], 3, 0))
    assert fresh.verdict(NOON + timedelta(seconds=4)).lag_seconds == 3.0
    applied(fresh, SOURCES[0], 9)
    assert fresh.verdict(NOON + timedelta(seconds=4)).lag_seconds == 2.0


def test_ten_seconds_without_a_watermark_make_figures_incomplete(fresh: Freshness) -> None:
    for source in SOURCES:
        fresh.watermark(mark(source, 0, 0))
    assert fresh.verdict(NOON + timedelta(seconds=9.9)).complete
    late = fresh.verdict(NOON + timedelta(seconds=10))
    assert late.reasons == ("late:member", "late:volunteer")


def test_a_gap_and_a_dead_letter_each_make_figures_incomplete(fresh: Freshness) -> None:
    for source in SOURCES:
        fresh.watermark(mark(source, 0, 0))
    applied(fresh, SOURCES[0], 1, gap=True)
    fresh.dead_letters = 1
    assert fresh.verdict(NOON).reasons == ("gap", "dead_letter")
    applied(fresh, SOURCES[0], 2)
    assert fresh.verdict(NOON).reasons == ("dead_letter",)
    fresh.dead_letters = 0
    assert fresh.verdict(NOON).complete


def test_marks_of_another_epoch_make_no_figures_complete(fresh: Freshness) -> None:
    fresh.watermark(mark(SOURCES[0], 0, 3))
    fresh.watermark(mark(SOURCES[1], 0, 0))
    fresh.applied(TOPICS[SOURCES[0]], 0, {"member@2": 3}, gap=False)
    assert not fresh.verdict(NOON).complete


def test_figures_from_the_future_are_not_complete_and_have_no_lag(fresh: Freshness) -> None:
    fresh.watermark(mark(SOURCES[0], 2.5, 0))
    fresh.watermark(mark(SOURCES[1], 2.0, 0))  # what clocks may differ by
    verdict = fresh.verdict(NOON)
    assert verdict.reasons == ("clock:member",)
    assert (verdict.complete, verdict.lag_seconds) == (False, None)
    fresh.watermark(mark(SOURCES[0], 1.0, 0))  # the clock was put right
    assert fresh.verdict(NOON) == Verdict(complete=True, lag_seconds=0.0, reasons=())


def test_figures_read_by_a_clock_that_runs_behind_are_not_complete(fresh: Freshness) -> None:
    for source in SOURCES:
        fresh.watermark(mark(source, 0, 0))
    verdict = fresh.verdict(NOON - timedelta(hours=1))
    assert verdict.reasons == ("clock:member", "clock:volunteer")
    assert verdict.lag_seconds is None


@pytest.mark.parametrize("hours", [0, 1])
def test_a_wrong_clock_never_calls_old_figures_complete_when_their_time_comes(
    fresh: Freshness, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    """The last watermark was an hour ahead, or the clock was set back by one: so says the wall."""
    second = 0.0
    monkeypatch.setattr(watermark, "time", SimpleNamespace(monotonic=lambda: second))
    for source in SOURCES:
        fresh.watermark(mark(source, 3600 * hours, 0))
    second = 3600.0
    verdict = fresh.verdict(NOON + timedelta(hours=hours))
    assert verdict.reasons == ("late:member", "late:volunteer")
    assert verdict.lag_seconds == 3600.0


def test_figures_are_not_complete_by_a_watermark_that_was_only_found(fresh: Freshness) -> None:
    """It may be of any age where the clock of the host is behind."""
    for source in SOURCES:
        fresh.watermark(mark(source, 0, 0), heard=False)
    found = fresh.verdict(NOON + timedelta(seconds=1))
    assert (found.reasons, found.lag_seconds) == (("late:member", "late:volunteer"), 1.0)
    for source in SOURCES:
        fresh.watermark(mark(source, 0, 0))
    assert fresh.verdict(NOON + timedelta(seconds=1)).complete


def test_figures_are_not_complete_before_a_new_epoch_has_started_in_every_partition(
    fresh: Freshness,
) -> None:
    """Until then what a restored register never had is still counted."""
    fresh.watermark(mark(SOURCES[1], 0, 0))
    topic = TOPICS[SOURCES[0]]
    raised = Watermark(source=SOURCES[0], epoch=2, at=NOON, sequences={topic: {"0": 0, "1": 4}})
    fresh.applied(topic, 1, {"member@1": 9}, gap=False)
    fresh.watermark(mark(SOURCES[0], 0, 0))
    assert fresh.verdict(NOON).complete
    fresh.watermark(mark(SOURCES[0], 0, 99))  # of the former epoch: its numbers never come
    fresh.watermark(raised)
    assert fresh.verdict(NOON).reasons == ("late:member",)
    fresh.applied(topic, 1, {"member@1": 4, "member@2": 4}, gap=False)
    assert fresh.verdict(NOON).reasons == ("late:member",)
    fresh.applied(topic, 0, {"member@2": 0}, gap=False)
    assert fresh.verdict(NOON).complete


def test_dismissed_events_keep_the_figures_incomplete_by_name(fresh: Freshness) -> None:
    for source in SOURCES:
        fresh.watermark(mark(source, 0, 0))
    fresh.dismissed = [SOURCES[0]]
    assert fresh.verdict(NOON).reasons == ("dismissed:member",)
