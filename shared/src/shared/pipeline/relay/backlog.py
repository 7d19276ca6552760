"""The outbox rows of a cycle: those to be numbered, and those to be sent, each partition its share."""

from collections.abc import Collection, Sequence
from typing import Any

from pymongo import IndexModel

from shared.base.mongo import Database
from shared.pipeline import outbox
from shared.pipeline.eventlog import TopicPartition

ROWS_PER_CYCLE = 5_000
BYTES_PER_CYCLE = 16 * 1024 * 1024
IN_ORDER = ["topic", "partition", "sequence"]
INDEXES = [
    IndexModel(
        ["state", "_id"], name="unnumbered", partialFilterExpression={"state": outbox.WRITTEN}
    ),
    IndexModel(
        ["state", *IN_ORDER],
        name="numbered",
        partialFilterExpression={"state": {"$gte": outbox.NUMBERED}},
    ),
]


def unnumbered(
    database: Database, partitions: int, without: Collection[TopicPartition]
) -> list[dict[str, Any]]:
    """Return the first rows without a number, but none of some partitions.

    Args:
        partitions: how many each topic has. A row for one beyond them, by a process of another
            setting, is brought into one that is there: no order between partitions matters.
    """
    wanted: dict[str, Any] = {"state": outbox.WRITTEN}
    if without:
        wanted["$nor"] = [{"topic": topic, "partition": number} for topic, number in without]
    found = database[outbox.COLLECTION].find(wanted, {"topic": 1, "partition": 1})
    rows = list(found.sort("_id").limit(ROWS_PER_CYCLE))
    for row in rows:
        row["partition"] %= partitions
    return [row for row in rows if (row["topic"], row["partition"]) not in without]


def unsent(
    database: Database, places: Sequence[TopicPartition | None]
) -> tuple[list[dict[str, Any]], bool]:
    """Return the first unsent rows in order, and whether there are no others in these partitions.

    Args:
        places: partitions, each of which has the same share of rows and bytes; None for all.
    """
    rows: list[dict[str, Any]] = []
    complete = True
    for place in places:
        where = {} if place is None else {"topic": place[0], "partition": place[1]}
        found = database[outbox.COLLECTION].find({"state": outbox.NUMBERED, **where})
        most, size = ROWS_PER_CYCLE // len(places), 0
        taken: list[dict[str, Any]] = []
        for row in found.sort(IN_ORDER).limit(most):
            taken.append(row)
            size += len(row["body"])
            if size > BYTES_PER_CYCLE // len(places):
                complete = False
                break
        complete &= len(taken) < most
        rows += taken
    return rows, complete
