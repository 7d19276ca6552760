"""Any history, however it is delivered, gives the counters a plain recount gives."""

from collections import Counter
from copy import deepcopy
from datetime import UTC, date, datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.intake.projection import Fold
from shared.contract import events
from shared.contract.events import UnknownEventType, envelope
from shared.contract.timeline import Entry
from shared.pipeline import outbox
from shared.pipeline.eventlog import Record
from shared.pipeline.marks import Cursor
from shared.pipeline.relay.sending import pack
from tests.histories import SPAN, START, STATUSES, UNITS, History, histories, member_state

SOURCE, TOPIC, PARTITIONS = "/services/member", events.MEMBER_TOPIC, 2
PLACES = [(TOPIC, number) for number in range(PARTITIONS)]


def now() -> datetime:
    return datetime(2026, 11, 23, tzinfo=UTC)


class Ledger:
    """What a database would hold: committed counters, history and cursors."""

    def __init__(self) -> None:
        self.cursors = {place: Cursor() for place in PLACES}
        self.history: Counter[tuple[str, str, str]] = Counter()
        self.counters: Counter[tuple[str, str]] = Counter()
        self.dead: dict[str, object] = {}

    def begin(self) -> Fold:
        return Fold(deepcopy(self.cursors), now)

    def commit(self, fold: Fold) -> None:
        for (unit, _topic, day), names in fold.delta.history.items():
            for name, count in names.items():
                self.history[(unit, day, name)] += count
        for (unit, _topic), names in fold.delta.counters.items():
            for name, count in names.items():
                self.counters[(unit, name)] += count
        self.dead |= {letter.id: letter for letter in fold.dead}
        self.cursors = fold.cursors


def numbered_rows(history: History) -> list[dict[str, Any]]:
    last: Counter[int] = Counter()
    rows = []
    for fact in history.facts:
        row = outbox.row(fact, source=SOURCE, topic=TOPIC, partitions=PARTITIONS)
        last[row["partition"]] += 1
        rows.append({**row, "sequence": last[row["partition"]], "epoch": 1})
    return sorted(rows, key=lambda row: (row["partition"], row["sequence"]))


class Broker:
    """Two partitions of records."""

    def __init__(self) -> None:
        self.records: dict[tuple[str, int], list[Record]] = {place: [] for place in PLACES}

    def append(self, rows: list[dict[str, Any]]) -> None:
        for place, span, value in pack(rows, SOURCE):
            log = self.records[place]
            log.append(Record(*place, len(log), value, tuple(envelope.headers(span))))


@st.composite
def delivered(draw: st.DrawFn) -> tuple[History, Broker]:
    """A history sent as a relay may send it: split anyhow, later parts before earlier, resent."""
    history = draw(histories())
    broker = Broker()
    for _, number in PLACES:
        rows = [row for row in numbered_rows(history) if row["partition"] == number]
        sent = 0
        while sent < len(rows):
            start = draw(st.integers(0, sent))  # a resend from an earlier row
            skip = draw(st.booleans()) and start + 1 < len(rows)
            if skip:  # a batch failed, a later one got through: then all is sent again
                broker.append(rows[start + 1 : draw(st.integers(start + 2, len(rows)))])
            end = draw(st.integers(max(sent, start) + 1, len(rows)))
            broker.append(rows[start:end])
            sent = end
    return history, broker


def consume(broker: Broker, choose: list[int]) -> Ledger:
    """Fold with partitions interleaved, crashes that drop a chunk, and restarts."""
    ledger, fold = Ledger(), None
    choices = iter(choose)
    positions = dict.fromkeys(PLACES, 0)
    while any(positions[place] < len(broker.records[place]) for place in PLACES) or fold:
        choice = next(choices, 3)
        if fold is None:
            fold = ledger.begin()
        if choice == 0:  # crash between fold and commit
            fold = None
            positions = {place: cursor.offset for place, cursor in ledger.cursors.items()}
            continue
        order = PLACES if choice % 2 else PLACES[::-1]
        place = next((p for p in order if positions[p] < len(broker.records[p])), None)
        if place is not None:
            fold.add(broker.records[place][positions[place]])
            positions[place] += 1
        if choice >= 2:
            ledger.commit(fold)
            fold = None
    return ledger


def present(counts: Counter[tuple[str, str]]) -> dict[tuple[str, str], int]:
    return {key: count for key, count in counts.items() if count}


@settings(deadline=None)
@given(delivered(), st.lists(st.integers(0, 5), max_size=40))
def test_counters_equal_the_recount_for_today_and_every_past_day(
    sent: tuple[History, Broker], choices: list[int]
) -> None:
    history, broker = sent
    ledger = consume(broker, choices)
    assert not any(cursor.gap for cursor in ledger.cursors.values())
    for offset in range(-1, SPAN + 1):
        day = START + timedelta(days=offset)
        found: Counter[tuple[str, str]] = Counter()
        for (unit, dated, name), count in ledger.history.items():
            if dated <= day.isoformat() and "|" not in name:
                found[(unit, name)] += count
        assert present(found) == dict(history.oracle(day))
    last = date(2100, 1, 1)
    totals = Counter({key: n for key, n in ledger.counters.items() if "|" not in key[1]})
    assert present(totals) == dict(history.oracle(last))
    by_sex = history.oracle_of("sex", last)
    for unit in UNITS:
        for status in ("ACTIVE", "ARREARS"):
            for sex in "012":
                name = f"{status}|sexbirth|{sex}-1980"
                assert ledger.counters[(unit, name)] == by_sex[(unit, status, sex)]


def facts(count: int) -> History:
    history = History()
    for number in range(count):
        history.become(
            f"e{number}", (Entry(START, now(), member_state("u1", STATUSES[2])),), "applied"
        )
    return history


def records(rows: list[dict[str, Any]]) -> list[Record]:
    broker = Broker()
    broker.append(rows)
    return [record for log in broker.records.values() for record in log]


def one_by_one(count: int) -> list[Record]:
    broker = Broker()
    for row in numbered_rows(facts(count)):
        broker.append([row])
    return [record for log in broker.records.values() for record in log]


def test_a_gap_holds_the_offset_of_the_projection_until_the_resend_closes_it() -> None:
    first, second, third = one_by_one(3)
    resend = Record(TOPIC, second.partition, 3, second.value, second.headers)
    again = Record(TOPIC, third.partition, 4, third.value, third.headers)
    fold = Ledger().begin()
    place = (TOPIC, first.partition)
    fold.add(first)
    fold.add(Record(TOPIC, third.partition, 1, third.value, third.headers))
    gap = fold.cursors[place].gap
    assert gap is not None
    assert gap.expected == 2
    assert fold.cursors[place].offset == 1
    fold.add(resend)
    assert fold.cursors[place].gap is not None
    fold.add(again)
    assert fold.cursors[place].gap is None
    assert fold.cursors[place].offset == 5
    assert fold.delta.counters[("u1", TOPIC)]["ACTIVE"] == 3


@pytest.mark.parametrize(
    "spoil",
    [
        lambda event: event["data"]["changes"][0].update(effective_on="2026-02-30"),
        lambda event: event["data"].update(version=0),
        lambda event: event["data"]["changes"][0]["now"].update(unit="no unit $"),
        lambda event: event.update(specversion="0.3"),
        lambda event: event.update(sequence=77),
        lambda event: event.pop("data"),
    ],
)
def test_a_poison_event_is_set_aside_and_its_neighbours_count(spoil: object) -> None:
    (record,) = records(numbered_rows(facts(3)))
    batch = orjson.loads(record.value or b"")
    spoil(batch[1])  # type: ignore[operator]
    fold = Ledger().begin()
    fold.add(Record(TOPIC, record.partition, 0, orjson.dumps(batch), record.headers))
    assert [(letter.first, letter.last) for letter in fold.dead] == [(2, 2)]
    assert fold.delta.counters[("u1", TOPIC)]["ACTIVE"] == 2
    assert fold.cursors[(TOPIC, record.partition)].sequences == {"member@1": 3}


@pytest.mark.parametrize("value", [b"", b"\xff\xfe", b"{}", b"[1", b"[]", b"[{}]"])
def test_an_unreadable_record_is_crossed_by_the_projection_by_its_headers(value: bytes) -> None:
    (record,) = records(numbered_rows(facts(3)))
    fold = Ledger().begin()
    fold.add(Record(TOPIC, record.partition, 0, value, record.headers))
    assert [(letter.first, letter.last) for letter in fold.dead] == [(1, 3)]
    assert fold.cursors[(TOPIC, record.partition)].sequences == {"member@1": 3}
    assert not fold.delta.counters


def test_a_poison_event_seen_again_is_no_second_dead_letter() -> None:
    (record,) = records(numbered_rows(facts(1)))
    fold = Ledger().begin()
    fold.add(Record(TOPIC, record.partition, 0, b"?", record.headers))
    fold.add(Record(TOPIC, record.partition, 1, b"?", record.headers))
    assert len(fold.dead) == 1


@pytest.mark.parametrize(
    "headers", [(), (("source", None),), (("source", b"/services/member"), ("epoch", None))]
)
def test_a_record_of_no_source_moves_no_mark_of_the_projection(headers: Any) -> None:
    fold = Ledger().begin()
    fold.add(Record(TOPIC, 0, 0, b"hello", headers))
    assert [letter.id for letter in fold.dead] == [f"foreign/{TOPIC}/0/0"]
    assert fold.cursors[(TOPIC, 0)].sequences == {}
    assert fold.cursors[(TOPIC, 0)].offset == 1


@pytest.mark.parametrize(
    "name", ["org.redcross.member.promoted.v1", "org.redcross.member.applied.v2"]
)
def test_an_event_of_unknown_type_or_version_stops_the_projection(name: str) -> None:
    (record,) = records(numbered_rows(facts(1)))
    batch = orjson.loads(record.value or b"")
    batch[0]["type"] = name
    fold = Ledger().begin()
    with pytest.raises(UnknownEventType):
        fold.add(Record(TOPIC, record.partition, 0, orjson.dumps(batch), record.headers))
