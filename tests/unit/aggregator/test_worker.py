"""The worker's own decisions: when a chunk is closed, when a partition is read again."""

from datetime import timedelta
from itertools import pairwise
from types import SimpleNamespace
from typing import cast

import orjson
import pytest
from pymongo.errors import OperationFailure

from aggregator.intake import handler as worker
from aggregator.intake import store
from aggregator.intake.handler import CountingHandler
from aggregator.intake.projection import Fold
from aggregator.settings import AggregatorSettings
from shared.base.clock import now
from shared.base.mongo import Database
from shared.contract import events
from shared.contract.events import envelope
from shared.contract.events.payloads import Watermark
from shared.contract.timeline import Change
from shared.pipeline import marks
from shared.pipeline.eventlog import EventLog, Record
from shared.pipeline.marks import Cursor, Gap
from shared.pipeline.outbox import Fact, packed_rows
from tests.histories import MOMENT, START, member_state

PLACE = ("registry.member", 0)


def test_each_rereading_of_the_worker_may_take_twice_as_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = AggregatorSettings(gap_rewind_seconds=3.0)
    handler = CountingHandler(cast("Database", None), cast("EventLog", None), settings)
    monkeypatch.setattr(store, "watermarks", lambda _database: [])
    handler._cursors = {PLACE: Cursor(gap=Gap(5, 9, now() - timedelta(hours=1)))}
    moments: list[float] = []
    for second in range(300):
        clock = SimpleNamespace(monotonic=lambda second=second: float(second))
        monkeypatch.setattr(marks, "time", clock)
        if handler.rewinds():
            moments.append(float(second))
    pauses = [later - earlier for earlier, later in pairwise(moments)]
    assert len(pauses) >= 3
    assert all(later >= 1.9 * earlier for earlier, later in pairwise(pauses))
    handler._cursors[PLACE].gap = None
    assert handler.rewinds() == []
    handler._cursors[PLACE].gap = Gap(5, 9, now() - timedelta(hours=1))
    assert handler.rewinds() == [PLACE]


def test_the_worker_reads_again_a_silent_partition_whose_numbers_were_given(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A broker lost its tail and was written to again up to the old end: no gap shows it."""
    settings = AggregatorSettings(gap_rewind_seconds=3.0)
    handler = CountingHandler(cast("Database", None), cast("EventLog", None), settings)
    second, told = 0.0, 7
    clock = SimpleNamespace(monotonic=lambda: second)
    monkeypatch.setattr(marks, "time", clock)
    monkeypatch.setattr(worker, "time", clock)
    monkeypatch.setattr(store, "commit", lambda *_: None)

    def stored(_database: Database) -> list[Watermark]:
        """Return what whichever worker reads the watermarks has stored."""
        sequences = {PLACE[0]: {"0": told}}
        return [Watermark(source="/services/member", epoch=1, at=now(), sequences=sequences)]

    monkeypatch.setattr(store, "watermarks", stored)
    handler._cursors = {PLACE: Cursor(sequences={"member@1": 7})}
    assert handler.rewinds() == []
    second = 60.0
    assert handler.rewinds() == []  # silent, and nothing is missing
    second, told = 70.0, 8
    assert handler.rewinds() == []  # its record may be on its way
    second = 74.0
    assert handler.rewinds() == [PLACE]
    assert handler.gaps() == []
    second = 101.0
    assert handler.gaps() == ["registry.member/0: numbers that were given have not come"]
    handler.fold(packed_record(1, 7))  # number 8 has come
    handler.commit()
    second = 120.0
    assert handler.rewinds() == []
    assert handler.gaps() == []


@pytest.mark.parametrize(
    "strange",
    [
        {"sequences": {PLACE[0]: {"nought": 7}}},
        {"sequences": {PLACE[0]: {"0": 2**63}}},
        {"sequences": {"registry.unit": {"0": 7}}},
        {"epoch": 2**63},
        {"source": "member"},
    ],
)
def test_the_worker_skips_a_watermark_without_numbers_of_its_source(
    monkeypatch: pytest.MonkeyPatch, strange: dict[str, object]
) -> None:
    handler = CountingHandler(cast("Database", None), cast("EventLog", None), AggregatorSettings())
    place = (events.WATERMARK_TOPIC, 0)
    handler._cursors = {PLACE: Cursor(), place: Cursor()}
    stored: list[Fold] = []
    monkeypatch.setattr(store, "commit", lambda _database, fold, _ids: stored.append(fold))
    mark = {"source": "/services/member", "epoch": 1, "at": now().isoformat(), "sequences": {}}
    for offset, announce in enumerate((mark, mark | strange)):
        handler.fold(Record(*place, offset, orjson.dumps(announce), ()))
    handler.commit()
    (fold,) = stored
    assert [(one.source, one.epoch) for one in fold.watermarks.values()] == [(mark["source"], 1)]
    assert fold.watermarks["/services/member"].sequences == {}
    assert fold.cursors[place].offset == 2


class Closing(Cursor):
    """A partition whose gap closes as soon as somebody has looked at it."""

    looks = 0

    def __getattribute__(self, name: str) -> object:
        if name != "gap":
            return super().__getattribute__(name)
        self.looks += 1
        return Gap(5, 9, now() - timedelta(hours=1)) if self.looks == 1 else None


def test_the_health_of_the_worker_shows_a_closing_gap_or_not_but_never_half() -> None:
    handler = CountingHandler(cast("Database", None), cast("EventLog", None), AggregatorSettings())
    handler._cursors = {PLACE: Closing()}
    assert handler.gaps() == ["registry.member/0: number 5 has not come"]
    assert handler.gaps() == []


def packed_record(rows: int, offset: int) -> Record:
    """Return a record of members each of whom joined another unit."""
    facts = [
        Fact(
            "org.redcross.member.members-imported.v1", f"e{offset}-{number}", 1, MOMENT,
            [Change(START, None, member_state(f"unit-{offset}-{number}", "ACTIVE"))],
        )
        for number in range(rows)
    ]  # fmt: skip
    built = packed_rows(
        facts, event_type=facts[0].type, source="/services/member", topic=PLACE[0], partitions=1
    )
    (row,) = built
    body = envelope.numbered(row["body"], sequence=offset + 1, epoch=1)
    span = envelope.Span("/services/member", 1, offset + 1, offset + 1)
    headers = tuple(envelope.headers(span))
    return Record(PLACE[0], 0, offset, envelope.batch([body]), headers)


def test_a_chunk_of_the_worker_is_closed_by_the_documents_it_touches(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A commit of 20,000 rows of as many units outgrew the server's cache and came back for ever."""
    settings = AggregatorSettings(chunk_documents=800, chunk_seconds=3_600.0)
    handler = CountingHandler(cast("Database", None), cast("EventLog", None), settings)
    handler._cursors = {PLACE: Cursor()}
    handler.fold(packed_record(300, 0))
    assert not handler.due()
    handler.fold(packed_record(300, 1))
    assert handler.due()

    def refuse(*_: object) -> None:
        raise OperationFailure("transaction is too large")

    with monkeypatch.context() as patch:
        patch.setattr(store, "commit", refuse)
        with pytest.raises(OperationFailure):
            handler.commit()
    handler._cursors = {PLACE: Cursor()}
    handler.fold(packed_record(300, 0))
    assert handler.due()  # half as large now
    monkeypatch.setattr(store, "commit", lambda *_: None)
    handler.commit()
    handler.fold(packed_record(300, 1))
    assert not handler.due()
