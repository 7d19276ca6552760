"""How long the whole system takes to come back on data it has, and to stop."""

import re
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.report import Line
from tests.system import System, free_port_base, start

READY = re.compile(r"everything is ready \(([0-9.]+) s\)")
BAR_SECONDS = 20
"""docs/design.md section 10: ready, the second time."""


def run(*, quick: bool) -> Iterator[Line]:
    """Yield the second start against the first one of the same folder (jars present for both)."""
    options = ["--no-demo"] if quick else []
    with tempfile.TemporaryDirectory(prefix="registry-start-", ignore_cleanup_errors=True) as place:
        var, base = Path(place) / "var", free_port_base()
        stopped = [_life(start(var, base, *options)), _life(start(var, base, *options))]
        first, second = (float(found) for found in READY.findall(_said(var)))
    conditions = {"bar_seconds": BAR_SECONDS, "demo": not quick, "stop_seconds": stopped}
    yield Line("start.second", second, "s", "first start", first, conditions=conditions)


def _life(system: System) -> float:
    """Stop a system that is ready; return how many seconds that took."""
    system.http.close()
    began = time.monotonic()
    system.stop()
    return round(time.monotonic() - began, 2)


def _said(var: Path) -> str:
    return (var / "terminal.log").read_text(encoding="utf-8")
