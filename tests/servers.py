"""Real mongod and Kafka for tests: on free ports, in a directory of their own, gone afterwards.

with RealServers() as servers:
    client = MongoClient(servers.mongo_uri)
    servers.kafka.kill()       # SIGKILL
    servers.kafka.start()      # on the same data; returns when it serves again
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Self

from embedded import kafka, leash, probes, processes
from embedded.processes import Process
from embedded.runtime import Runtime

START_TIMEOUT = 180.0
"""Seconds: a killed broker reads all its logs again, a killed mongod its journal, both at once."""


class ServerFailed(Exception):
    """A server did not become ready; the message ends with its last log lines."""


class Server:
    """One real server process: to be killed, and started again on the same data.

    Start it from the main thread: only then does the kernel end it with a killed test run
    (leash.py).
    """

    def __init__(self, runtime: Runtime, row: Process) -> None:
        self.log = runtime.log(row.name)
        self._row = row
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Of the process last started; ServerFailed where there is none."""
        return self._running().pid

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise ServerFailed(f"{self._row.name} has not been started")
        return self._process

    def begin(self) -> None:
        """Start without waiting."""
        self._process = leash.start(self._row.command(), log=self.log, env=self._row.env() or None)

    def wait_ready(self) -> None:
        """Return when the server serves.

        Raises:
            ServerFailed: it died, or did not serve within START_TIMEOUT seconds; with its log.
        """
        row = self._row
        if row.ready and not probes.wait(self._running(), row.ready, START_TIMEOUT, row.first):
            raise ServerFailed(f"{row.name} is not ready\n{leash.tail(self.log, 30)}")

    def start(self) -> None:
        """Start, and return when the server serves; fails as `wait_ready`."""
        self.begin()
        self.wait_ready()

    def kill(self) -> None:
        """SIGKILL, and wait until the process is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def restart(self) -> None:
        """kill -9, then start on the same data; fails as `wait_ready`."""
        self.kill()
        self.start()


class RealServers:
    """A mongod replica set of one node and, by default, a broker: real and empty."""

    def __init__(self, *, port_base: int | None = None, with_kafka: bool = True) -> None:
        self.runtime = Runtime(
            var=Path(tempfile.mkdtemp(prefix="registry-servers-")),
            port_base=port_base or kafka.free_port_base(),
            cache=Runtime.from_environment().cache,
            mongo_cache_gb=0.25,
        )
        rows = {row.name: row for row in processes.servers(self.runtime)}
        self.mongod = Server(self.runtime, rows["mongod"])
        self.kafka = Server(self.runtime, rows["kafka"])
        self._with_kafka = with_kafka

    @property
    def mongo_uri(self) -> str:
        return self.runtime.mongo_uri

    @property
    def kafka_bootstrap(self) -> str:
        """The address of the broker, `host:port`."""
        return self.runtime.kafka_bootstrap

    def __enter__(self) -> Self:
        """Start both at once and wait for both; without Kafka, mongod alone.

        Raises:
            ServerFailed: one did not become ready; with its log.
            MongodMissing: the wheel with mongod is not installed.
            WheelMissing, JavaMissing, KafkaLibsMissing, KafkaFailed: as `kafka.prepare`.
        """
        try:
            self.mongod.begin()
            if self._with_kafka:
                kafka.prepare(self.runtime)
                with contextlib.suppress(kafka.KafkaFailed):  # a broker starts without it too
                    kafka.build_archive(self.runtime.cache)
                self.kafka.begin()
            self.mongod.wait_ready()
            if self._with_kafka:
                self.kafka.wait_ready()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Kill both; their data goes with them."""
        self.kafka.kill()
        self.mongod.kill()
        shutil.rmtree(self.runtime.var, ignore_errors=True)
