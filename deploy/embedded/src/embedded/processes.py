"""The one table of what an embedded system starts: how, after what, and when it is ready."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from embedded import frontend, kafka, mongod, probes
from embedded.runtime import Runtime

Role = Literal["database", "broker", "service", "relay", "worker", "step"]

STACK = ("org-units", "member", "volunteer", "aggregator")
WRITERS = ("org-units", "member", "volunteer")
HTTP_OFFSETS = {"org-units": 1, "member": 2, "volunteer": 3, "aggregator": 4}
OFFSETS = HTTP_OFFSETS | {
    "issuer": 5,
    "org-units-relay": 21,
    "org-units-worker": 22,
    "member-relay": 23,
    "member-worker": 24,
    "volunteer-relay": 25,
    "volunteer-worker": 26,
    "aggregator-worker": 27,
}


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
    needed: Callable[[], bool] = lambda: True
    """A step with nothing to do is skipped."""
    optional: bool = False
    """A failed optional step is reported and does not stop the system."""

    @property
    def ports(self) -> tuple[int, ...]:
        """Every port that must be free before its start."""
        return ((self.port,) if self.port else ()) + self.inner_ports


def table(runtime: Runtime, only: Sequence[str] | None = None) -> tuple[Process, ...]:
    """Every process of the runtime, or those that `only` names; a borrowed server has no row."""
    rows = [*servers(runtime), *steps(runtime), *services(runtime)]
    names = {row.name for row in rows}
    # Nobody waits for a server that is borrowed: it runs already.
    rows = [replace(row, after=tuple(n for n in row.after if n in names)) for row in rows]
    return tuple(row for row in rows if only is None or row.name in only)


def servers(runtime: Runtime) -> Iterator[Process]:
    """mongod, and Kafka with its preparation; none of what is borrowed."""
    if runtime.borrowed_mongo_uri is None:
        yield Process(
            "mongod",
            "database",
            lambda: mongod.command(runtime),
            port=runtime.mongo_port,
            ready=probes.mongo_primary(runtime.mongo_port),
            first=mongod.initiate(runtime),
        )
    if runtime.borrowed_kafka_bootstrap is None:
        prepare = ("embedded.kafka", "prepare")
        yield ours(
            runtime, "kafka-prepare", "step", prepare, needed=lambda: not kafka.prepared(runtime)
        )
        yield Process(
            "kafka",
            "broker",
            lambda: kafka.command(runtime),
            after=("kafka-prepare",),
            port=runtime.broker_port,
            inner_ports=(runtime.controller_port,),
            env=lambda: kafka.environment(runtime),
            ready=probes.kafka_serving(runtime.broker_port),
        )


def steps(runtime: Runtime) -> Iterator[Process]:
    """What runs once at each start: chart files, topics, and the migration of each database.

    The services never create their indexes themselves (docs/design.md section 3).
    """
    yield ours(
        runtime,
        "frontend",
        "step",
        ("embedded.frontend",),
        needed=lambda: not frontend.present(runtime),
        optional=True,
    )
    yield ours(runtime, "topics", "step", ("shared.pipeline.topics",), ("kafka",))
    for name in STACK:
        migrate = (f"{package(name)}.migrate",)
        yield ours(runtime, f"{name}-migrate", "step", migrate, ("mongod",), name)


def services(runtime: Runtime) -> Iterator[Process]:
    """The issuer of demo tokens, and of each service its HTTP interface, relay and worker."""
    yield ours(runtime, "issuer", "service", ("embedded.issuer",))
    for name in STACK:
        after = ("mongod", f"{name}-migrate", "issuer")
        yield ours(runtime, name, "service", (f"{package(name)}.main",), after, name)
    for name in STACK:
        stream = ("mongod", "kafka", "topics", f"{name}-migrate")
        if name in WRITERS:
            relay = ("shared.pipeline.relay", "--source", name)
            yield ours(runtime, f"{name}-relay", "relay", relay, stream, name)
        worker = (f"{package(name)}.worker",)
        yield ours(runtime, f"{name}-worker", "worker", worker, (*stream, "issuer"), name)


def ours(
    runtime: Runtime,
    name: str,
    role: Role,
    module: tuple[str, ...],
    after: tuple[str, ...] = (),
    database: str | None = None,
    needed: Callable[[], bool] = lambda: True,
    optional: bool = False,
) -> Process:
    """A row that runs a Python module; one that has a port serves at least its health there.

    `database` is the service whose database it uses.
    """
    port = runtime.port(OFFSETS[name]) if name in OFFSETS else None
    return Process(
        name,
        role,
        lambda: python(*module),
        after=after,
        port=port,
        env=lambda: environment(runtime, name, database=database, port=port),
        ready=None if port is None else probes.http_ok(port),
        needed=needed,
        optional=optional,
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
