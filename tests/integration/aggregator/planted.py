"""A small registry's figures, planted straight into the aggregator's database."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

from aggregator.intake import documents, store
from aggregator.intake.documents import DEAD_LETTERS
from aggregator.intake.projection import Delta
from aggregator.migrate import migrate
from shared.base.mongo import Database, connect, transact
from shared.base.settings import MongoSettings
from shared.contract import events
from shared.contract.events.payloads import MemberChanged, UnitCard, UnitChanged
from tests.histories import MOMENT, member_state
from tests.servers import RealServers

HQ, COUNTY, UNIT = "hq", "county-1", "unit-1"


def card(unit: str, level: str, parent: str | None, **fields: Any) -> UnitCard:
    return UnitCard(
        id=unit, version=1, name=f"{unit}红十字会", code="", level=level,
        region_code=fields.get("region_code"), type=fields.get("type", "CHAPTER"),
        status="ACTIVE", parent=parent, flags=[],
    )  # fmt: skip


CARDS = [
    card(HQ, "NATIONAL", None, region_code="100000"),
    card("province-1", "PROVINCE", HQ, region_code="330000"),
    card(COUNTY, "COUNTY", "province-1", region_code="330106"),
    card(UNIT, "GRASSROOTS", COUNTY, type="COMMUNITY"),
]


def unit_event(one: UnitCard, day: date) -> UnitChanged:
    """Return the event of a unit that became active on a day."""
    state: dict[str, Any] = {
        "unit": one.id, "level": one.level, "type": one.type, "status": "ACTIVE",
        "parent": one.parent, "flags": [],
    }  # fmt: skip
    return UnitChanged.model_validate(
        {
            "entity": one.id,
            "version": 1,
            "recorded_at": MOMENT,
            "unit": one.model_dump(),
            "changes": [{"effective_on": day, "was": None, "now": state}],
        }
    )


def members(count: int, day: date, **fields: Any) -> list[MemberChanged]:
    """Return the events of members of the unit who became active on a day."""
    state = member_state(UNIT, "ACTIVE", **fields)
    change = {"effective_on": day, "was": None, "now": state}
    return [
        MemberChanged.model_validate(
            {"entity": f"m{n}", "version": 1, "recorded_at": MOMENT, "changes": [change]}
        )
        for n in range(count)
    ]


def write(mongo: Database, *payloads: tuple[str, Any]) -> None:
    """Commit what the worker would make of events."""
    delta = Delta()
    for topic, payload in payloads:
        delta.apply(topic, payload)
    transact(mongo, lambda session: store.write_delta(mongo, delta, session))


def fill(mongo: Database) -> None:
    """Plant four units, and ten members of the lowest: seven of one sex, three of the other."""
    migrate(mongo)
    for name in (
        documents.COUNTERS,
        documents.HISTORY,
        documents.UNITS,
        documents.MARKS,
        DEAD_LETTERS,
    ):
        if name not in mongo.list_collection_names():
            mongo.create_collection(name)
    write(mongo, *((events.UNIT_TOPIC, unit_event(one, date(2021, 1, 1))) for one in CARDS))
    write(
        mongo,
        *((events.MEMBER_TOPIC, one) for one in members(7, date(2024, 5, 1))),
        *((events.MEMBER_TOPIC, one) for one in members(3, date(2025, 5, 1), sex="2")),
    )


@contextmanager
def a_registry(servers: RealServers) -> Iterator[Database]:
    """Yield a filled database that several tests share; it is dropped afterwards."""
    name = f"t_{uuid.uuid4().hex[:12]}"
    mongo = connect(MongoSettings(mongo_uri=servers.mongo_uri, mongo_database=name))
    fill(mongo)
    yield mongo
    mongo.client.drop_database(name)
    mongo.client.close()
