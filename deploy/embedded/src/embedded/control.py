"""The embedded system as a whole, for the command line and for tests: `up`, `down` and `status`."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence

from embedded import leash, preflight, state
from embedded.processes import table
from embedded.runtime import PortBaseMismatch as PortBaseMismatch
from embedded.runtime import Runtime as Runtime
from embedded.state import AlreadyRunning as AlreadyRunning
from embedded.state import status as status
from embedded.supervisor import Hook, supervise

STOP_TIMEOUT = 20.0
POLL = 0.1


class PreflightFailed(Exception):
    """The machine lacks something; the message names every problem with its remedy."""


def up(
    runtime: Runtime,
    *,
    detach: bool = False,
    on_ready: Hook | None = None,
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
    runtime.refuse_another_base()
    # The supervisor binds the directory to its ports, once these are free.
    problems = preflight.check(runtime, table(runtime, processes))
    if blocking := [str(problem) for problem in problems if problem.blocking]:
        raise PreflightFailed("\n".join(blocking))
    for problem in problems:
        sys.stdout.write(f"{problem}\n")
    run = start_detached if detach else supervise
    return run(runtime, on_ready, processes)


def start_detached(runtime: Runtime, on_ready: Hook | None, processes: Sequence[str] | None) -> int:
    """Leave the supervisor behind in a session of its own and wait until it says ready.

    Returns 0, or the supervisor's exit code where it went first, after the end of its log. An
    interrupted wait (Ctrl-C, SIGTERM) takes it down again.
    """
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    program = [sys.executable, "-m", "embedded.control", *(processes or ())]
    child: subprocess.Popen[bytes] | None = None
    log = runtime.log("supervisor")
    try:
        child = leash.start(
            program, log=log, env={**os.environ, **runtime.environment()}, leashed=False
        )
        while child.poll() is None and not is_ready(runtime, child.pid):
            time.sleep(POLL)
    except BaseException:  # Ctrl-C and SIGTERM reach only us; nobody wants a system half started
        if child is not None:
            end(child)
        raise
    finally:
        signal.signal(signal.SIGTERM, before)
    if child.returncode is not None:
        sys.stderr.write(leash.tail(log, 40) + "\n")
        return child.returncode or 1
    if on_ready is not None:
        on_ready()
    return 0


def is_ready(runtime: Runtime, supervisor: int) -> bool:
    """Whether the supervisor of this pid says that everything is ready."""
    known = state.read(runtime)
    return known is not None and known["supervisor"] == supervisor and known["ready"] is True


def end(child: subprocess.Popen[bytes]) -> None:
    """Stop a supervisor in order; out of patience, or interrupted again, kill it with its own."""
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
