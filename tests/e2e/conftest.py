"""One whole system for the tests of the users' paths, and a browser to look at its dashboard."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.e2e.office import Office
from tests.e2e.viewer import Viewer
from tests.system import System, running

CHROMIUM = Path(os.environ.get("REGISTRY_CHROMIUM", "/usr/bin/chromium"))
NO_CHROMIUM = (
    f"There is no Chromium at {CHROMIUM}: install the package chromium (Debian: apt-get install "
    "chromium), or name the program in REGISTRY_CHROMIUM."
)
QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
)  # fmt: skip
"""It renders in software and speaks to nobody but the dashboard."""

expect.set_options(timeout=60_000)  # milliseconds; a shared machine may stall any single step


@pytest.fixture(scope="session")
def system() -> Iterator[System]:
    with running("--no-demo") as found:
        yield found


@pytest.fixture(scope="session")
def office(system: System) -> Iterator[Office]:
    found = Office(system, "330106")
    yield found
    found.close()


@pytest.fixture(scope="session")
def elsewhere(system: System) -> Iterator[Office]:
    """The office of the county next to it."""
    found = Office(system, "330105")
    yield found
    found.close()


# Of a module, not of the session: while it lives, its event loop counts as running in this thread,
# and asynchronous tests of other modules could not run theirs.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.fail(NO_CHROMIUM)
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(
            executable_path=CHROMIUM, args=list(QUIET), timeout=60_000
        )
        yield found
        found.close()


@pytest.fixture
def viewer(browser: Browser, system: System) -> Iterator[Viewer]:
    """Somebody before a wide screen; a problem in the console of the page fails the test."""
    with Viewer.before(browser, system.url("aggregator")) as found:
        yield found
    found.check_console()
