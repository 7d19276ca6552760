"""The register of badges, for the tests of the write path."""

from collections.abc import AsyncIterator

import pytest

from shared.base.settings import MongoSettings
from tests.integration.shared.badges import Desk, opened
from tests.servers import RealServers


@pytest.fixture
async def desk(
    request: pytest.FixtureRequest,
    servers: RealServers,
    database_name: str,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Desk]:
    """Return a desk; ``grouped`` as parameter has new badges committed in groups."""
    settings = MongoSettings(mongo_uri=servers.mongo_uri, mongo_database=database_name)
    grouped = getattr(request, "param", "alone") == "grouped"
    async with opened(settings, monkeypatch, grouped=grouped) as found:
        yield found
