"""The hub over a real mongod: it is ready soon, and streams show what is committed."""

import asyncio
import threading
from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import orjson
import pytest
from pymongo.asynchronous.change_stream import AsyncChangeStream

from aggregator.figures.service import ALL_LEVELS
from aggregator.intake import documents
from aggregator.intake.store import replace_cards
from aggregator.migrate import migrate
from shared.base.clock import now
from shared.base.mongo import Database, Document, transact
from shared.contract import events
from shared.contract.events.payloads import UnitCard
from tests.clients.inside import figures_inside
from tests.integration.aggregator.planted import COUNTY, HQ, UNIT, card, members, write
from tests.servers import RealServers
from tests.waiting import LIMIT, until


async def following(
    frames: AsyncIterator[bytes], event: bytes, members: int | None = None
) -> dict[str, Any]:
    """Return the next frame of a kind that shows so many members."""
    async with asyncio.timeout(LIMIT):
        async for frame in frames:
            if not frame.startswith(b"event: " + event):
                continue
            body: dict[str, Any] = orjson.loads(frame.split(b"data: ", 1)[1])
            if members in (None, body["indicators"]["members"]["value"]):
                return body
    raise AssertionError("the stream has ended")


def test_the_stream_shows_what_is_committed(servers: RealServers, filled: Database) -> None:
    with figures_inside(servers, filled, COUNTY, stream_frames_per_second=20.0) as figures:
        hub, portal = figures.hub, figures.portal
        frames: Any = hub.frames(HQ, levels=ALL_LEVELS)
        assert portal.call(anext, frames).startswith(b"retry: ")
        snapshot = portal.call(following, frames, b"snapshot")
        assert snapshot["indicators"]["members"]["value"] == 10
        assert [row["members"] for row in snapshot["rows"]] == [10]
        write(filled, *((events.MEMBER_TOPIC, one) for one in members(5, date(2026, 1, 1))))
        portal.call(following, frames, b"figures", 15)
        assert hub.viewers() == 1
        portal.call(frames.aclose)
        assert hub.viewers() == 0


def test_the_hub_is_ready_though_commits_never_pause(
    servers: RealServers, mongo: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under load a restarted aggregator answered 503 until the load ended."""
    ask = AsyncChangeStream.try_next

    async def without_pause(stream: AsyncChangeStream[Document]) -> Document | None:
        """Wait over a pause that this machine, not the load, makes between two commits."""
        while (change := await ask(stream)) is None:
            pass
        return change

    monkeypatch.setattr(AsyncChangeStream, "try_next", without_pause)
    migrate(mongo)
    for name in (documents.MARKS, documents.WATERMARKS):
        mongo.create_collection(name)
    over = threading.Event()

    def commit() -> None:
        number = 0
        while not over.is_set():
            number += 1
            watermark = {"epoch": 1, "at": now(), "sequences": {"registry/member": {"0": number}}}
            mongo[documents.WATERMARKS].update_one(
                {"_id": "/services/member"}, {"$set": watermark}, upsert=True
            )

    writer = threading.Thread(target=commit)
    writer.start()
    try:
        with figures_inside(servers, mongo, COUNTY) as figures:
            assert figures.service.live.ready
            assert writer.is_alive()
    finally:
        over.set()
        writer.join()


def test_the_hub_loads_anew_what_a_new_epoch_took_back(
    servers: RealServers, filled: Database
) -> None:
    """It keeps only higher versions of a card; a restored org-units has lower ones."""
    with figures_inside(servers, filled, COUNTY) as figures:
        newer = card(UNIT, "GRASSROOTS", COUNTY, type="COMMUNITY").model_copy(
            update={"version": 7, "status": "VOIDED"}
        )
        former = newer.model_copy(update={"version": 2, "status": "ACTIVE"})

        def shown() -> tuple[int, str] | None:
            live = figures.service.live
            held = live.figures.cards.get(UNIT) if live.ready else None
            return None if held is None else (held.version, held.status)

        def put(lost: set[str], *kept: UnitCard) -> None:
            transact(filled, lambda session: replace_cards(filled, lost, kept, session))

        filled[documents.UNITS].delete_one({"_id": UNIT})
        put(set(), newer)
        until(lambda: shown() == (7, "VOIDED"), "the card is shown")
        put({UNIT}, former)
        until(lambda: shown() == (2, "ACTIVE"), "the former card is shown")
        put({UNIT})
        until(lambda: figures.service.live.ready and shown() is None, "the card is gone")
