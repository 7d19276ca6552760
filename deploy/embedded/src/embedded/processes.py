"""The one table of everything that an embedded system starts.

It says what, with which environment, after what, and when it is ready.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from embedded import frontend, kafka, mongod, probes
from embedded.runtime import Runtime

Role = Literal["database", "broker", "service", "relay", "worker", "step"]

STACK = ("org-units", "member", "volunteer", "aggregator")
WRITERS = ("org-units", "member", "volunteer")
HTTP_OFFSETS = {"org-units": 1, "member": 2, "volunteer": 3, "aggregator": 4}
HEALTH_OFFSETS = {
    "org-units-relay": 21,
    "org-units-worker": 22,
    "member-relay": 23,
    "member-worker": 24,
    "volunteer-relay": 25,
    "volunteer-worker": 26,
    "aggregator-worker": 27,
}


def always() -> bool:
    """The answer of a step that is never skipped."""
    return True


@dataclass(frozen=True, slots=True)
class Process:
    """One row of the table. A step runs once to its end; everything else is kept running."""

    name: str
    role: Role
    command: Callable[[], Sequence[str]]
    """Called at each start: the broker's command depends on what the cache holds by then."""
    after: tuple[str, ...] = ()
    port: int | None = None
    inner_ports: tuple[int, ...] = ()
    """Ports it listens on for itself only."""
    env: Callable[[], dict[str, str]] = field(default=dict)
    ready: probes.Probe | None = None
    first: probes.Probe | None = None
    """A command to give once, before readiness: a new replica set must be initiated."""
    needed: Callable[[], bool] = always
    """A step with nothing to do is skipped."""
    optional: bool = False
    """A failed optional step is reported and does not stop the system."""

    @property
    def ports(self) -> tuple[int, ...]:
        """Every port that must be free before its start."""
        return ((self.port,) if self.port else ()) + self.inner_ports


def table(runtime: Runtime) -> tuple[Process, ...]:
    """Every process of the runtime; a borrowed server has no row."""
    rows = [*servers(runtime), *steps(runtime)]
    rows += [issuer(runtime), *(service(runtime, name) for name in STACK)]
    for writer in WRITERS:
        rows += [relay(runtime, writer), worker(runtime, writer)]
    rows.append(worker(runtime, "aggregator"))
    names = {row.name for row in rows}
    return tuple(without_absent(row, names) for row in rows)


def without_absent(row: Process, names: set[str]) -> Process:
    """Nobody waits for a server that is borrowed: it runs already."""
    kept = tuple(name for name in row.after if name in names)
    return replace(row, after=kept)


def servers(runtime: Runtime) -> list[Process]:
    """mongod, and Kafka with its preparation; none of what is borrowed."""
    rows = []
    if runtime.borrowed_mongo_uri is None:
        rows.append(
            Process(
                "mongod",
                "database",
                lambda: mongod.command(runtime),
                port=runtime.mongo_port,
                ready=mongod.ready(runtime),
                first=mongod.initiate(runtime),
            )
        )
    if runtime.borrowed_kafka_bootstrap is None:
        rows.append(
            step(
                runtime,
                "kafka-prepare",
                ("embedded.kafka", "prepare"),
                needed=lambda: not kafka.prepared(runtime),
            )
        )
        rows.append(
            Process(
                "kafka",
                "broker",
                lambda: kafka.command(runtime),
                after=("kafka-prepare",),
                port=runtime.broker_port,
                inner_ports=(runtime.controller_port,),
                env=lambda: kafka.environment(runtime),
                ready=kafka.ready(runtime),
            )
        )
    return rows


def steps(runtime: Runtime) -> list[Process]:
    """What runs once at each start: chart files, topics, and the migration of each database."""
    rows = [
        step(
            runtime,
            "frontend",
            ("embedded.frontend",),
            needed=lambda: not frontend.present(runtime),
            optional=True,
        ),
        step(runtime, "topics", ("shared.pipeline.topics",), after=("kafka",)),
    ]
    rows += [migrate(runtime, name) for name in STACK]
    return rows


def migrate(runtime: Runtime, name: str) -> Process:
    """Create the indexes of one database.

    Never done by the services themselves (docs/design.md section 3).
    """
    module = (f"{package(name)}.migrate",)
    return step(runtime, f"{name}-migrate", module, after=("mongod",), database=name)


def step(
    runtime: Runtime,
    name: str,
    module: tuple[str, ...],
    *,
    after: tuple[str, ...] = (),
    needed: Callable[[], bool] = always,
    optional: bool = False,
    database: str | None = None,
) -> Process:
    """A row that runs a Python module once; `database` is the service whose database it uses."""
    return Process(
        name,
        "step",
        lambda: python(*module),
        after=after,
        env=lambda: environment(runtime, name, database=database),
        needed=needed,
        optional=optional,
    )


def issuer(runtime: Runtime) -> Process:
    """The issuer of demo tokens; it has no database."""
    port = runtime.issuer_port
    return Process(
        "issuer",
        "service",
        lambda: python("embedded.issuer"),
        port=port,
        env=lambda: environment(runtime, "issuer", port=port),
        ready=probes.http_ok(port),
    )


def service(runtime: Runtime, name: str) -> Process:
    """The HTTP interface of one service."""
    after = ("mongod", f"{name}-migrate", "issuer")
    return http_process(runtime, name, "service", (f"{package(name)}.main",), after, name)


def relay(runtime: Runtime, writer: str) -> Process:
    """What carries a writer's outbox to Kafka."""
    after = ("mongod", "kafka", "topics", f"{writer}-migrate")
    module = ("shared.pipeline.relay", "--source", writer)
    return http_process(runtime, f"{writer}-relay", "relay", module, after, writer)


def worker(runtime: Runtime, owner: str) -> Process:
    """What consumes events for one service, and does its work in the background."""
    after = ("mongod", "kafka", "topics", f"{owner}-migrate", "issuer")
    module = (f"{package(owner)}.worker",)
    return http_process(runtime, f"{owner}-worker", "worker", module, after, owner)


def http_process(
    runtime: Runtime,
    name: str,
    role: Role,
    module: tuple[str, ...],
    after: tuple[str, ...],
    owner: str,
) -> Process:
    """A process of ours: it serves at least its health on its port, and uses `owner`'s database."""
    port = runtime.port({**HTTP_OFFSETS, **HEALTH_OFFSETS}[name])
    return Process(
        name,
        role,
        lambda: python(*module),
        after=after,
        port=port,
        env=lambda: environment(runtime, name, database=owner, port=port),
        ready=probes.http_ok(port),
    )


def package(name: str) -> str:
    """The Python package of a service, which is also the name of its database."""
    return name.replace("-", "_")


def python(*module: str) -> list[str]:
    """The command line of a module with its arguments, run by our own interpreter."""
    return [sys.executable, "-m", *module]


def environment(
    runtime: Runtime, name: str, *, database: str | None = None, port: int | None = None
) -> dict[str, str]:
    """The environment of one of our own processes, on top of the user's."""
    inherited = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    settings = {
        **runtime.environment(),
        "REGISTRY_MONGO_URI": runtime.mongo_uri,
        "REGISTRY_KAFKA_BOOTSTRAP": runtime.kafka_bootstrap,
        "REGISTRY_OIDC_ISSUER": runtime.issuer_url,
        "REGISTRY_OIDC_AUDIENCE": runtime.audience,
        "REGISTRY_SERVICE_TOKEN_FILE": str(runtime.service_token),
        "REGISTRY_KEYRING_FILE": str(runtime.keyring),
        "REGISTRY_FRONTEND_DIR": str(runtime.frontend_dir),
        "REGISTRY_HOST": "127.0.0.1",
        "REGISTRY_INSTANCE": f"{name}-0",
        "PYTHONUNBUFFERED": "1",
    }
    settings |= {
        f"REGISTRY_{package(one).upper()}_URL": f"http://127.0.0.1:{runtime.port(offset)}"
        for one, offset in HTTP_OFFSETS.items()
    }
    if database is not None:
        settings["REGISTRY_MONGO_DATABASE"] = package(database)
    if port is not None:
        settings["REGISTRY_PORT"] = str(port)
    return {**inherited, **settings}
