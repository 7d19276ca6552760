"""Real mongod and Kafka for tests: on free ports, in a directory of their own, gone afterwards.

with RealServers() as servers:
    client = MongoClient(servers.mongo_uri)
    servers.kafka.kill()       # SIGKILL
    servers.kafka.start()      # on the same data; returns when it serves again
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from embedded import kafka, leash, mongod, probes
from embedded.runtime import Runtime

START_TIMEOUT = 180.0
"""Seconds: a killed broker reads all its logs again, a killed mongod its journal, both at once."""


class ServerFailed(Exception):
    """A server did not become ready; the message ends with its last log lines."""


class Server:
    """One real server process: to be killed, started again on the same data, frozen, thawed.

    Start it from the main thread: only then does the kernel end it with a killed test run
    (leash.py).
    """

    def __init__(
        self,
        name: str,
        launch: Callable[[], subprocess.Popen[bytes]],
        ready: probes.Probe,
        log: Path,
        first: probes.Probe | None = None,
    ) -> None:
        self.name = name
        self.log = log
        self._launch = launch
        self._ready = ready
        self._first = first
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process id of the last start.

        Raises:
            ServerFailed: it has not been started.
        """
        return self._running().pid

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise ServerFailed(f"{self.name} has not been started")
        return self._process

    def begin(self) -> None:
        """Start without waiting."""
        self._process = self._launch()

    def wait_ready(self) -> None:
        """Return when the server serves.

        Raises:
            ServerFailed: it died, or did not serve within START_TIMEOUT seconds; with its log.
        """
        process = self._running()
        deadline = time.monotonic() + START_TIMEOUT
        while time.monotonic() < deadline and process.poll() is None:
            if probes.ask(self._ready):
                return
            if self._first is not None and probes.ask(self._first, timeout=10.0):
                self._first = None
            time.sleep(0.02)
        raise ServerFailed(f"{self.name} is not ready\n{leash.tail(self.log, 30)}")

    def start(self) -> None:
        """Start, and return when the server serves.

        Raises:
            ServerFailed: it did not become ready; with its log.
        """
        self.begin()
        self.wait_ready()

    def kill(self) -> None:
        """SIGKILL, and wait until the process is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def stop(self, timeout: float = 30.0) -> None:
        """A clean stop by SIGTERM.

        Raises:
            TimeoutExpired: it took more than `timeout` seconds; it runs on.
        """
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout)

    def restart(self) -> None:
        """kill -9, then start on the same data.

        Raises:
            ServerFailed: it did not become ready again.
        """
        self.kill()
        self.start()

    def pause(self) -> None:
        """Freeze the process: its connections stay open and answer nothing."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Thaw it again."""
        os.kill(self.pid, signal.SIGCONT)


class RealServers:
    """A mongod replica set of one node and, unless told otherwise, a broker: real and empty."""

    def __init__(
        self,
        *,
        var: Path | None = None,
        port_base: int | None = None,
        with_kafka: bool = True,
    ) -> None:
        self._temporary = var is None
        where = var or Path(tempfile.mkdtemp(prefix="registry-servers-"))
        cache = Runtime.from_environment().cache
        base = port_base or kafka.free_port_base()
        self.runtime = Runtime(var=where, port_base=base, cache=cache, mongo_cache_gb=0.25)
        self.mongod = Server(
            "mongod",
            self._launch_mongod,
            mongod.ready(self.runtime),
            self.runtime.log("mongod"),
            first=mongod.initiate(self.runtime),
        )
        self.kafka = Server(
            "kafka", self._launch_kafka, kafka.ready(self.runtime), self.runtime.log("kafka")
        )
        self._with_kafka = with_kafka

    @property
    def mongo_uri(self) -> str:
        """The address of the replica set."""
        return self.runtime.mongo_uri

    @property
    def kafka_bootstrap(self) -> str:
        """The address of the broker, `host:port`."""
        return self.runtime.kafka_bootstrap

    def _launch_mongod(self) -> subprocess.Popen[bytes]:
        return leash.start(mongod.command(self.runtime), log=self.mongod.log)

    def _launch_kafka(self) -> subprocess.Popen[bytes]:
        environment = kafka.environment(self.runtime)
        return leash.start(kafka.command(self.runtime), log=self.kafka.log, env=environment)

    def start(self) -> None:
        """Start both at once and wait for both; without Kafka, mongod alone.

        Raises:
            ServerFailed: one did not become ready; with its log.
            MongodMissing: the wheel with mongod is not installed.
            WheelMissing, JavaMissing, KafkaLibsMissing, KafkaFailed: as `kafka.prepare`.
        """
        self.mongod.begin()
        if self._with_kafka:
            kafka.prepare(self.runtime)
            with contextlib.suppress(kafka.KafkaFailed):  # a broker starts without it too
                kafka.build_archive(self.runtime.cache)
            self.kafka.begin()
        self.mongod.wait_ready()
        if self._with_kafka:
            self.kafka.wait_ready()

    def stop(self) -> None:
        """Kill both; the data of a temporary directory goes with them."""
        self.kafka.kill()
        self.mongod.kill()
        if self._temporary:
            shutil.rmtree(self.runtime.var, ignore_errors=True)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
