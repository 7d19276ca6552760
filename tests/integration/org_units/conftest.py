"""One org-units in this process, on a database with every chapter, for all tests of this folder."""

import uuid
from collections.abc import Iterator

import pytest

from org_units import migrate
from shared.base.mongo import Database, connect
from shared.base.settings import MongoSettings
from tests.clients.inside import units_inside
from tests.clients.org_units import Units
from tests.clients.peers import PeopleAsGiven
from tests.integration.org_units.seeding import COUNTY, seeded
from tests.integration.org_units.stored import check_documents
from tests.servers import RealServers


@pytest.fixture(scope="package")
def settings(servers: RealServers) -> Iterator[MongoSettings]:
    name = f"t_{uuid.uuid4().hex[:12]}"
    settings = MongoSettings(mongo_uri=servers.mongo_uri, mongo_database=name)
    database = connect(settings)
    migrate.migrate(database)
    seeded(settings)
    yield settings
    try:
        check_documents(database)  # whatever the tests of this folder have had stored
    finally:
        database.client.drop_database(name)
        database.client.close()


@pytest.fixture(scope="package")
def database(settings: MongoSettings) -> Iterator[Database]:
    database = connect(settings)
    yield database
    database.client.close()


@pytest.fixture(scope="package")
def chapters(database: Database) -> dict[str, str]:
    """Ids of the chapters by region code."""
    found = database.units.find({"type": "CHAPTER"}, {"region_code": 1})
    return {unit["region_code"]: unit["_id"] for unit in found}


@pytest.fixture(scope="package")
def reported() -> PeopleAsGiven:
    """A stand-in for member and volunteer."""
    return PeopleAsGiven()


@pytest.fixture
def people(reported: PeopleAsGiven) -> Iterator[PeopleAsGiven]:
    """How many people are reported of any unit: nobody, unless this test says otherwise."""
    yield reported
    reported.members, reported.volunteers = 0, 0


@pytest.fixture(scope="package")
def units(
    servers: RealServers, settings: MongoSettings, chapters: dict[str, str],
    reported: PeopleAsGiven,
) -> Iterator[Units]:  # fmt: skip
    with units_inside(servers, settings, reported, chapters[COUNTY]) as found:
        yield found
