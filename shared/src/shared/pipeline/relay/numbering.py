"""Gives outbox rows the next sequences of their partitions, without a gap."""

from typing import Any

from pymongo import UpdateOne

from shared.base.mongo import ClientSession, Database
from shared.pipeline import outbox
from shared.pipeline.lease import Fenced
from shared.pipeline.relay import remembered
from shared.pipeline.relay.remembered import SEQUENCES, Remembered, name_of
from shared.pipeline.relay.sending import place_of
from shared.pipeline.relay.tail import Fence


def give_numbers(
    database: Database, rows: list[dict[str, Any]], epoch: int, fence: Fence, session: ClientSession
) -> None:
    """Number rows in the order given; part of a transaction.

    Raises:
        Fenced: another relay leads, or has numbered them.
    """
    fence(session)
    places = {name_of(place_of(row)) for row in rows}
    given = remembered.load(database, session)
    last = {place: given.get(place, Remembered()).given for place in places}
    updates = []
    for row in rows:
        place = name_of(place_of(row))
        last[place] += 1
        numbers = {"state": outbox.NUMBERED, "sequence": last[place], "epoch": epoch}
        numbers["partition"] = row["partition"]
        written = {"_id": row["_id"], "state": outbox.WRITTEN}
        updates.append(UpdateOne(written, {"$set": numbers}))
    outcome = database[outbox.COLLECTION].bulk_write(updates, ordered=False, session=session)
    if outcome.matched_count != len(rows):
        raise Fenced("rows were numbered by another relay")
    reached = [
        UpdateOne({"_id": place}, {"$set": {"last": number}}, upsert=True)
        for place, number in last.items()
    ]
    database[SEQUENCES].bulk_write(reached, session=session)
