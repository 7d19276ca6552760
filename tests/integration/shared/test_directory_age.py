"""The unit directory knows how old it is: by the marks and watermarks its worker reads from the log."""

import math
from datetime import timedelta
from functools import partial

import anyio
import pytest

from shared.base.clock import now
from shared.base.mongo import AsyncDatabase, Database
from shared.base.settings import AccessSettings, PeerSettings
from shared.contract import events
from shared.contract.events import envelope
from shared.contract.events.payloads import Watermark
from shared.pipeline.eventlog import Record
from shared.pipeline.kafka import KafkaLog
from shared.register.directory import Directory
from shared.register.directory_worker import DirectoryHandler
from tests.clients.peers import UnitsAsGiven
from tests.integration.pipeline import PARTITIONS
from tests.integration.shared.mirroring import SOURCE, Mirroring
from tests.integration.shared.test_directory import card
from tests.waiting import until, until_async


async def test_a_directory_without_its_worker_is_soon_too_old_for_an_admission(
    mirroring: Mirroring, database: AsyncDatabase
) -> None:
    org_units = UnitsAsGiven(truth={})
    peers = org_units.peers(PeerSettings(), AccessSettings())
    directory = Directory(database, peers, trusted_seconds=2.0)
    await directory.start()
    mirroring.worker()

    async def fresh(unit: str) -> None:
        while directory.known(unit) is None:
            await anyio.to_thread.run_sync(mirroring.announce)
            await anyio.to_thread.run_sync(mirroring.turn)

    try:
        assert directory.age_seconds() == math.inf
        await anyio.to_thread.run_sync(partial(mirroring.publish, "a", "b", "c"))
        for unit in ("a", "b", "c"):
            await fresh(unit)
        assert directory.age_seconds() < 2.0
        # Nobody turns the worker: what it would have read is not known.
        await until_async(lambda: directory.known("a") is None, "the directory is too old")
        assert directory.age_seconds() > 2.0
        path = await directory.path("a")
        assert [one.id for one in path] == ["a"]  # to show it and for its scope, memory serves
        assert org_units.asked == []
        await fresh("a")
    finally:
        await directory.stop()
        await peers.close()


def test_a_directory_worker_rereads_what_went_by_unseen_whoever_reads_the_watermarks(
    mirroring: Mirroring,
) -> None:
    """A broker that lost its tail had the resend before the position that was read so far."""
    workers = [mirroring.worker(), mirroring.worker()]
    names = [f"u{number}" for number in range(12)]
    mirroring.publish("first")

    def dealt() -> bool:
        mirroring.turn()
        owned = [worker._reader.assignment() for worker in workers if worker._reader]
        return len(owned) == 2 and all(owned) and sum(map(len, owned)) == PARTITIONS + 1

    until(dealt, "both have partitions")
    mirroring.publish(*names)
    ends = {number: mirroring.log.bounds((events.UNIT_TOPIC, number))[1] for number in range(3)}
    for worker in workers:
        assert worker._reader is not None
        for place in worker._reader.assignment():
            if place[0] == events.UNIT_TOPIC:
                worker.seek(place, ends[place[1]])

    def stored() -> set[str]:
        mirroring.turn()
        return {one["_id"] for one in mirroring.mongo["unit_directory"].find()}

    until(lambda: stored() == {"first", *names}, "every card is there")
    assert [worker.handler.gaps() for worker in workers] == [[], []]


def handler_of(mongo: Database, kafka_log: KafkaLog) -> DirectoryHandler:
    """Return a handler that owns the first partition and the watermarks."""
    handler = DirectoryHandler(mongo, kafka_log)
    handler.positions([(events.UNIT_TOPIC, 0), (events.WATERMARK_TOPIC, 0)])
    return handler


def a_watermark(at: timedelta, number: int) -> Record:
    sequences = {events.UNIT_TOPIC: {"0": number}}
    mark = Watermark(source=SOURCE, epoch=1, at=now() + at, sequences=sequences)
    return Record(events.WATERMARK_TOPIC, 0, 0, mark.model_dump_json().encode(), ())


@pytest.mark.parametrize(
    ("at", "number"), [(timedelta(hours=1), 0), (timedelta(), 1), (timedelta(hours=-1), 0)]
)
async def test_the_age_of_a_directory_is_not_known_by_a_wrong_clock_or_behind_a_missing_number(
    mongo: Database, database: AsyncDatabase, kafka_log: KafkaLog, at: timedelta, number: int
) -> None:
    peers = UnitsAsGiven(truth={}).peers(PeerSettings(), AccessSettings())
    directory = Directory(database, peers)
    await directory.start()
    try:
        handler = handler_of(mongo, kafka_log)
        handler.fold(a_watermark(at, number))
        handler.commit()
        mongo["unit_directory"].insert_one({"_id": "last", **card("last")})
        await until_async(lambda: directory.held("last") is not None, "the mirror has come so far")
        assert directory.known("last") is None
        span = envelope.Span(SOURCE, 1, 1, 1)
        handler.fold(Record(events.UNIT_TOPIC, 0, 0, b"[]", tuple(envelope.headers(span))))
        handler.fold(a_watermark(timedelta(), 1))
        handler.commit()
        await until_async(lambda: directory.known("last") is not None, "its age is known")
    finally:
        await directory.stop()
        await peers.close()
