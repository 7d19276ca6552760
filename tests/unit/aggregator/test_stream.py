"""The hub: what it shows to whom, and that its figures never stop for any event."""

import asyncio
from datetime import timedelta
from typing import Any, cast

import pytest

from aggregator.figures.api import NATIONAL
from aggregator.figures.live import Live
from aggregator.figures.service import PUBLIC_LEVELS, FiguresService
from aggregator.figures.stream import Hub
from aggregator.figures.tree import Figures
from aggregator.intake import documents
from aggregator.intake.documents import Card
from aggregator.intake.feed import Feed
from aggregator.settings import AggregatorSettings
from shared.base.clock import now
from shared.base.errors import Unavailable
from shared.base.mongo import AsyncDatabase
from shared.web.access.principal import Grant, Principal
from tests.unit.passing_time import time_passes
from tests.waiting import LIMIT

CARDS = (
    Card("hq", 1, "总会", "100000", "NATIONAL", "CHAPTER", "ACTIVE", None, ()),
    Card("city", 1, "市红十字会", "330100", "PREFECTURE", "CHAPTER", "ACTIVE", "hq", ()),
    Card("county", 1, "区红十字会", "330106", "COUNTY", "CHAPTER", "ACTIVE", "city", ()),
    Card("school", 1, "某校红十字会", None, "GRASSROOTS", "SCHOOL", "ACTIVE", "city", ()),
)


def fill(hub: Hub) -> None:
    for card in CARDS:
        hub.live.figures.set_card(card)


async def beats(hub: Hub, count: int) -> None:
    for _ in range(count):
        await time_passes(1.0 / hub.settings.stream_frames_per_second)


@pytest.fixture
def hub() -> Hub:
    settings = AggregatorSettings(stream_frames_per_second=200.0)
    live = Live(settings.expected_sources, settings.complete_seconds)
    built = Hub(FiguresService(cast("AsyncDatabase", None), (), live), settings)
    fill(built)
    built.live.ready = True
    return built


@pytest.fixture
def feed(hub: Hub) -> Feed:
    return Feed(cast("AsyncDatabase", None), hub.live.take)


async def test_frames_of_the_stream_go_on_though_a_stalled_viewer_outlived_a_reload(
    hub: Hub,
) -> None:
    stalled = hub.frames("city", levels=PUBLIC_LEVELS)
    await anext(stalled)
    ticking = asyncio.create_task(hub._tick())
    # Everything is loaded anew while the viewer takes nothing, and a unit is not there yet.
    hub.live.figures = Figures()
    hub.live.figures.changed = {"city"}
    await beats(hub, 3)
    hub.live.ready = False
    await beats(hub, 3)
    fill(hub)
    hub.live.ready = True
    assert not ticking.done()
    later = hub.frames("city", levels=PUBLIC_LEVELS)
    await anext(later), await anext(later)
    async with asyncio.timeout(LIMIT):
        assert b"event: figures" in await anext(later)
    ticking.cancel()


async def test_a_beat_of_the_stream_that_fails_is_made_up_for_by_the_next(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures = ["not yet"]
    progress = hub.service.progress

    def progress_at_last(unit: str) -> dict[str, object]:
        if failures:
            raise LookupError(failures.pop())
        return progress(unit)

    frames = hub.frames("city", levels=PUBLIC_LEVELS)
    hub.live.figures.changed = set()
    assert [await anext(frames) for _ in range(2)][1].startswith(b"event: snapshot")
    hub.live.figures.changed = {"county"}
    monkeypatch.setattr(hub.service, "progress", progress_at_last)
    ticking = asyncio.create_task(hub._tick())
    async with asyncio.timeout(LIMIT):
        frame = await anext(frames)
    assert failures == []
    assert b'"unit":"county"' in frame
    ticking.cancel()


async def test_a_stream_opened_while_all_is_loaded_anew_is_asked_to_come_again(hub: Hub) -> None:
    frames = hub.frames("city", levels=PUBLIC_LEVELS)
    await anext(frames)
    hub.live.figures, hub.live.ready = Figures(), False
    assert [frame async for frame in frames] == [b"event: reconnect\ndata: {}\n\n"]
    assert hub.viewers() == 0


def test_an_array_that_became_shorter_is_shortened_in_the_hub(hub: Hub, feed: Feed) -> None:
    unit = {"_id": "school", "version": 2, "flags": ["industry", "outside_targets"]}
    unit |= {"name": "某校红十字会", "level": "GRASSROOTS", "type": "SCHOOL", "status": "ACTIVE"}
    feed.take(documents.UNITS, {**unit, "parent": "city", "region_code": None})
    assert "school" not in hub.live.figures.subtree("city")
    feed.update(
        documents.UNITS,
        "school",
        {
            "updatedFields": {"version": 3},
            "removedFields": [],
            "truncatedArrays": [{"field": "flags", "newSize": 1}],
        },
    )
    assert hub.live.figures.cards["school"].flags == ("industry",)
    assert "school" in hub.live.figures.subtree("city")


def test_an_older_change_of_what_is_gone_since_is_taken_by_the_hub(hub: Hub, feed: Feed) -> None:
    mark = {"_id": "1/registry.member/0", "topic": "registry.member", "partition": 0}
    feed.take(documents.MARKS, {**mark, "sequences": {"member@1": 7}, "gap": None})
    change = {"updatedFields": {"gap.seen": 5}, "removedFields": ["gap.since"]}
    feed.update(documents.MARKS, mark["_id"], change)  # type: ignore[arg-type]
    assert "gap" in hub.live.freshness.verdict(now()).reasons


def test_a_pending_watermark_waits_for_its_own_numbers_not_for_later_ones(
    hub: Hub, feed: Feed
) -> None:
    topics = {"org-units": "registry.unit", "volunteer": "registry.volunteer"}
    moment = now()
    for name, topic in topics.items():
        mark = {"_id": f"/services/{name}", "epoch": 1, "at": moment, "sequences": {topic: {}}}
        feed.take(documents.WATERMARKS, mark)
    place = {"_id": "1/registry.member/0", "topic": "registry.member", "partition": 0}
    feed.take(documents.MARKS, {**place, "sequences": {"member@1": 1}, "gap": None})
    # The worker is one number behind, always: each watermark is applied when the next one comes.
    first = {"registry/member": {"0": 1}}
    beginning = moment - timedelta(seconds=5)
    watermark = {"_id": "/services/member", "epoch": 1, "at": beginning, "sequences": first}
    feed.take(documents.WATERMARKS, watermark)
    for number in range(2, 6):
        at = beginning + timedelta(seconds=number - 1)
        change: dict[str, Any] = {"at": at, "sequences.registry/member.0": number}
        reported = {"updatedFields": change, "removedFields": []}
        feed.update(documents.WATERMARKS, "/services/member", reported)
        applied = {"updatedFields": {"sequences.member@1": number - 1}, "removedFields": []}
        feed.update(documents.MARKS, "1/registry.member/0", applied)
    lag = hub.live.freshness.verdict(moment).lag_seconds
    assert lag == 2.0  # the last but one of the watermarks, not the first


async def test_a_page_of_figures_opened_before_the_tree_is_there_is_asked_to_come_again(
    hub: Hub,
) -> None:
    hub.live.figures = Figures()
    with pytest.raises(Unavailable, match=r"figures\.starting"):
        hub.service.find(NATIONAL, None)


@pytest.mark.parametrize(
    ("grant", "shown"),
    [
        (None, ["county"]),
        (Grant("elsewhere", frozenset({"viewer"})), ["county"]),
        (Grant("hq", frozenset({"viewer"})), ["county", "school"]),
        (Grant("330100", frozenset({"registrar"})), ["county", "school"]),
    ],
)
def test_lines_of_grassroots_units_in_the_stream_are_for_those_who_may_read_there(
    hub: Hub, grant: Grant | None, shown: list[str]
) -> None:
    principal = None if grant is None else Principal("officer", (grant,))
    rows = hub.service.rows("city", hub.service.levels_shown("city", principal))
    assert [row.unit for row in rows] == shown
