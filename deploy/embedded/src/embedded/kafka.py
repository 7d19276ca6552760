"""The real Apache Kafka of the embedded mode: one KRaft node that is broker and controller."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
import subprocess
import sys
from pathlib import Path

from embedded import kafka_libs, leash, probes
from embedded.files import make_once, write_atomically
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
    """The environment of Kafka's programs; the classpath in it keeps the process list readable."""
    jars = (kafka_libs.directory(runtime.cache) / "libs").glob("*.jar")
    return {
        **os.environ,
        "LC_ALL": "C.UTF-8",  # by the locale Java turns the names of files into bytes
        "CLASSPATH": os.pathsep.join(sorted(map(str, jars))),  # the archive fits one order only
    }


def command(runtime: Runtime) -> list[str]:
    """The broker's command line; `prepare` must have run. Writes its properties anew.

    Raises:
        JavaMissing: there is no Java that runs it.
    """
    java = find_java(runtime.cache)
    write_properties(runtime)
    jvm = ["-Xms128m", "-Xmx512m", f"-Dkafka.logs.dir={runtime.var / 'log'}"]
    jvm += archive_options(runtime.cache, java)
    return [*java_words(java, jvm), "kafka.Kafka", str(properties(runtime))]


def java_words(java: Java, options: list[str]) -> list[str]:
    """The command line of a Kafka program up to its class, `options` being those of the JVM."""
    logging = f"-Dlog4j2.configurationFile={(kafka_libs.ASSETS / 'log4j2.properties').as_uri()}"
    return [str(java.executable), *JVM, *options, logging]


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
    java = provide_java(runtime.cache).executable.resolve()
    kafka_libs.provide(runtime.cache, None if shutil.which("java") else java.parent.parent)
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
    """A value for java.util.Properties: Latin-1, where backslash and spaces have a meaning."""

    def code_units(found: re.Match[str]) -> str:
        digits = found[0].encode("utf-16-be", "surrogatepass").hex()
        return "".join(f"\\u{digits[at : at + 4]}" for at in range(0, len(digits), 4))

    return NOT_PLAIN.sub(code_units, value)


def format_storage(runtime: Runtime) -> None:
    """Give the data directory its cluster id; a half-made directory is completed.

    Raises:
        KafkaFailed: Kafka's tool refused; with the end of its log.
    """
    cluster = secrets.token_urlsafe(16)
    if cluster.startswith("-"):  # argparse4j would take it for an option
        cluster = "A" + cluster[1:]
    java = find_java(runtime.cache)
    jvm = ["-Xmx128m", *archive_options(runtime.cache, java)]
    tool = [*java_words(java, jvm), "kafka.tools.StorageTool", "format"]
    options = ["--standalone", "--ignore-formatted", "-t", cluster, "-c", str(properties(runtime))]
    log = runtime.log("kafka-format")
    if code := leash.start([*tool, *options], log=log, env=environment(runtime)).wait():
        raise KafkaFailed(
            f"Kafka 存储初始化失败（代码 {code}），日志见 {log}。\n"
            f"Kafka's storage could not be formatted (code {code}); see {log}.\n{leash.tail(log)}"
        )


def archive(cache: Path, java: Java) -> Path:
    """The class-data archive for these jars here under this Java: it halves the broker's start."""
    libs = kafka_libs.directory(cache) / "libs"
    fits = hashlib.sha256(f"{java.executable}{java.build}{libs}".encode()).hexdigest()[:12]
    return libs.parent / f"classes-{fits}.jsa"


def archive_options(cache: Path, java: Java) -> list[str]:
    """The options that use the archive if there is one; a JVM that cannot use it ignores it."""
    found = archive(cache, java)
    usable = found.exists() and found.stat().st_size > 0
    return [f"-XX:SharedArchiveFile={found}", "-Xlog:cds=off"] if usable else []


def build_archive(cache: Path) -> Path:
    """Record the classes of one throw-away broker, once, and return the archive.

    It takes 10 s; a start then takes 1.5 s instead of 3.6 s. Never recorded from the broker in use:
    its exit would take 4 s longer, and a kill would leave half a file.

    Raises:
        KafkaFailed: the broker did not start, or did not end, within ARCHIVE_TIMEOUT seconds.
        WheelMissing, JavaMissing, KafkaLibsMissing: as `prepare`.
    """
    java = find_java(cache)

    def record_classes(place: Path) -> Path:
        runtime = Runtime(var=place, port_base=free_port_base(), cache=cache)
        prepare(runtime)
        recorded, log = place / "classes.jsa", runtime.log("kafka")
        jvm = ["-Xmx512m", f"-XX:ArchiveClassesAtExit={recorded}", "-Xlog:cds=off"]
        broker = [*java_words(java, jvm), "kafka.Kafka", str(properties(runtime))]
        process = leash.start(broker, log=log, env=environment(runtime))
        try:
            if not probes.wait(process, probes.kafka_serving(runtime.broker_port), ARCHIVE_TIMEOUT):
                raise KafkaFailed(leash.tail(log))
            process.terminate()
            process.wait(ARCHIVE_TIMEOUT)
        except subprocess.TimeoutExpired:
            raise KafkaFailed(leash.tail(log)) from None
        finally:
            process.kill()
            process.wait()
        # A Java made by jlink has no base archive to add to: an empty one is not tried again.
        recorded.touch()
        return recorded

    return make_once(archive(cache, java), record_classes)


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
