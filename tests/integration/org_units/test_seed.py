"""Seeding the divisions: once, again, after a loss, two at a time, and what is published of it."""

from datetime import date
from functools import partial

import orjson

from org_units import migrate
from org_units.divisions import service as seeding
from shared.base.mongo import Database
from shared.base.settings import MongoSettings
from shared.contract import events
from shared.contract.events.payloads import UnitsImported
from tests.integration.org_units.seeding import seeded
from tests.integration.org_units.stored import check_documents
from tests.servers import RealServers
from tests.waiting import at_once


def test_the_seed_of_units_is_idempotent_and_resumes(
    servers: RealServers, mongo: Database, database_name: str
) -> None:
    settings = MongoSettings(mongo_uri=servers.mongo_uri, mongo_database=database_name)
    migrate.migrate(mongo)
    migrate.migrate(mongo)
    first = seeded(settings, "33")
    assert [outcome.inserted for outcome in first] == [3_219, 1_387]
    again = seeded(settings, "330000")
    assert again == [seeding.Outcome(0, 3_219), seeding.Outcome(0, 1_387)]

    lost = [unit["_id"] for unit in mongo.units.find({"region_code": {"$gte": "330200200"}})]
    mongo.units.delete_many({"_id": {"$in": lost}, "level": "GRASSROOTS"})
    both = at_once([partial(seeded, settings, "33")] * 2)
    assert sum(outcome.inserted for pair in both for outcome in pair[1:]) > 0
    assert check_documents(mongo) == 3_219 + 1_387

    by_hand = {"region_code": "330106109"}
    mongo.units.update_one(by_hand, {"$unset": {"seeded_as": ""}})
    assert seeded(settings, "33")[1].inserted == 0
    assert len(mongo.units.distinct("code")) == 3_219 + 1_387
    assert mongo.units.count_documents({"status": {"$ne": "ACTIVE"}}) == 0


def test_seeded_units_are_published_in_packed_events(database: Database) -> None:
    reported: dict[str, str] = {}
    for row in database.outbox.find({}):
        event = orjson.loads(row["body"])
        payload = events.MODELS[event["type"]].model_validate(event["data"])
        if not isinstance(payload, UnitsImported):
            continue
        assert len(payload.rows) == len(payload.units)
        for (entity, version, positions), card in zip(payload.rows, payload.units, strict=True):
            (step,) = [payload.steps[position] for position in positions]
            assert (entity, version) == (card.id, 1)
            assert step.now is not None
            assert (step.effective_on, step.now.status) == (date(2021, 1, 1), "ACTIVE")
            reported[card.id] = card.code
    stored = {unit["_id"]: unit["code"] for unit in database.units.find({"type": "CHAPTER"})}
    assert reported == stored
