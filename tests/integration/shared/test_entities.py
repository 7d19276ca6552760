"""An entity's next version on a real replica set: document, history and event in one piece."""

from collections.abc import AsyncIterator

import pytest
from pymongo.errors import DuplicateKeyError

from embedded.servers import RealServers
from shared.base.mongo import AsyncDatabase, Database, Document, connect_async
from shared.base.settings import MongoSettings
from shared.contract import events
from shared.contract.timeline import Entry, from_documents, record
from shared.register.entities import Cause, Decision, EntityWriter
from tests.histories import MOMENT, START, member_state


@pytest.fixture
async def database(servers: RealServers, mongo: Database) -> AsyncIterator[AsyncDatabase]:
    opened = connect_async(MongoSettings(mongo_uri=servers.mongo_uri, mongo_database=mongo.name))
    for name in ("members", "members_versions", "outbox", "beside"):
        await opened.create_collection(name)
    yield opened
    await opened.client.close()


def decide(found: Document) -> Decision:
    entry = Entry(START, MOMENT, member_state("u1", "APPROVED"))
    states = record(from_documents(found["timeline"]), entry)
    return Decision(
        "org.redcross.member.approved.v1", "approve", states, {"status": "APPROVED"}
    )  # fmt: skip


async def test_where_one_write_of_an_entry_and_its_event_is_refused_none_is_made(
    database: AsyncDatabase,
) -> None:
    """An event without its change would be counted, and no recount would know of it."""
    writer = EntityWriter(database, "members", "/services/member", events.MEMBER_TOPIC, 3)
    states = (Entry(START, MOMENT, member_state("u1", "APPLIED")),)
    for name, document in writer.creation(
        {"_id": "m1", "unit": "u1", "status": "APPLIED"}, states,
        fact="org.redcross.member.applied.v1", subject="li",
    ):  # fmt: skip
        await database[name].insert_one(document)
    await database["beside"].insert_one({"_id": "taken"})

    async def approved(beside: str) -> None:
        await writer.change(
            "m1",
            1,
            decide,
            cause=Cause("wang"),
            beside=lambda _stored: [("beside", {"_id": beside})],
        )

    async def stored() -> dict[str, list[int | None]]:
        return {
            name: [document.get("version") async for document in database[name].find()]
            for name in ("members", "members_versions", "outbox", "beside")
        }

    before = await stored()
    with pytest.raises(DuplicateKeyError):
        await approved("taken")
    assert await stored() == before
    await approved("free")
    after = await stored()
    assert (after["members"], after["members_versions"]) == ([2], [1])
    assert (len(after["outbox"]), len(after["beside"])) == (2, 2)
