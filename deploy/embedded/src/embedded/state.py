"""What is known of a running system from outside: its lock, its state, what processes answer."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, BinaryIO, TypedDict

import psutil

from embedded import probes
from embedded.files import write_atomically
from embedded.processes import table
from embedded.runtime import Runtime
from embedded.watch import Watch

ASKING_SECONDS = 1.0
"""Seconds for which whoever asks for the supervisor may keep its lock from being taken."""


class Row(TypedDict):
    """One process as `registry status --json` shows it."""

    name: str
    role: str
    pid: int | None
    port: int | None
    healthy: bool
    restarts: int


class AlreadyRunning(Exception):
    """Another supervisor holds the directory."""


class Lock:
    """Held by the supervisor for its life.

    The kernel frees it with the process, so it is never stale.
    """

    def __init__(self, runtime: Runtime) -> None:
        """Take the lock and write our pid into it.

        Raises:
            AlreadyRunning: another supervisor has it.
        """
        path = lock_file(runtime)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file: BinaryIO = path.open("r+b" if path.exists() else "w+b")
        if not self._taken():
            self._file.close()
            raise AlreadyRunning(
                f"{runtime.var} 中的系统已在运行（进程 {supervisor(runtime)}）。先执行 registry down。\n"
                f"The system in {runtime.var} is running already (process {supervisor(runtime)}): "
                "run `registry down` first."
            )
        self._file.truncate(0)
        self._file.write(str(os.getpid()).encode())
        self._file.flush()

    def _taken(self) -> bool:
        """Take the lock; whoever only asks for the supervisor holds it for a moment, too."""
        deadline = time.monotonic() + ASKING_SECONDS
        while True:
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    return False
                time.sleep(0.01)
            else:
                return True

    def release(self) -> None:
        """Let another supervisor have the directory; the file stays."""
        self._file.close()


def lock_file(runtime: Runtime) -> Path:
    """What a supervisor holds locked; it holds the supervisor's pid."""
    return runtime.run_dir / "supervisor.pid"


def state_file(runtime: Runtime) -> Path:
    """What a supervisor last said of its processes, in JSON."""
    return runtime.run_dir / "state.json"


def supervisor(runtime: Runtime) -> int | None:
    """The pid of the living supervisor of this directory; None, too, of one that just begins."""
    try:
        with lock_file(runtime).open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                pid = int(file.read() or 0)
                # Who has just taken the lock may not have replaced a dead predecessor's pid yet.
                return pid if pid and psutil.pid_exists(pid) else None
    except (FileNotFoundError, NotADirectoryError):
        pass
    return None


def publish(runtime: Runtime, watches: Iterable[Watch], ready: bool) -> None:
    """Write the state file: which processes there are, for `status`."""
    rows = [row_of(watch) for watch in watches if watch.process.role != "step"]
    state = {"supervisor": os.getpid(), "ready": ready, "processes": rows}
    write_atomically(state_file(runtime), json.dumps(state, indent=1), durable=False)


def row_of(watch: Watch) -> Row:
    """What the supervisor knows of one process."""
    return Row(
        name=watch.name,
        role=watch.process.role,
        pid=watch.pid,
        port=watch.process.port,
        healthy=watch.healthy,
        restarts=watch.restarts,
    )


def read(runtime: Runtime) -> dict[str, Any] | None:
    """The state of the living supervisor, or None: a file left by a killed one says nothing."""
    pid = supervisor(runtime)
    try:
        state: dict[str, Any] = json.loads(state_file(runtime).read_text())
    except FileNotFoundError:
        return None
    return state if state["supervisor"] == pid else None


def status(runtime: Runtime) -> list[Row]:
    """Every process of the table, each asked for its health now.

    Without a running system none has a pid.
    """
    state = read(runtime)
    known: dict[str, Row] = {row["name"]: row for row in state["processes"]} if state else {}
    rows = []
    for process in table(runtime):
        if process.role == "step":
            continue
        row = known.get(process.name)
        alive = row is not None and row["pid"] is not None
        rows.append(
            Row(
                name=process.name,
                role=process.role,
                pid=row["pid"] if row else None,
                port=process.port,
                healthy=alive and (process.ready is None or probes.ask(process.ready)),
                restarts=row["restarts"] if row else 0,
            )
        )
    return rows
