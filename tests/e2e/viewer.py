"""Somebody who looks at the dashboard in a browser, and keeps what its console complains of."""

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, expect

from tests.clients.aggregator import SERIES
from tests.waiting import LIMIT

PATIENCE = LIMIT * 1000
"""Milliseconds that the browser may take for any step."""
WIDE = (1280, 900)
PHONE = (360, 740)


@dataclass
class Viewer:
    """One page of the dashboard.

    Args:
        page: the browser's page.
        root: address of the dashboard.
        allowed: patterns of complaints that a test provokes.
    """

    page: Page
    root: str
    complaints: list[str] = field(default_factory=list)
    allowed: list[str] = field(default_factory=list)

    @classmethod
    @contextlib.contextmanager
    def before(
        cls, browser: Browser, root: str, size: tuple[int, int] = WIDE
    ) -> "Iterator[Viewer]":
        """Open an empty page of a size; close it afterwards."""
        width, height = size
        context = browser.new_context(
            locale="zh-CN", viewport={"width": width, "height": height}, has_touch=size == PHONE
        )
        context.set_default_timeout(PATIENCE)
        viewer = cls(context.new_page(), root)
        viewer.page.on("console", viewer.heard)
        viewer.page.on("pageerror", lambda error: viewer.complaints.append(str(error)))
        try:
            yield viewer
        finally:
            context.close()

    def heard(self, message: ConsoleMessage) -> None:
        """Keep an error or a warning."""
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def check_console(self) -> None:
        """Fail where the console complained of more than the test provoked."""
        found = [
            text
            for text in self.complaints
            if not any(re.search(pattern, text) for pattern in self.allowed)
        ]
        assert found == []

    def open(self, query: str = "") -> None:
        """Open the dashboard and wait for its first figures; a reload would lose the mark."""
        self.page.goto(f"{self.root}/{query}")
        expect(self.part("#members-value")).to_have_attribute("data-value", re.compile(r"^\d+$"))
        self.page.evaluate("window.neverReloaded = true")

    def part(self, selector: str) -> Locator:
        """Return a part of the page."""
        return self.page.locator(selector)

    def figures(self) -> dict[str, int]:
        """Return the three large numbers."""
        values = {name: self.part(f"#{name}-value").get_attribute("data-value") for name in SERIES}
        return {name: int(value or "") for name, value in values.items()}

    def sees(self, selector: str, value: int) -> None:
        """Wait until a part of the page shows a number, in words as in its data."""
        where = self.part(selector)
        expect(where).to_have_attribute("data-value", str(value))
        expect(where).to_have_text(f"{value:,}")

    def check_never_reloaded(self) -> None:
        """Fail where the page was loaded anew since it was opened."""
        assert self.page.evaluate("window.neverReloaded") is True

    def check_no_sideways_scroll(self) -> None:
        """Fail where the page is wider than its window."""
        widths = "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
        found, window = self.page.evaluate(widths)
        assert found <= window, f"{found} pixels in a window of {window}"
