"""One database with every chapter for the tests of org-units, and an office for each test."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterator

import pytest

from embedded.servers import RealServers
from org_units import migrate
from shared.mongo import Database, connect
from shared.settings import MongoSettings
from tests.integration.org_units.office import (
    COUNTY,
    Office,
    opened,
    seed,
)


@pytest.fixture(scope="module")
def settings(servers: RealServers) -> Iterator[MongoSettings]:
    """A database with every chapter, shared by the tests of this module."""
    name = f"t_{uuid.uuid4().hex[:12]}"
    settings = MongoSettings(mongo_uri=servers.mongo_uri, mongo_database=name)
    database = connect(settings)
    migrate.migrate(database)
    asyncio.run(seed(settings))
    yield settings
    database.client.drop_database(name)
    database.client.close()


@pytest.fixture(scope="module")
def database(settings: MongoSettings) -> Iterator[Database]:
    database = connect(settings)
    yield database
    database.client.close()


@pytest.fixture(scope="module")
def chapters(database: Database) -> dict[str, str]:
    """Ids of the chapters by region code."""
    found = database.units.find({"type": "CHAPTER"}, {"region_code": 1})
    return {unit["region_code"]: unit["_id"] for unit in found}


@pytest.fixture
async def office(
    servers: RealServers, settings: MongoSettings, chapters: dict[str, str]
) -> AsyncIterator[Office]:
    async with opened(servers, settings, chapters[COUNTY]) as office:
        yield office
