"""Processor time of this checkout's member service against another commit's, in turn in one run.

``python -m benchmarks.against COMMIT`` makes a worktree of the commit and runs ``member.main`` of
both with one interpreter, one mongod and one issuer, each on a database of its own. The two share
nothing but HTTP and environment variables, so the layout of the other commit does not matter.
"""

import argparse
import json
import logging
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from benchmarks import bulk
from benchmarks.load import CLIENT
from benchmarks.registration import Side
from benchmarks.report import Line, median_ratio, significant
from benchmarks.stand import Stand, cards, stand
from shared.base import log

ROOT = Path(__file__).resolve().parents[1]
COMMIT = "05f11c3"
"""The first commit whose figures others are compared with."""
SOURCES = ("shared/src", "services/*/src")
THIS, THAT = "member", "that"
CLIENTS = 32
SECONDS = 1.0
PAGES = 8
ROUNDS = 20
"""These take about two minutes."""


@contextmanager
def _worktree(commit: str) -> Iterator[Path]:
    """Yield a folder with the files of a commit.

    Raises:
        CalledProcessError: git has no such commit here.
    """
    git = ["git", "-C", str(ROOT), "worktree"]
    with tempfile.TemporaryDirectory(prefix="registry-against-") as name:
        folder = Path(name).resolve() / "that"
        subprocess.run([*git, "add", "--quiet", "--detach", str(folder), commit], check=True)
        try:
            yield folder
        finally:
            subprocess.run([*git, "remove", "--force", str(folder)], check=True)


class _Units(BaseHTTPRequestHandler):
    """A stand-in for org-units: shows the card of a unit to any caller."""

    protocol_version = "HTTP/1.1"
    cards: dict[str, dict[str, Any]] = {}  # noqa: RUF012 - set once, before the server runs

    def do_GET(self) -> None:
        card = self.cards.get(self.path.rsplit("/", 1)[-1])
        body = json.dumps({**card, "parent_id": card["parent"]} if card else {}).encode()
        self.send_response(200 if card else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        """Log nothing: standard output is for figures."""


@contextmanager
def _units(place: Stand) -> Iterator[None]:
    _Units.cards = {card["id"]: card for card in cards(place.units)}
    server = ThreadingHTTPServer(("127.0.0.1", place.port("org-units")), _Units)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


def _start(place: Stand, name: str, folder: Path) -> None:
    """Migrate a version's database and start its service.

    Raises:
        RuntimeError: its code is not what this interpreter imports there.
        CalledProcessError: it could not be migrated.
    """
    packages = [str(path) for source in SOURCES for path in sorted(folder.glob(source))]
    path = os.pathsep.join(packages)

    def python(*arguments: str) -> str:
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=folder, env=place.environment(name, PYTHONPATH=path), check=True,
            stdout=subprocess.PIPE, text=True,
        ).stdout  # fmt: skip

    for package in ("member", "shared"):
        found = python("-c", f"import {package}; print({package}.__file__)").strip()
        if not Path(found).is_relative_to(folder):
            raise RuntimeError(f"{package} is imported from {found}, not from {folder}")
    python("-m", "member.migrate")
    place.start(name, "member.main", folder=folder, PYTHONPATH=path)


def _registration(place: Stand, name: str) -> float:
    """Return microseconds of a service's processor time for each registration of a window."""
    side = Side(name)
    side.window(place, CLIENTS, SECONDS)
    return side.costs()["service"]


def _row(place: Stand, name: str) -> float:
    """Return microseconds of a service's processor time for each row of some pages."""
    bodies = [bulk.page(place.units, number) for number in range(PAGES)]
    before = place.cpu_seconds(name)
    bulk.post(place, bodies, name)
    return (place.cpu_seconds(name) - before) / (PAGES * bulk.ROWS) * 1e6


MEASURED: dict[str, tuple[Callable[[Stand, str], float], str, dict[str, Any]]] = {
    "against.registration": (
        _registration,
        "us/registration",
        {"clients": CLIENTS, "window_seconds": SECONDS, "client": CLIENT},
    ),
    "against.row": (_row, "us/row", {"page_rows": bulk.ROWS, "pages": PAGES, "mode": "existing"}),
}


def run(commit: str, rounds: int) -> Iterator[Line]:
    """Yield processor time per registration and per row of a page, of this checkout and a commit.

    Args:
        rounds: in each, both versions do everything once; which is first alternates.
    """
    with _worktree(commit) as that, stand() as place, _units(place):
        place.authorise()
        for name, folder in ((THIS, ROOT), (THAT, that)):
            _start(place, name, folder)
        spent: dict[tuple[str, str], list[float]] = {}
        for number in range(-1, rounds):
            for figure, (measure, _, _) in MEASURED.items():
                for name in (THIS, THAT) if number % 2 else (THAT, THIS):
                    found = measure(place, name)
                    if number >= 0:  # the first round warms both
                        spent.setdefault((figure, name), []).append(found)
        for figure, (_, unit, conditions) in MEASURED.items():
            yield _line(figure, unit, commit, spent[figure, THIS], spent[figure, THAT], conditions)


def _line(
    name: str, unit: str, commit: str, this: list[float], that: list[float],
    conditions: dict[str, Any],
) -> Line:  # fmt: skip
    """Return a figure: medians of the rounds, and how far the rounds' ratios lie apart."""
    ratios = sorted(one / other for one, other in zip(this, that, strict=True))
    low, _, high = quantiles(ratios, n=4, method="inclusive") if len(ratios) > 1 else ratios * 3
    spread = {
        "ratio_quartiles": [significant(low), significant(high)],
        "ratio_range": [significant(ratios[0]), significant(ratios[-1])],
    }
    conditions = {"rounds": len(ratios), **spread, **conditions}
    ratio = median_ratio(this, that)
    return Line(name, median(this), unit, f"commit {commit}", median(that), ratio, conditions)


def main() -> None:
    """Compare this checkout with a commit and print a line for each figure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.against", description=__doc__)
    parser.add_argument("commit", nargs="?", default=COMMIT, help=f"{COMMIT} by default")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"{ROUNDS} by default")
    arguments = parser.parse_args()
    if arguments.rounds < 1:
        parser.error("at least one round")
    log.configure("benchmarks")
    logging.disable(logging.ERROR)
    for line in run(arguments.commit, arguments.rounds):
        line.write()


if __name__ == "__main__":
    main()
