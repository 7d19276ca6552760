"""Deletes outbox rows that nobody will ask for again.

A row goes when it was sent long enough ago and the aggregator has counted it: until then it may be
the only copy (docs/design.md section 5.2).
"""

from collections.abc import Iterable
from datetime import timedelta
from itertools import takewhile

from shared.base.mongo import ClientSession, Database, server_time, transact
from shared.contract.marks import Mark
from shared.pipeline import outbox
from shared.pipeline.relay.tail import Fence

ROWS_AT_ONCE = 2_000
"""Rows of one partition deleted in one transaction."""


def prune(database: Database, marks: Iterable[Mark], fence: Fence) -> int:
    """Delete rows sent more than ``outbox.KEEP_SENT_SECONDS`` ago and counted; return how many.

    Args:
        marks: how far the aggregator has counted each partition; what it does not name is kept.
        fence: raises, in the transaction, where another relay leads.
    """
    oldest = server_time(database) - timedelta(seconds=outbox.KEEP_SENT_SECONDS)
    rows, deleted = database[outbox.COLLECTION], 0
    for mark in marks:
        where = {"state": outbox.SENT, "topic": mark.topic, "partition": mark.partition}
        numbers = {"sequence": {"$lte": mark.sequence}, "epoch": mark.epoch}
        found = rows.find({**where, **numbers}, {"sent_at": 1}).sort("sequence").limit(ROWS_AT_ONCE)
        # The lowest numbers only: with one missing in between, a resend could not be complete.
        old = [row["_id"] for row in takewhile(lambda row: row["sent_at"] < oldest, found)]

        def delete(session: ClientSession, old: list[str] = old) -> int:
            fence(session)
            wanted = {"_id": {"$in": old}, "state": outbox.SENT}
            return rows.delete_many(wanted, session=session).deleted_count

        if old:
            deleted += transact(database, delete)
    return deleted
