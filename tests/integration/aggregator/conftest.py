"""The aggregator over figures of a small registry: one that is only read, and databases to write."""

from collections.abc import Iterator

import pytest

from shared.base.mongo import Database
from tests.clients.inside import FiguresInside, figures_inside
from tests.integration.aggregator.planted import COUNTY, a_registry, fill
from tests.servers import RealServers


@pytest.fixture(scope="package")
def figures(servers: RealServers) -> Iterator[FiguresInside]:
    """The aggregator of tests that write nothing."""
    with a_registry(servers) as mongo, figures_inside(servers, mongo, COUNTY) as found:
        yield found


@pytest.fixture
def filled(mongo: Database) -> Database:
    """The figures of a test that writes: a database of its own."""
    fill(mongo)
    return mongo
