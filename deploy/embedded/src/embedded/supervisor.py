"""Starts the whole system in the order of its dependencies, keeps it running, and stops it.

All of it goes down with the supervisor. Single-threaded on purpose: the kernel ties a child's life
to the thread that forked it (leash.py).
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence

from embedded import issuer, leash, state
from embedded.files import write_atomically
from embedded.processes import Process, python, table
from embedded.progress import LogTail, Progress
from embedded.runtime import Runtime
from embedded.watch import StartFailed, Watch
from shared.people.encryption import new_key_ring

Hook = Callable[[], None]
STOP_DEADLINES = (
    (("service", "relay", "worker", "step"), 6.0),
    (("broker",), 11.0),
    (("database",), 14.0),
)
"""Seconds after the signal at which each group, stopped in this order, is killed; all within 15."""
TAIL_INTERVAL = 0.2
QUIET_ROLES = frozenset({"database", "broker"})
"""Their logs fill files only: they write for operators, not for the terminal."""


class Supervisor:
    """One run of one runtime. `on_ready` runs in a process of its own once everything is ready."""

    def __init__(
        self, runtime: Runtime, processes: Sequence[Process], on_ready: Hook | None = None
    ) -> None:
        self.runtime = runtime
        self.progress = Progress()
        self.watches = {p.name: Watch(p, runtime, self._changed) for p in processes}
        self.ready = False
        self._on_ready = on_ready
        self._guest: int | None = None
        """The pid of the process that runs `on_ready`."""
        self._failure: str | None = None
        self._stop = asyncio.Event()
        self._signals = 0
        self._began = time.monotonic()

    async def run(self) -> int:
        """Start, keep running until a signal, stop; 1 where the start failed."""
        self._catch_signals()
        tail = asyncio.create_task(self._follow_logs())
        keepers = [asyncio.create_task(self._run_in_turn(w)) for w in self.watches.values()]
        over = asyncio.create_task(self._stop.wait())
        everything = asyncio.create_task(self._all_ready())
        with self.progress.starting(self.watches.values()):
            await asyncio.wait([over, everything], return_when=asyncio.FIRST_COMPLETED)
        if not self._stop.is_set():
            self._celebrate()
        await over
        if self._failure is not None:
            self.progress.say(self._failure)
        for task in (everything, *keepers):
            task.cancel()
        await self._stop_all()
        tail.cancel()
        return 1 if self._failure is not None else 0

    def _catch_signals(self) -> None:
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGCHLD, self._reap)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:  # nohup
                loop.add_signal_handler(number, self._asked_to_stop)

    def _reap(self) -> None:
        for watch in self.watches.values():
            watch.reap()
        if self._guest is not None and os.waitpid(self._guest, os.WNOHANG)[0]:
            self._guest = None

    def _asked_to_stop(self) -> None:
        """The first signal stops in order; a second one kills."""
        self._signals += 1
        self._stop.set()
        if self._signals == 2:
            for watch in self.watches.values():
                watch.signal(signal.SIGKILL)

    async def _run_in_turn(self, watch: Watch) -> None:
        """Run a process when those before it are ready; its failure stops the system."""
        try:
            for name in watch.process.after:
                if name in self.watches:
                    await self.watches[name].ready.wait()
            await watch.run()
        except Exception as error:  # noqa: BLE001 - reported as the reason of the stop
            expected = isinstance(error, StartFailed)
            reason = str(error) if expected else "".join(traceback.format_exception(error))
            self._failure = self._failure or reason
            self._stop.set()

    async def _all_ready(self) -> None:
        """Return when all that is required is ready."""
        for watch in self.watches.values():
            if not watch.process.optional:
                await watch.ready.wait()

    def _celebrate(self) -> None:
        self.ready = True
        self._publish()
        spent = time.monotonic() - self._began
        self.progress.say(f"全部就绪 / everything is ready ({spent:.1f} s)")
        if self._on_ready is not None:
            self._guest = run_beside(self._on_ready)

    def _changed(self, watch: Watch) -> None:
        self._publish()
        self.progress.changed(watch)

    def _publish(self) -> None:
        state.publish(self.runtime, self.watches.values(), self.ready)

    async def _follow_logs(self) -> None:
        followed = {w.name: w.log for w in self.watches.values()}
        tail = LogTail(followed, own=self.runtime.log("supervisor"))
        while True:
            await asyncio.sleep(TAIL_INTERVAL)
            for name, line in tail.lines():
                if self.watches[name].process.role not in QUIET_ROLES:
                    self.progress.echo(name, line)

    async def _stop_all(self) -> None:
        """Stop the groups one after the other; whatever outlasts its deadline is killed."""
        began = time.monotonic()
        self.progress.say("正在停止 / stopping")
        if self._guest is not None:
            os.kill(self._guest, signal.SIGKILL)
        for roles, deadline in STOP_DEADLINES:
            group = [w for w in self.watches.values() if w.process.role in roles and w.pid]
            await stop_group(group, began + deadline)
        self.ready = False
        self._publish()
        self.progress.say(f"已停止 / stopped ({time.monotonic() - began:.1f} s)")


async def stop_group(group: Sequence[Watch], deadline: float) -> None:
    """Ask all to end, and kill those still there at `deadline` of the monotonic clock."""
    for watch in group:
        watch.signal(signal.SIGTERM)
    everyone = asyncio.gather(*(watch.gone() for watch in group))
    try:
        async with asyncio.timeout(max(0.1, deadline - time.monotonic())):
            await everyone
    except TimeoutError:
        for watch in group:
            watch.signal(signal.SIGKILL)
        await asyncio.gather(*(watch.gone() for watch in group))


def run_beside(callback: Hook) -> int:
    """Run the callback in a forked process, and return its pid.

    There it may block and use threads, and its failure is reported and stops nothing.
    """
    leashed = leash.die_with_parent()
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        signal.set_wakeup_fd(-1)  # the loop's own, shared with the parent
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        if leashed is not None:
            leashed()
        callback()
        code = 0
    except BaseException:  # noqa: BLE001 - reported here, and never carried on in the copy
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def with_archive(runtime: Runtime, on_ready: Hook | None) -> Hook:
    """After `on_ready`, record the broker's class archive at a low priority, unless it is there."""

    def both() -> None:
        if on_ready is not None:
            try:
                on_ready()
            except Exception:  # noqa: BLE001 - a wrong demo file never stops the system
                traceback.print_exc()
                sys.stderr.write(
                    "启动后的步骤失败（见上），系统继续运行。\n"
                    "The step after the start failed (see above); the system runs on.\n"
                )
        if runtime.borrowed_kafka_bootstrap is None:
            command = python("embedded.kafka", "archive")
            env = {**os.environ, **runtime.environment()}
            leash.start(command, log=runtime.log("kafka-archive"), env=env).wait()

    return both


def supervise(
    runtime: Runtime, on_ready: Hook | None = None, processes: Sequence[str] | None = None
) -> int:
    """Run the system in the foreground until a signal; `processes` names a part of the table.

    Returns an exit code: 1 where the start failed, else 0. Raises AlreadyRunning,
    PortBaseMismatch and WrongSetting as `control.up`.
    """
    with state.locked(runtime):
        runtime.claim()
        # The aggregator serves this folder from its start on; what fills it may come later.
        runtime.frontend_dir.mkdir(parents=True, exist_ok=True)
        provide_keyring(runtime)
        issuer.mint_service_token(runtime)
        rows = table(runtime, processes)
        return asyncio.run(Supervisor(runtime, rows, with_archive(runtime, on_ready)).run())


def provide_keyring(runtime: Runtime) -> None:
    """Make the keys for personal data on first use; never again: losing them loses the data."""
    if not runtime.keyring.exists():
        write_atomically(runtime.keyring, json.dumps(new_key_ring()), issuer.OWNER_ONLY)
