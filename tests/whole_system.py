"""One whole system, and the offices of two counties in it, for all tests of users, attacks, crashes."""

from collections.abc import Iterator

import pytest

from tests.clients.county import County
from tests.system import COUNTY, System, running


@pytest.fixture(scope="session")
def system() -> Iterator[System]:
    with running("--no-demo") as found:
        yield found


@pytest.fixture(scope="session")
def county(system: System) -> Iterator[County]:
    found = County(system, COUNTY)
    yield found
    found.close()


@pytest.fixture(scope="session")
def elsewhere(system: System) -> Iterator[County]:
    """The county next to it."""
    found = County(system, "330105")
    yield found
    found.close()
