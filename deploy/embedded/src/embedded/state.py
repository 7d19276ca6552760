"""A running system as seen from outside: its lock, its state, what processes answer."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypedDict

import psutil

from embedded import probes
from embedded.files import write_atomically
from embedded.processes import Process, table
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


@contextmanager
def locked(runtime: Runtime) -> Iterator[None]:
    """Hold the directory as its supervisor, with our pid in the lock file.

    The kernel frees the lock with the process, so it is never stale.

    Raises:
        AlreadyRunning: another supervisor has it.
    """
    path = lock_file(runtime)
    path.parent.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + ASKING_SECONDS
    with path.open("ab") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    pid = supervisor(runtime)
                    raise AlreadyRunning(
                        f"{runtime.var} 中的系统已在运行（进程 {pid}）。先执行 registry down。\n"
                        f"The system in {runtime.var} is running already (process {pid}): "
                        "run `registry down` first."
                    ) from None
                time.sleep(0.01)
        file.truncate(0)
        file.write(str(os.getpid()).encode())
        file.flush()
        yield


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
    rows = [row_of(w.process, w) for w in watches if w.process.role != "step"]
    state = {"supervisor": os.getpid(), "ready": ready, "processes": rows}
    write_atomically(state_file(runtime), json.dumps(state, indent=1), durable=False)


def row_of(process: Process, watch: Watch | None = None) -> Row:
    """What the supervisor knows of one process; nobody watches it where none runs."""
    return Row(
        name=process.name,
        role=process.role,
        pid=watch.pid if watch else None,
        port=process.port,
        healthy=watch.healthy if watch else False,
        restarts=watch.restarts if watch else 0,
    )


def read(runtime: Runtime) -> dict[str, Any] | None:
    """The state of the living supervisor, or None; a file left by a killed one is ignored."""
    pid = supervisor(runtime)
    try:
        state: dict[str, Any] = json.loads(state_file(runtime).read_text())
    except FileNotFoundError:
        return None
    return state if state["supervisor"] == pid else None


def status(runtime: Runtime) -> list[Row]:
    """Every process, each asked for its health now; without a running system none has a pid."""
    state = read(runtime)
    known: dict[str, Row] = {row["name"]: row for row in state["processes"]} if state else {}
    rows = []
    for process in table(runtime):
        if process.role != "step":
            row = known.get(process.name) or row_of(process)
            alive = row["pid"] is not None
            healthy = alive and (process.ready is None or probes.ask(process.ready))
            rows.append(row | {"healthy": healthy})
    return rows
