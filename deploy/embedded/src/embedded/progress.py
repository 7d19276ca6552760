"""What a person sees while the system runs: at first a live table on a terminal, else lines."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from embedded.watch import Watch

STATES = {
    "waiting": ("等待", "waiting", "dim"),
    "starting": ("启动中", "starting", "yellow"),
    "ready": ("就绪", "ready", "green"),
    "done": ("完成", "done", "green"),
    "skipped": ("已就绪", "nothing to do", "dim"),
    "restarting": ("重新启动", "restarting", "red"),
    "failed": ("失败", "failed", "red"),
}
COLOURS = (31, 32, 33, 34, 35, 36)
"""ANSI foreground codes, one per process name."""
NAME_WIDTH = 17


class Progress:
    """Prints lines, and while the system is starting shows a table on a terminal.

    A closed output is no error.
    """

    def __init__(self) -> None:
        self._console = Console(file=sys.stdout, soft_wrap=True, highlight=False)
        self._began = time.monotonic()
        self._live: Live | None = None
        self._closed = False

    @contextmanager
    def starting(self, watches: Iterable[Watch]) -> Iterator[None]:
        """Show the table meanwhile."""
        if not self._console.is_terminal:
            yield
            return
        live = Live(
            get_renderable=lambda: table(watches),
            console=self._console,
            auto_refresh=False,  # it would refresh from a thread (leash.py)
            redirect_stdout=False,
            redirect_stderr=False,
        )
        try:
            with live as self._live:
                yield
        finally:
            self._live = None

    def changed(self, watch: Watch) -> None:
        """A process changed its state."""
        if self._live is not None:
            self._live.refresh()
        elif watch.state != "skipped":
            chinese, english, _ = STATES[watch.state]
            self.say(f"{watch.name}: {chinese} / {english}{seconds(watch)}")

    def say(self, text: str) -> None:
        """A line of the supervisor's own, with the seconds since its start."""
        self._write(Text(f"[{time.monotonic() - self._began:6.1f}s] {text}"))

    def echo(self, name: str, line: str) -> None:
        """A line of a process's log; past rich wherever possible, since there may be many."""
        if self._live is not None:
            self._write(Text.assemble((f"{name:<{NAME_WIDTH}} | ", "cyan"), Text.from_ansi(line)))
        elif self._console.is_terminal:
            colour = COLOURS[sum(name.encode()) % len(COLOURS)]
            self._write(f"\x1b[{colour}m{name:<{NAME_WIDTH}} |\x1b[0m {line}\n")
        else:
            self._write(f"{name:<{NAME_WIDTH}} | {line}\n")

    def _write(self, text: Text | str) -> None:
        if self._closed:
            return
        try:
            if isinstance(text, Text):
                self._console.print(text)
            else:
                sys.stdout.write(text)
                sys.stdout.flush()
        except OSError:  # whoever read our output has gone
            self._closed = True


def table(watches: Iterable[Watch]) -> Table:
    """The processes with their states and the seconds each took."""
    grid = Table(box=None, pad_edge=False, show_header=False)
    for watch in watches:
        chinese, english, style = STATES[watch.state]
        text = Text(f"{chinese} {english}", style=style)
        grid.add_row(watch.name, text, seconds(watch).strip(" ()"))
    return grid


def seconds(watch: Watch) -> str:
    """How long a ready process took, as an addition to its line; else nothing."""
    return f" ({watch.ready_after:.1f} s)" if watch.healthy and watch.ready_after else ""


class LogTail:
    """Follows the logs of all processes and keeps each below a size, keeping one older part.

    `own` is where a detached supervisor's output goes: kept below the size as well, but not
    followed, for what is followed is written there.
    """

    LARGEST = 20 * 1024 * 1024
    """Bytes."""

    def __init__(self, logs: dict[str, Path], own: Path | None = None) -> None:
        self._logs = logs
        self._own = own
        self._read = {name: size(log) for name, log in logs.items()}

    def lines(self) -> list[tuple[str, str]]:
        """The complete lines written since the last call."""
        found = []
        for name, log in self._logs.items():
            if size(log) > self._read[name]:
                found += [(name, line) for line in self._fresh(name, log)]
            if self._read[name] > self.LARGEST:
                rotate(log)
                self._read[name] = 0
        if self._own is not None and size(self._own) > self.LARGEST:
            rotate(self._own)
        return found

    def _fresh(self, name: str, log: Path) -> list[str]:
        with log.open("rb") as file:
            file.seek(self._read[name])
            text = file.read(1024 * 1024)
        end = text.rfind(b"\n") + 1
        if end == 0 and len(text) == 1024 * 1024:
            end = len(text)  # a line without end
        self._read[name] += end
        return text[:end].decode(errors="replace").splitlines()


def rotate(log: Path) -> None:
    """Copy the file and empty it: its writer appends, so it goes on at the start."""
    log.with_suffix(".log.1").write_bytes(log.read_bytes())
    with log.open("r+b") as file:
        file.truncate(0)


def size(log: Path) -> int:
    """In bytes; 0 for a log that is not there yet."""
    try:
        return log.stat().st_size
    except FileNotFoundError:
        return 0
