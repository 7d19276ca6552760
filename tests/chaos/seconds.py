"""Second processes of a running system: a member service, a standby relay, a counting worker.

They are started as the supervised ones were, under names and ports of their own, and started again
when they die.
"""

import os
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil

from embedded import leash
from tests.system import System, plain_client
from tests.waiting import LIMIT, until

PORTS = {"member": 15, "member-relay": 16, "aggregator-worker": 17}
"""Who has a second process, and how far its port lies above the system's first one."""


@dataclass(frozen=True)
class Victim:
    """A process that a trial may kill or stop for a while.

    Args:
        role: as ``registry status`` has it.
        paired: whether another process does the same work.
    """

    name: str
    role: str
    pid: int
    paired: bool = False

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        os.kill(self.pid, number)


class Second:
    """The second process of its kind; ``row`` is that of the first in ``registry status``."""

    def __init__(self, system: System, row: dict[str, Any]) -> None:
        first = psutil.Process(row["pid"])
        self.name, self.role = f"{row['name']}-second", row["role"]
        self.url = f"http://127.0.0.1:{system.runtime.port(PORTS[row['name']])}"
        self._command, self._cwd = first.cmdline(), Path(first.cwd())
        self._env = {
            **first.environ(),
            "REGISTRY_INSTANCE": self.name,
            "REGISTRY_PORT": self.url.rpartition(":")[2],
        }
        self._log = system.runtime.log(self.name)
        self._process = self._started()

    def _started(self) -> subprocess.Popen[bytes]:
        return leash.start(self._command, log=self._log, env=self._env, cwd=self._cwd)

    @property
    def victim(self) -> Victim:
        return Victim(self.name, self.role, self._process.pid, paired=True)

    def keep(self) -> None:
        """Start it again where it has died."""
        if self._process.poll() is not None:
            self._process = self._started()

    def healthy(self, http: httpx.Client) -> bool:
        """Return whether it is up."""
        try:
            return self._process.poll() is None and http.get(f"{self.url}/healthz").is_success
        except httpx.HTTPError:
            return False

    def stop(self) -> None:
        """Stop it, and wait until it has ended."""
        self._process.send_signal(signal.SIGCONT)
        self._process.terminate()
        self._process.wait(LIMIT)


class Processes:
    """Every process of a system, and the second ones that it starts."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._http = plain_client()
        self.seconds = [Second(system, row) for row in system.rows() if row["name"] in PORTS]
        until(self.healthy, "the second processes are up")

    def victims(self) -> list[Victim]:
        """Return the processes that run, by name."""
        rows = [row for row in self._system.rows() if row["pid"] and row["name"] != "issuer"]
        first = [Victim(row["name"], row["role"], row["pid"], row["name"] in PORTS) for row in rows]
        second = [one.victim for one in self.seconds]
        return sorted([*first, *second], key=lambda victim: victim.name)

    def keep(self) -> None:
        """Start second processes again that have died; the supervisor sees to the others."""
        for one in self.seconds:
            one.keep()

    def healthy(self) -> bool:
        """Return whether every process is up."""
        self.keep()
        return self._system.healthy() and all(one.healthy(self._http) for one in self.seconds)

    def url(self, name: str) -> str:
        """Return the address of the second process of a name."""
        return next(one.url for one in self.seconds if one.name == f"{name}-second")

    def stop(self) -> None:
        """Stop the second processes."""
        for one in self.seconds:
            one.stop()
        self._http.close()
