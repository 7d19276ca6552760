"""A browser that looks at the dashboard of the running system."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.e2e.viewer import PATIENCE, Viewer
from tests.system import System

CHROMIUM = Path(os.environ.get("REGISTRY_CHROMIUM", "/usr/bin/chromium"))
NO_CHROMIUM = (
    f"There is no Chromium at {CHROMIUM}: install the package chromium (Debian: apt-get install "
    "chromium), or name the program in REGISTRY_CHROMIUM."
)
QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
)  # fmt: skip
"""It renders in software and connects to the dashboard only."""

expect.set_options(timeout=PATIENCE)


# Of a module, not of the session: while it lives, its event loop counts as running in this thread,
# and asynchronous tests of other modules could not run theirs.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.fail(NO_CHROMIUM)
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(
            executable_path=CHROMIUM, args=list(QUIET), timeout=PATIENCE
        )
        yield found
        found.close()


@pytest.fixture
def viewer(browser: Browser, system: System) -> Iterator[Viewer]:
    """Somebody before a wide screen; a problem in the console of the page fails the test."""
    with Viewer.before(browser, system.url("aggregator")) as found:
        yield found
    found.check_console()
