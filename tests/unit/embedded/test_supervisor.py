"""The supervisor with stand-in processes: order, restarts, a failed start, the stop, its death."""

import asyncio
import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from embedded import state, supervisor, watch
from embedded.progress import LogTail
from embedded.runtime import Runtime
from embedded.supervisor import Supervisor
from tests.system import lives
from tests.unit.embedded.systems import FOR_EVER, STUBBORN, stand_in
from tests.waiting import LIMIT, until, until_async

NEVER_A_PID = 2**31 - 1
"""The kernel gives none above 2^22."""


@pytest.fixture
def runtime(tmp_path: Path) -> Runtime:
    return Runtime(var=tmp_path)


async def stopped(system: Supervisor, running: asyncio.Task[int]) -> int:
    os.kill(os.getpid(), signal.SIGTERM)
    return await running


async def test_the_supervisor_starts_in_order_and_restarts_what_dies(runtime: Runtime) -> None:
    rows = [
        stand_in("late", FOR_EVER, after=("make",)),
        stand_in("make", f"open({str(runtime.var / 'made')!r}, 'w')", "step"),
    ]
    system = Supervisor(runtime, rows)
    running = asyncio.create_task(system.run())
    await until_async(lambda: system.ready)
    late = system.watches["late"]
    assert (runtime.var / "made").exists()
    first = late.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    await until_async(lambda: late.restarts == 1 and late.healthy)
    assert late.pid != first
    assert await stopped(system, running) == 0
    assert not psutil.pid_exists(first)


def test_a_process_that_never_comes_up_fails_the_start_of_the_supervisor(
    runtime: Runtime,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(watch, "BACKOFF_FIRST", 0.01)
    never = stand_in("broken", "raise SystemExit('no such table')", "step")
    assert asyncio.run(Supervisor(runtime, [never]).run()) == 1
    said = capsys.readouterr().out
    assert "broken 启动失败" in said
    assert "no such table" in said
    assert "never retrieved" not in caplog.text  # asyncio's complaint of a forgotten failure


async def test_an_optional_step_of_the_supervisor_may_fail(runtime: Runtime) -> None:
    rows = [
        stand_in("charts", "raise SystemExit(1)", "step", optional=True),
        stand_in("page", FOR_EVER),
    ]
    system = Supervisor(runtime, rows)
    running = asyncio.create_task(system.run())
    await until_async(lambda: system.ready and system.watches["charts"].state == "failed")
    assert await stopped(system, running) == 0


async def test_a_process_that_ignores_the_signal_is_killed_by_the_supervisor_in_time(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "STOP_DEADLINES", ((("service",), 0.3), (("database",), 0.6)))
    rows = [stand_in("deaf", STUBBORN), stand_in("store", FOR_EVER, "database")]
    system = Supervisor(runtime, rows)
    running = asyncio.create_task(system.run())
    await until_async(lambda: system.ready and b"deaf" in runtime.log("deaf").read_bytes())
    deaf = system.watches["deaf"]._running
    await stopped(system, running)
    assert deaf is not None
    assert deaf.returncode == -signal.SIGKILL  # without its deadline it would never have ended
    assert all(one.pid is None for one in system.watches.values())


async def test_the_log_of_the_supervisor_is_bounded_too(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LogTail, "LARGEST", 10)
    own = runtime.log("supervisor")
    own.parent.mkdir(parents=True)
    own.write_text("more than ten bytes")
    system = Supervisor(runtime, [stand_in("one", FOR_EVER)])
    running = asyncio.create_task(system.run())
    await until_async(lambda: own.with_suffix(".log.1").exists() and own.stat().st_size == 0)
    assert await stopped(system, running) == 0


def start_system(var: Path) -> tuple[subprocess.Popen[bytes], list[psutil.Process]]:
    """A supervisor of two stand-ins in a process of its own, ready."""
    program = [sys.executable, "-m", "tests.unit.embedded.systems", str(var)]
    process = subprocess.Popen(program, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until(lambda: (var / "hook").exists())
    return process, psutil.Process(process.pid).children(recursive=True)


def test_nothing_survives_the_supervisors_sudden_death(tmp_path: Path) -> None:
    process, children = start_system(tmp_path)
    assert len(children) >= 2
    process.kill()
    process.wait()
    until(lambda: not any(map(lives, children)))


def test_a_failing_hook_of_the_supervisor_stops_nothing(tmp_path: Path) -> None:
    process, children = start_system(tmp_path)
    until(lambda: len(psutil.Process(process.pid).children()) == 2)
    assert process.poll() is None
    process.terminate()
    assert process.wait(LIMIT) == 0
    assert not any(map(lives, children))


def test_the_lock_of_the_supervisor_is_never_stale(runtime: Runtime) -> None:
    with state.locked(runtime):
        assert state.supervisor(runtime) == os.getpid()
        refused = pytest.raises(state.AlreadyRunning, match="registry down")
        with refused, state.locked(runtime):
            pass
    assert state.supervisor(runtime) is None
    assert state.lock_file(runtime).exists()
    with state.locked(runtime):
        pass


def test_the_pid_a_killed_supervisor_left_is_nobody(runtime: Runtime) -> None:
    path = state.lock_file(runtime)
    path.parent.mkdir(parents=True)
    path.write_text(str(NEVER_A_PID))
    with path.open("r+b") as successor:  # which has not written its own pid yet
        fcntl.flock(successor, fcntl.LOCK_EX)
        assert state.supervisor(runtime) is None


def test_who_only_asks_for_the_supervisor_keeps_nobody_from_starting(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    with state.locked(runtime):
        pass
    pauses: list[float] = []
    with state.lock_file(runtime).open("rb") as asking:
        fcntl.flock(asking, fcntl.LOCK_SH)

        def answered(seconds: float) -> None:
            pauses.append(seconds)
            fcntl.flock(asking, fcntl.LOCK_UN)

        monkeypatch.setattr(state, "time", SimpleNamespace(monotonic=lambda: 0.0, sleep=answered))
        with state.locked(runtime):
            pass
    assert len(pauses) == 1
