"""What a benchmark of one service needs: real servers, the issuer, a small tree, officers."""

import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil

from embedded import leash
from embedded.issuer import grant, mint, mint_service_token
from embedded.processes import environment
from embedded.supervisor import provide_keyring
from member.migrate import migrate
from shared.base.mongo import Database, connect
from shared.base.settings import MongoSettings
from shared.register import directory
from tests.servers import RealServers
from tests.system import free_port_base
from tests.waiting import until

UNITS = 20
OFFICERS = 32
"""One of them may send 1,000 requests a second for long; the rate limit stays as it is set."""
PORTS = {"org-units": 1, "member": 2, "that": 3, "issuer": 5, "bare": 9}
CHAIN = [
    ("hq", None, "NATIONAL", None),
    ("province", "hq", "PROVINCE", "330000"),
    ("prefecture", "province", "PREFECTURE", "330100"),
    ("county", "prefecture", "COUNTY", "330106"),
]


def cards(units: Iterable[str]) -> list[dict[str, Any]]:
    """Return the cards of some grassroots units of a county, and of the chapters above them."""
    return [
        *(_card(*link) for link in CHAIN),
        *(_card(unit, "county", "GRASSROOTS", None) for unit in units),
    ]


def _card(unit: str, parent: str | None, level: str, region_code: str | None) -> dict[str, Any]:
    return {
        "id": unit,
        "version": 1,
        "name": f"{unit}红十字会",
        "code": unit,
        "region_code": region_code,
        "type": "COMMUNITY" if level == "GRASSROOTS" else "CHAPTER",
        "level": level,
        "status": "ACTIVE",
        "parent": parent,
    }


@dataclass
class Stand:
    """Running servers and services."""

    servers: RealServers
    units: list[str] = field(default_factory=lambda: [f"unit-{n}" for n in range(UNITS)])
    tokens: list[str] = field(default_factory=list)
    _running: dict[str, psutil.Process] = field(default_factory=dict)
    _children: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def database(self, name: str) -> Database:
        """Return a database of the stand's server."""
        return connect(MongoSettings(mongo_uri=self.servers.mongo_uri, mongo_database=name))

    def port(self, name: str) -> int:
        """Return a service's port."""
        return self.servers.runtime.port(PORTS[name])

    def prepare(self) -> None:
        """Start the issuer and the member service over a county with some units."""
        self.authorise()
        database = self.database("member")
        migrate(database)
        directory.apply_cards(database, cards(self.units))
        database.client.close()
        self.start("member", "member.main")

    def authorise(self) -> None:
        """Make the keys, start the issuer, and give the officers their tokens."""
        runtime = self.servers.runtime
        provide_keyring(runtime)
        mint_service_token(runtime)
        roles = grant("county", "registrar", "approver")
        self.tokens = [mint(runtime, f"officer-{n}", [roles]) for n in range(OFFICERS)]
        self.start("issuer", "embedded.issuer")

    def environment(self, name: str, **variables: str) -> dict[str, str]:
        """Return the environment of one of our processes; its database has its name."""
        runtime = self.servers.runtime
        ours = environment(runtime, name, database=name, port=self.port(name))
        # No worker keeps the directory: what was planted is believed.
        return {**ours, "REGISTRY_DIRECTORY_SECONDS": "inf", **variables}

    def start(
        self, name: str, module: str, *, folder: Path | None = None, **variables: str
    ) -> None:
        """Start one of our processes and wait until it is ready.

        Args:
            folder: where it runs; here by default.
            variables: of its environment, besides what every process gets.
        """
        runtime, port = self.servers.runtime, self.port(name)
        env = self.environment(name, **variables)
        command = [sys.executable, "-m", module]
        child = leash.start(command, log=runtime.log(name), env=env, cwd=folder)
        self._children.append(child)
        self._running[name] = psutil.Process(child.pid)

        def ready() -> bool:
            if child.poll() is not None:
                raise RuntimeError(f"{name} ended:\n{leash.tail(runtime.log(name), 30)}")
            try:
                return httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=5).status_code == 200
            except httpx.HTTPError:
                return False

        until(ready, f"{name} is ready")

    def cpu_seconds(self, name: str) -> float:
        """Return the processor time a process has spent; unlike rates, neighbours leave it be."""
        found = self._running.setdefault("mongod", psutil.Process(self.servers.mongod.pid))
        times = self._running.get(name, found).cpu_times()
        return float(times.user + times.system)

    def stop(self) -> None:
        """Stop what was started."""
        for child in self._children:
            child.terminate()
        for child in self._children:
            child.wait(30)


@contextmanager
def stand(*, with_kafka: bool = False) -> Iterator[Stand]:
    """Run real servers, empty, on free ports."""
    base = free_port_base()
    with RealServers(port_base=base, with_kafka=with_kafka) as servers:
        place = Stand(servers)
        try:
            yield place
        finally:
            place.stop()
