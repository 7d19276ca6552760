"""The whole system as a user starts it, on free ports in a folder of its own."""

import contextlib
import fcntl
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil

from embedded.control import Runtime, status
from embedded.issuer import grant, mint
from embedded.leash import die_with_parent
from tests.waiting import LIMIT, until

REPOSITORY = Path(__file__).resolve().parent.parent
COUNTY = "330106"
"""A county of the division data under which the tests' units hang."""
SEEDED = "县级以上红十字会 / chapters: ".encode()
"""What the start prints when the tree is there."""
FIRST_BASE = 21_000
PORT_BASES = 110
"""So many bases to choose from, a hundred ports apart."""


def free_port_base() -> int:
    """Return a base above which the system's ports are free, and no other test takes them.

    A lock on a file, held as long as this process lives, keeps processes of tests that run side by
    side apart. All ports lie below 32768: from there on the kernel picks ports for clients, and one
    of theirs could take ours before its server starts.
    """
    folder = Path(tempfile.gettempdir()) / f"registry-ports-{os.getuid()}"
    folder.mkdir(exist_ok=True)
    for base in range(FIRST_BASE, FIRST_BASE + 100 * PORT_BASES, 100):
        lock = os.open(folder / str(base), os.O_CREAT | os.O_RDWR)
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if all(_is_free(base + offset) for offset in range(1, 30)):
                return base  # and leave the lock open
        os.close(lock)
    raise RuntimeError("no free range of ports")


def plain_client(base_url: str = "", timeout: float = LIMIT) -> httpx.Client:
    """Return a client for addresses on this machine; certificates, slow to load, are not needed."""
    return httpx.Client(base_url=base_url, timeout=timeout, trust_env=False, verify=False)


def lives(process: psutil.Process) -> bool:
    """Return whether a process still runs; one that nobody has reaped yet does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _is_free(port: int) -> bool:
    with socket.socket() as probe, contextlib.suppress(OSError):
        probe.bind(("127.0.0.1", port))
        return True
    return False


@dataclass
class System:
    """A running system and an officer's ways into it."""

    runtime: Runtime
    process: subprocess.Popen[bytes]
    log: Path
    http: httpx.Client = field(default_factory=plain_client)

    def url(self, service: str) -> str:
        """Return a service's base address."""
        ports = {"org-units": 1, "member": 2, "volunteer": 3, "aggregator": 4}
        return f"http://127.0.0.1:{self.runtime.port(ports[service])}"

    def token(self, subject: str, unit: str, *roles: str) -> str:
        """Return a token of the embedded issuer."""
        return mint(self.runtime, subject, grants=[grant(unit, *roles)])

    def headers(self, subject: str, unit: str, *roles: str) -> dict[str, str]:
        """Return the headers of an officer."""
        return {"Authorization": f"Bearer {self.token(subject, unit, *roles)}"}

    def rows(self) -> list[dict[str, Any]]:
        """Return what ``registry status`` shows."""
        return [dict(row) for row in status(self.runtime)]

    def healthy(self) -> bool:
        """Return whether every process is up."""
        found = self.rows()
        return bool(found) and all(row["healthy"] for row in found)

    def chapter(self, region_code: str = COUNTY) -> str:
        """Return the id of a chapter."""
        reader = mint(self.runtime, "reader", service=True)
        answer = self.http.get(
            f"{self.url('org-units')}/v1/units",
            params={"region_code": region_code, "type": "CHAPTER"},
            headers={"Authorization": f"Bearer {reader}"},
        )
        answer.raise_for_status()
        (item,) = answer.json()["items"]
        found: str = item["id"]
        return found

    def stop(self) -> None:
        """Stop by SIGTERM, and wait until it has ended."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(LIMIT)


def start(var: Path, base: int, *arguments: str) -> System:
    """Start the system in the foreground of a process of ours and wait until it is ready."""
    environment = {
        **os.environ,
        "REGISTRY_VAR": str(var),
        "REGISTRY_PORT_BASE": str(base),
        "REGISTRY_CACHE": os.environ.get("REGISTRY_CACHE", str(REPOSITORY / "var" / "cache")),
    }
    var.mkdir(parents=True, exist_ok=True)
    log = var / "terminal.log"
    reported = log.stat().st_size if log.exists() else 0  # by the starts before
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "registry_cli.main", "up", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
            cwd=REPOSITORY,
            start_new_session=True,
            preexec_fn=die_with_parent(),
        )
    runtime = Runtime(var=var, port_base=base, cache=Path(environment["REGISTRY_CACHE"]))
    system = System(runtime, process, log)

    def ready() -> bool:
        assert process.poll() is None, f"the system ended:\n{log.read_text()[-4000:]}"
        return _seeded(system, reported) and system.healthy()

    try:
        until(ready, "the system is ready and its tree seeded")
    except BaseException:
        process.kill()
        raise
    return system


def _seeded(system: System, reported: int) -> bool:
    """Return whether the seed has ended: a chapter is there long before the last one is.

    Args:
        reported: bytes of the terminal's log that are of earlier starts.
    """
    if SEEDED not in system.log.read_bytes()[reported:]:
        return False
    try:
        progress = system.http.get(f"{system.url('aggregator')}/v1/progress").raise_for_status()
        return bool(system.chapter()) and progress.json()["complete"]
    except (httpx.HTTPError, ValueError):
        return False


@contextlib.contextmanager
def running(*arguments: str) -> Iterator[System]:
    """Run a system in a temporary folder and stop it afterwards."""
    with tempfile.TemporaryDirectory(
        prefix="registry-system-", ignore_cleanup_errors=True
    ) as folder:
        system = start(Path(folder) / "var", free_port_base(), *arguments)
        try:
            yield system
        finally:
            system.http.close()
            if system.process.poll() is None:
                system.stop()
