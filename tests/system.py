"""The whole system as a user starts it, on free ports in a folder of its own."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil

from embedded.control import Runtime, status
from embedded.issuer import grant, mint
from embedded.leash import die_with_parent
from shared.identity import new_id

REPOSITORY = Path(__file__).resolve().parent.parent
COUNTY = "330106"
"""A county of the division data under which the tests' units hang."""
SEEDED = "县级以上红十字会 / chapters: ".encode()
"""What the start prints when the tree is there."""
PORT_BASES = 110
"""So many bases to choose from, a hundred ports apart."""


def until(condition: Callable[[], bool], seconds: float = 60.0, what: str = "condition") -> None:
    """Wait until a condition holds.

    Raises:
        AssertionError: it did not within ``seconds``.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"did not come about in {seconds} s: {what}"
        time.sleep(0.02)


def free_port_base() -> int:
    """Return a base above which the system's ports are free now.

    All lie below 32768: from there on the kernel picks ports for clients, and one of theirs could
    take ours before its server starts.
    """
    first = os.getpid() % PORT_BASES
    for turn in range(PORT_BASES):
        base = 21_000 + (first + turn) % PORT_BASES * 100
        if all(_is_free(base + offset) for offset in range(1, 30)):
            return base
    raise RuntimeError("no free range of ports")


def lives(process: psutil.Process) -> bool:
    """Tell whether a process still does anything; one nobody has reaped yet does not."""
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
    http: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=60.0, trust_env=False))

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
        """Tell whether every process is up."""
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

    def progress(self, **params: str) -> dict[str, Any]:
        """Return the public figures."""
        answer = self.http.get(f"{self.url('aggregator')}/v1/progress", params=params)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def figures(self, **params: str) -> dict[str, int]:
        """Return the headline figures."""
        indicators = self.progress(**params)["indicators"]
        return {name: item["value"] for name, item in indicators.items()}

    def act(
        self, service: str, path: str, action: str, version: int, headers: dict[str, str],
        **body: Any,
    ) -> dict[str, Any]:  # fmt: skip
        """Do one transition and return the entity."""
        answer = self.http.post(
            f"{self.url(service)}{path}/{action}",
            json=body,
            headers={**headers, "If-Match": f'"{version}"', "Idempotency-Key": new_id()},
        )
        assert answer.is_success, f"{action}: {answer.status_code} {answer.text}"
        found: dict[str, Any] = answer.json()
        return found

    def create(
        self, service: str, path: str, body: dict[str, Any], headers: dict[str, str]
    ) -> dict[str, Any]:
        """Create an entity and return it."""
        answer = self.http.post(
            f"{self.url(service)}{path}",
            json=body,
            headers={**headers, "Idempotency-Key": new_id()},
        )
        assert answer.status_code == 201, f"{path}: {answer.status_code} {answer.text}"
        found: dict[str, Any] = answer.json()
        return found

    def active_unit(self, name: str, county: str) -> str:
        """Bring a unit from draft to ACTIVE by two officers and return its id."""
        one = self.headers("registrar-1", county, "registrar")
        two = self.headers("approver-1", county, "approver")
        body = {"name": name, "type": "COMMUNITY", "parent_id": county}
        unit = self.create("org-units", "/v1/units", body, one)
        path = f"/v1/units/{unit['id']}"
        unit = self.act("org-units", path, "submit", unit["version"], one)
        unit = self.act("org-units", path, "approve", unit["version"], two)
        unit = self.act("org-units", path, "activate", unit["version"], two)
        found: str = unit["id"]
        return found

    def stop(self, seconds: float = 60.0) -> float:
        """Stop by SIGTERM and return how many seconds it took."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(seconds)
        return time.monotonic() - began


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
        return system.healthy() and _seeded(system)

    try:
        until(ready, 400.0, "the system is ready and its tree seeded")
    except BaseException:
        process.kill()
        raise
    return system


def _seeded(system: System) -> bool:
    """Tell whether the seed has ended: a chapter is there long before the last one is."""
    if SEEDED not in system.log.read_bytes():
        return False
    try:
        return bool(system.chapter()) and system.progress()["complete"]
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
