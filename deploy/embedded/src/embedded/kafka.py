"""The real Apache Kafka of the embedded mode: one KRaft node that is broker and controller."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import re
import secrets
import shutil
import subprocess
import sys
import time
from pathlib import Path

from embedded import kafka_libs, leash, probes
from embedded.files import exclusive, scratch, write_atomically
from embedded.java import Java, JavaMissing, find_java, provide_java
from embedded.runtime import Runtime
from embedded.wheels import WheelMissing

ARCHIVE_TIMEOUT = 240.0
"""Seconds for the start of the recorded broker, and again for its end."""
JVM = (
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-XX:+ExitOnOutOfMemoryError",
    "-Djava.awt.headless=true",
)


NOT_PLAIN = re.compile(r"[^A-Za-z0-9/._-]")


class KafkaFailed(Exception):
    """Kafka's own tools refused; the message carries what they printed."""


def data_dir(runtime: Runtime) -> Path:
    """Where the broker keeps topics and the controller's log."""
    return runtime.var / "kafka" / "data"


def environment(runtime: Runtime) -> dict[str, str]:
    """The environment of Kafka's programs.

    The classpath goes by it, which keeps the process list readable.
    """
    return {
        **os.environ,
        "LC_ALL": "C.UTF-8",  # by the locale Java turns the names of files into bytes
        "CLASSPATH": kafka_libs.classpath(kafka_libs.directory(runtime.cache) / "libs"),
    }


def command(runtime: Runtime) -> list[str]:
    """The broker's command line; `prepare` must have run. Writes its properties anew.

    Raises:
        JavaMissing: there is no Java that runs it.
    """
    java = find_java(runtime.cache)
    write_properties(runtime)
    shared = archive_options(runtime.cache, java)
    heap = ["-Xms128m", "-Xmx512m"]
    logs = [f"-Dkafka.logs.dir={runtime.var / 'log'}"]
    return [*java_words(java, [*heap, *shared, *logs]), "kafka.Kafka", str(properties(runtime))]


def java_words(java: Java, options: list[str]) -> list[str]:
    """The command line of a Kafka program up to its class, `options` being those of the JVM."""
    logging = f"-Dlog4j2.configurationFile={(kafka_libs.ASSETS / 'log4j2.properties').as_uri()}"
    return [str(java.executable), *JVM, *options, logging]


def ready(runtime: Runtime) -> probes.Probe:
    """True once the broker serves."""
    return probes.kafka_serving(runtime.broker_port)


def properties(runtime: Runtime) -> Path:
    """The broker's configuration, made from a template."""
    return runtime.var / "kafka" / "server.properties"


def prepare(runtime: Runtime) -> None:
    """Fetch the jars, write the properties, format the storage; what is done is not done again.

    Raises:
        WheelMissing: the machine has no Java, and the wheel with one could not be installed.
        JavaMissing: there is no Java that runs.
        KafkaLibsMissing: the jars could not be had, or are not the pinned ones.
        KafkaFailed: the storage could not be formatted.
    """
    java = provide_java(runtime.cache)
    kafka_libs.provide(runtime.cache, None if shutil.which("java") else java.home)
    write_properties(runtime)
    if not (data_dir(runtime) / "meta.properties").exists():
        format_storage(runtime)


def write_properties(runtime: Runtime) -> None:
    """Write the configuration anew: its ports and directories follow the runtime."""
    template = (kafka_libs.ASSETS / "server.properties").read_text()
    rendered = template.format(
        broker_port=runtime.broker_port,
        controller_port=runtime.controller_port,
        data_dir=escaped(str(data_dir(runtime))),
    )
    write_atomically(properties(runtime), rendered)


def escaped(value: str) -> str:
    """A value for java.util.Properties.

    They read Latin-1 and give a meaning to backslash and spaces.
    """

    def code_units(found: re.Match[str]) -> str:
        digits = found[0].encode("utf-16-be", "surrogatepass").hex()
        return "".join(f"\\u{digits[at : at + 4]}" for at in range(0, len(digits), 4))

    return NOT_PLAIN.sub(code_units, value)


def format_storage(runtime: Runtime) -> None:
    """Give the data directory its cluster id; a half-made directory is completed.

    Raises:
        KafkaFailed: Kafka's tool refused; with the end of its log.
        JavaMissing: there is no Java that runs it.
    """
    cluster = base64.urlsafe_b64encode(secrets.token_bytes(16)).decode().rstrip("=")
    if cluster.startswith("-"):  # argparse4j would take it for an option
        cluster = "A" + cluster[1:]
    java = find_java(runtime.cache)
    shared = archive_options(runtime.cache, java)
    tool = [*java_words(java, ["-Xmx128m", *shared]), "kafka.tools.StorageTool", "format"]
    options = ["--standalone", "--ignore-formatted", "-t", cluster, "-c", str(properties(runtime))]
    log = runtime.log("kafka-format")
    code = leash.start([*tool, *options], log=log, env=environment(runtime)).wait()
    if code != 0:
        raise KafkaFailed(
            f"Kafka 存储初始化失败（代码 {code}），日志见 {log}。\n"
            f"Kafka's storage could not be formatted (code {code}); see {log}.\n{leash.tail(log)}"
        )


def archive(cache: Path, java: Java) -> Path:
    """The class-data archive for these jars at this place under this Java.

    It halves the broker's start, which works without it too.
    """
    libs = kafka_libs.directory(cache) / "libs"
    fits = hashlib.sha256(f"{java.executable}{java.build}{libs}".encode()).hexdigest()[:12]
    return libs.parent / f"classes-{fits}.jsa"


def archive_options(cache: Path, java: Java) -> list[str]:
    """The options that use the archive, none where there is none.

    A JVM that cannot use it says nothing and starts without.
    """
    found = archive(cache, java)
    usable = found.exists() and found.stat().st_size > 0
    return [f"-XX:SharedArchiveFile={found}", "-Xlog:cds=off"] if usable else []


def build_archive(cache: Path) -> Path:
    """Record the classes of one throw-away broker, once, and return the archive.

    It takes 10 s; a start then takes 1.5 s instead of 3.6 s. Never recorded from the broker in use:
    its exit would take 4 s longer, and a kill would leave half a file.

    Raises:
        KafkaFailed: the broker did not start, or did not end in time.
        WheelMissing, JavaMissing, KafkaLibsMissing: as `prepare`.
    """
    java = find_java(cache)
    target = archive(cache, java)
    with exclusive(target.with_suffix(".lock")):
        if not target.exists():
            with scratch(target.with_name("recording")) as place:
                record_classes(place, cache, java, target)
    return target


def record_classes(place: Path, cache: Path, java: Java, target: Path) -> None:
    """Run a broker in `place` until it serves, and move what it recorded to `target`.

    Raises:
        KafkaFailed: it did not start, or did not end, within ARCHIVE_TIMEOUT seconds.
        WheelMissing, JavaMissing, KafkaLibsMissing: as `prepare`.
    """
    runtime = Runtime(var=place, port_base=free_port_base(), cache=cache)
    prepare(runtime)
    recorded = place / target.name
    words = java_words(java, ["-Xmx512m", f"-XX:ArchiveClassesAtExit={recorded}", "-Xlog:cds=off"])
    broker = leash.start(
        [*words, "kafka.Kafka", str(properties(runtime))],
        log=runtime.log("kafka"),
        env=environment(runtime),
    )
    try:
        if not wait_until_ready(broker, ready(runtime), ARCHIVE_TIMEOUT):
            raise KafkaFailed(leash.tail(runtime.log("kafka")))
        broker.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):  # there is nothing to rename then
            broker.wait(ARCHIVE_TIMEOUT)
        if broker.returncode is None:
            raise KafkaFailed(leash.tail(runtime.log("kafka")))
        if not recorded.exists():
            # A Java made by jlink has no base archive to add to: not to be tried again.
            recorded.touch()
        recorded.rename(target)
    finally:
        broker.kill()
        broker.wait()


def wait_until_ready(process: subprocess.Popen[bytes], probe: probes.Probe, timeout: float) -> bool:
    """Whether the server becomes ready within `timeout` seconds and before it dies."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline and process.poll() is None:
        if probes.ask(probe):
            return True
        time.sleep(0.05)
    return False


def free_port_base() -> int:
    """A random base below the ephemeral range whose three server ports are free."""
    while True:
        base = 20_000 + 20 * secrets.randbelow(600)
        if all(probes.port_free(base + offset) for offset in (11, 12, 13)):
            return base


def prepared(runtime: Runtime) -> bool:
    """Whether `prepare` has nothing slow left to do."""
    return kafka_libs.present(runtime.cache) and (data_dir(runtime) / "meta.properties").exists()


def main(task: str) -> None:
    """`prepare` before the broker; `archive` once the system runs, at the lowest priority."""
    runtime = Runtime.from_environment()
    try:
        if task == "archive":
            os.nice(19)
            build_archive(runtime.cache)
        else:
            prepare(runtime)
    except (KafkaFailed, JavaMissing, WheelMissing, kafka_libs.KafkaLibsMissing) as failure:
        sys.exit(str(failure))


if __name__ == "__main__":
    main(sys.argv[1])
