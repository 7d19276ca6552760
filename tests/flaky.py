"""``--once-more``, for CI alone: a failed test is run a second time, by itself, in its own process.

If it passes then, chance failed it: the run passes, and its last lines say so, as does
``var/flaky.txt``. A flaky test is still a defect, of the test or of the product: it is only kept
from losing the work of others. Many failures at once are no chance and are left as they are.
"""

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

MOST = 3
"""So many failed tests may be chance."""
FILE = Path("var/flaky.txt")
BEGINNING = 12
"""Lines kept of a first failure, from its end: the assertion is there."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    parser.addoption("--once-more", action="store_true", help="run a failed test once more alone")


def pytest_configure(config: pytest.Config) -> None:
    """Watch where it was asked for; a worker's failures reach the process that started it."""
    if config.getoption("--once-more") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(OnceMore(config), "once-more")


@dataclass
class OnceMore:
    """The failures of a run, and what became of them."""

    config: pytest.Config
    failed: dict[str, str] = field(default_factory=dict)
    """First failures by test."""
    flaky: list[str] = field(default_factory=list)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the first failure of a test."""
        if report.failed:
            self.failed.setdefault(report.nodeid, report.longreprtext)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Run what failed once more; the run passes if all of it passes."""
        if session.exitstatus != pytest.ExitCode.TESTS_FAILED or len(self.failed) > MOST:
            return
        passed = [nodeid for nodeid in self.failed if self._passes(nodeid)]
        self.flaky = [self._report(nodeid) for nodeid in passed]
        if self.flaky:
            path = self.config.rootpath / FILE
            path.parent.mkdir(exist_ok=True)
            with path.open("a", encoding="utf-8") as file:
                file.write("".join(self.flaky))
        if len(passed) == len(self.failed):
            session.exitstatus = pytest.ExitCode.OK

    def _passes(self, nodeid: str) -> bool:
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", nodeid]
        without = {key: value for key, value in os.environ.items() if "XDIST" not in key}
        again = subprocess.run(
            command, cwd=self.config.rootpath, env=without, stdin=subprocess.DEVNULL, check=False
        )
        return again.returncode == 0

    def _report(self, nodeid: str) -> str:
        seed = self.config.getoption("randomly_seed", None)
        failure = "\n".join(f"  {line}" for line in self.failed[nodeid].splitlines()[-BEGINNING:])
        return f"FLAKY {nodeid} (seed {seed}) passed when run once more. First:\n{failure}\n"

    def pytest_unconfigure(self) -> None:
        """Name what is flaky after everything else."""
        for report in self.flaky:
            sys.stdout.write(report)
        if self.flaky:
            names = " ".join(report.split()[1] for report in self.flaky)
            sys.stdout.write(f"FLAKY, to be mended first: {names} (see {FILE})\n")
        sys.stdout.flush()
