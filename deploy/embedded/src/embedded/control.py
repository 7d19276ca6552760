"""The embedded system as a whole, for the command line and for tests: `up`, `down` and `status`."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

from embedded import leash, preflight, state
from embedded.processes import table
from embedded.runtime import PortBaseMismatch, Runtime
from embedded.state import AlreadyRunning, Row, status
from embedded.supervisor import supervise

STOP_TIMEOUT = 20.0
POLL = 0.1

__all__ = [
    "AlreadyRunning",
    "PortBaseMismatch",
    "PreflightFailed",
    "Row",
    "Runtime",
    "down",
    "status",
    "up",
]


class PreflightFailed(Exception):
    """The machine lacks something; the message names every problem with its remedy."""

    def __init__(self, problems: Sequence[preflight.Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


def up(
    runtime: Runtime,
    *,
    detach: bool = False,
    on_ready: Callable[[], None] | None = None,
    processes: Sequence[str] | None = None,
) -> int:
    """Start the system and return when it has stopped, or with `detach` when it is ready.

    `on_ready` runs once everything is ready, in a process of its own, where what it raises is
    reported and stops nothing; with `detach` it runs in this one, and the system stays up whatever
    it raises. `processes` names a part of the table; None means all. Returns an exit code, 0 where
    all went well.

    Raises:
        AlreadyRunning: another supervisor has the directory.
        PortBaseMismatch: the directory is bound to another port base.
        WrongSetting: its stored port base is none.
        PreflightFailed: the machine lacks something, or something is in the way.
    """
    if state.supervisor(runtime) is not None:
        raise AlreadyRunning(
            f"{runtime.var} 中的系统已在运行。先执行 registry down。\n"
            f"The system in {runtime.var} is running already: run `registry down` first."
        )
    rows = [row for row in table(runtime) if processes is None or row.name in processes]
    runtime.refuse_another_base()
    # The supervisor binds the directory to its ports, once these are known to be free.
    problems = preflight.check(runtime, rows)
    if any(problem.blocking for problem in problems):
        raise PreflightFailed([problem for problem in problems if problem.blocking])
    for problem in problems:
        sys.stdout.write(f"{problem}\n")
    if not detach:
        return supervise(runtime, on_ready, processes)
    return start_detached(runtime, on_ready, processes)


def start_detached(
    runtime: Runtime, on_ready: Callable[[], None] | None, processes: Sequence[str] | None
) -> int:
    """Leave the supervisor behind in a session of its own and wait until it says ready.

    Returns 0, or the supervisor's exit code where it went first, after the end of its log. An
    interrupted wait (Ctrl-C, SIGTERM) takes it down again.
    """
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    child: subprocess.Popen[bytes] | None = None
    try:
        child = launch(runtime, processes)
        ready = wait_until_ready(runtime, child)
    except BaseException:  # Ctrl-C and SIGTERM reach only us; nobody wants a system half started
        if child is not None:
            end(child)
        raise
    finally:
        signal.signal(signal.SIGTERM, before)
    if not ready:
        sys.stderr.write(leash.tail(runtime.log("supervisor"), 40) + "\n")
        return child.returncode or 1
    if on_ready is not None:
        on_ready()
    return 0


def launch(runtime: Runtime, processes: Sequence[str] | None) -> subprocess.Popen[bytes]:
    """Start a supervisor that outlives us, its output appended to its log."""
    log = runtime.log("supervisor")
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "embedded.control", *(processes or ())],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **runtime.environment()},
            start_new_session=True,
        )


def wait_until_ready(runtime: Runtime, child: subprocess.Popen[bytes]) -> bool:
    """Whether the supervisor came to be ready; False where it has gone instead."""
    while child.poll() is None:
        known = state.read(runtime)
        if known is not None and known["supervisor"] == child.pid and known["ready"]:
            return True
        time.sleep(POLL)
    return False


def end(child: subprocess.Popen[bytes]) -> None:
    """Stop a supervisor in order; out of patience, or interrupted again, kill it.

    All it started dies with it.
    """
    child.terminate()
    try:
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(STOP_TIMEOUT)
    finally:
        child.kill()
        child.wait()


def down(runtime: Runtime, timeout: float = STOP_TIMEOUT) -> bool:
    """Stop the system of this directory and wait for its end; False where none was running.

    After `timeout` seconds the supervisor is killed, and with it all it started.
    """
    pid = state.supervisor(runtime)
    if pid is None:
        return False
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + timeout
    while state.supervisor(runtime) == pid:
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)  # everything it started dies with it
            deadline = float("inf")
        time.sleep(POLL)
    return True


if __name__ == "__main__":
    sys.exit(supervise(Runtime.from_environment(), processes=sys.argv[1:] or None))
