"""One row of the process table at run time: started, asked for readiness, started again."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import time
from collections.abc import Callable

from embedded import leash, probes
from embedded.processes import Process
from embedded.runtime import Runtime

BACKOFF_FIRST = 0.2
BACKOFF_LONGEST = 10.0
HEALTHY_AFTER = 30.0
"""Seconds of life after which the back-off begins anew."""
READY_TIMEOUT = 240.0
"""Seconds from the last start; once it was ready, a process may take its time."""
DEATHS_BEFORE_READY = 5
"""A process that dies this often before it was ever ready is broken, not unlucky."""
STEP_TRIES = 3
PROBE_INTERVAL = 0.1


class StartFailed(Exception):
    """A process or step that the system cannot do without did not come up."""

    def __init__(self, watch: Watch, reason: str) -> None:
        log = watch.log
        super().__init__(
            f"{watch.name} 启动失败：{reason}。日志：{log}\n"
            f"{watch.name} did not start: {reason}. Log: {log}\n{leash.tail(log)}"
        )


class Watch:
    """The life of one process. `changed` hears of every change of state."""

    def __init__(
        self, process: Process, runtime: Runtime, changed: Callable[[Watch], None]
    ) -> None:
        self.process = process
        self.name = process.name
        self.log = runtime.log(process.name)
        self.state = "waiting"
        self.restarts = 0
        self.began = 0.0
        self.ready_after: float | None = None
        self.ready = asyncio.Event()
        self._running: subprocess.Popen[bytes] | None = None
        self._exited = asyncio.Event()
        self._changed = changed
        self._cwd = runtime.var

    @property
    def pid(self) -> int | None:
        """Of the process while it runs, as far as its end has been noticed."""
        return self._running.pid if self._running and self._running.returncode is None else None

    @property
    def healthy(self) -> bool:
        """Ready, and not known to have died since; a finished step is not."""
        return self.state == "ready"

    def reap(self) -> None:
        """Notice the process's end; called on every SIGCHLD."""
        if self._running is not None and self._running.poll() is not None:
            self._exited.set()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal; none where nothing runs."""
        if self.pid is not None and self._running is not None:
            self._running.send_signal(number)

    async def gone(self) -> None:
        """Return when nothing runs; needs `reap` at each SIGCHLD."""
        if self.pid is not None:
            await self._exited.wait()

    async def run(self) -> None:
        """Run a step to its end, or keep a process running until cancelled.

        Raises:
            StartFailed: a required step failed STEP_TRIES times, or the process died
                DEATHS_BEFORE_READY times or waited READY_TIMEOUT seconds without being ready.
        """
        if self.process.role == "step":
            await self._run_step()
        else:
            await self._keep()

    async def _run_step(self) -> None:
        if not self.process.needed():
            self._set("skipped")
            return
        for attempt in range(STEP_TRIES):
            running = self._start()
            await self._exited.wait()
            if (code := running.returncode) == 0:
                self._set("done")
                return
            self.restarts += 1
            await asyncio.sleep(BACKOFF_FIRST * 2**attempt)
        self._set("failed")
        if not self.process.optional:
            raise StartFailed(self, f"exit code {code}")

    async def _keep(self) -> None:
        pause = BACKOFF_FIRST
        while True:
            self._start()
            await self._until_ready()
            await self._exited.wait()
            self._set("restarting")
            if not self.ready.is_set() and self.restarts + 1 >= DEATHS_BEFORE_READY:
                raise StartFailed(self, f"it died {self.restarts + 1} times")
            if time.monotonic() - self.began >= HEALTHY_AFTER:
                pause = BACKOFF_FIRST
            await asyncio.sleep(pause)
            pause = min(2 * pause, BACKOFF_LONGEST)
            self.restarts += 1

    def _start(self) -> subprocess.Popen[bytes]:
        process = self.process
        self._exited.clear()
        self.began = time.monotonic()
        self._running = running = leash.start(
            process.command(), log=self.log, env=process.env() or None, cwd=self._cwd
        )
        self._set("starting")
        return running

    async def _until_ready(self) -> None:
        """Ask until the process is ready or gone."""
        first, deadline = self.process.first, self.began + READY_TIMEOUT
        while not self._exited.is_set():
            if self.process.ready is None or await probes.ask_async(self.process.ready):
                self.ready_after = time.monotonic() - self.began
                self._set("ready")
                return
            if first is not None and await probes.ask_async(first, timeout=10.0):
                first = None
            if not self.ready.is_set() and time.monotonic() > deadline:
                raise StartFailed(self, f"not ready after {READY_TIMEOUT:.0f} s")
            await asyncio.sleep(PROBE_INTERVAL)

    def _set(self, state: str) -> None:
        self.state = state
        if state in ("ready", "done", "skipped"):
            self.ready.set()
        self._changed(self)
