"""Kafka's jars by Maven, checked against pinned digests, and in one order for the classpath."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import tempfile
from pathlib import Path

from embedded import leash
from embedded.files import make_once

ASSETS = Path(__file__).parent / "assets"
POM = ASSETS / "kafka-pom.xml"
DIGESTS = ASSETS / "kafka-libs.sha256"
PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:2.8"


class KafkaLibsMissing(Exception):
    """The jars could not be had, or are not the pinned ones."""


def directory(cache: Path) -> Path:
    """Where this set of jars is kept, with the archive made of it; another set goes elsewhere."""
    stamp = hashlib.sha256(POM.read_bytes() + DIGESTS.read_bytes()).hexdigest()[:12]
    return cache / "kafka" / stamp


def present(cache: Path) -> bool:
    """Whether the jars are there; they appear checked and all at once."""
    return (directory(cache) / "libs").is_dir()


def provide(cache: Path, java_home: Path | None = None) -> Path:
    """The directory of the jars, fetched by Maven on first use and checked, every one.

    `java_home` is for a machine whose only Java is the wheel's.

    Raises:
        KafkaLibsMissing: Maven is missing or failed, or a jar is not the pinned one.
    """

    def fetch(place: Path) -> Path:
        libs = run_maven(place, java_home)
        if wrong := differences(libs):
            raise KafkaLibsMissing(
                f"Kafka 的 jar 与锁定的摘要不符：{', '.join(wrong)}。请删除 ~/.m2/repository 中的这些文件后重试。\n"
                f"Kafka's jars differ from their pinned digests: {', '.join(wrong)}: "
                "remove them from ~/.m2/repository and try again."
            )
        return libs

    return make_once(directory(cache) / "libs", fetch)


def run_maven(place: Path, java_home: Path | None = None) -> Path:
    """Copy the jars into a directory in `place` and return it.

    Raises:
        KafkaLibsMissing: Maven is missing, or failed; with the end of its log.
    """
    maven = shutil.which("mvn")
    if maven is None:
        raise KafkaLibsMissing(
            "缺少 Maven：请安装 maven（Debian/Ubuntu: apt install maven），"
            "或用 REGISTRY_KAFKA_BOOTSTRAP 指定已有的 Kafka。\n"
            "Maven is missing: install the package maven, "
            "or name an existing Kafka in REGISTRY_KAFKA_BOOTSTRAP."
        )
    libs, log, pom = place / "libs", place / "maven.log", place / "pom.xml"
    shutil.copyfile(POM, pom)  # Maven may write next to the POM, which may be read-only
    command = [maven, "-q", "-B", "-f", str(pom), f"{PLUGIN}:copy-dependencies"]
    options = ["-DincludeScope=runtime", f"-DoutputDirectory={libs}"]
    environment = {**os.environ, "JAVA_HOME": str(java_home)} if java_home else None
    if code := leash.start([*command, *options], log=log, env=environment).wait():
        raise KafkaLibsMissing(
            f"Maven 失败（代码 {code}）。请检查网络和 ~/.m2/settings.xml 后重试。\n"
            f"Maven failed with code {code}: check the network and ~/.m2/settings.xml, "
            "then try again.\n"
            f"{leash.tail(log)}"
        )
    return libs


def differences(libs: Path) -> list[str]:
    """Names of jars that are missing, unexpected or have another digest than the pinned one."""
    pinned = {name: value for value, name in map(str.split, DIGESTS.read_text().splitlines())}
    copied = {jar.name: digest(jar) for jar in libs.glob("*.jar")}
    return sorted(
        name for name in pinned.keys() | copied.keys() if pinned.get(name) != copied.get(name)
    )


def digest(path: Path) -> str:
    """The file's SHA-256 in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def pin() -> None:
    """Renew the pinned digests after a change of version in the POM.

    Raises:
        KafkaLibsMissing: Maven is missing, or failed.
    """
    with tempfile.TemporaryDirectory() as place:
        libs = run_maven(Path(place))
        lines = [f"{digest(jar)}  {jar.name}" for jar in sorted(libs.glob("*.jar"))]
        DIGESTS.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    if sys.argv[1:] != ["pin"]:
        sys.exit("usage: python -m embedded.kafka_libs pin")
    pin()
