"""A copy of the checkout to plant bugs in: what a killed run leaves behind is never in the source."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.mutants.planting import Planted
from tests.mutants.verdict import Judgement, Verdict, judge

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ("shared/src", "services/*/src", "deploy/embedded/src", "deploy/cli/src")
NOT_HERE = "--ignore=tests/architecture/test_mutants.py"
"""It holds that no bug is planted."""

_WHERE = "import importlib, sys; print(importlib.import_module(sys.argv[1]).__file__)"


class ControlFailed(Exception):
    """The tests do not pass without any bug: what they say of one is worth nothing."""


@dataclass(frozen=True)
class Tried:
    """What became of a planted bug."""

    planted: Planted
    judgement: Judgement
    seconds: float


@dataclass(frozen=True)
class Worktree:
    """A copy of the checkout's files, and runs of its own code in it."""

    folder: Path

    def control(self, tests: Sequence[str]) -> None:
        """Run tests as they are.

        Raises:
            ControlFailed: one does not pass; with the end of the output.
        """
        code, output = self._pytest(tests)
        if code != 0:
            raise ControlFailed(output[-4_000:])

    def try_out(self, planted: Planted, tests: Sequence[str]) -> Tried:
        """Plant a bug, run tests, take the bug out again."""
        began = time.monotonic()
        file = self.folder / planted.file
        sound = file.read_text(encoding="utf-8")
        try:
            file.write_text(planted.plant(sound), encoding="utf-8")
            judgement = self._not_imported(planted, file) or judge(*self._pytest(tests))
        except ValueError as problem:
            judgement = Judgement(Verdict.INVALID, str(problem))
        finally:
            file.write_text(sound, encoding="utf-8")
        return Tried(planted, judgement, time.monotonic() - began)

    def _not_imported(self, planted: Planted, file: Path) -> Judgement | None:
        """Judge a bug whose file is not the one that is imported here, or cannot be imported."""
        code, output = self._run("-c", _WHERE, planted.module)
        found = output.strip().splitlines()[-1:]
        if code == 0 and found == [str(file)]:
            return None
        return Judgement(Verdict.INVALID, f"{planted.module} is not imported from here: {found}")

    def _pytest(self, tests: Sequence[str]) -> tuple[int, str]:
        return self._run("-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests)

    def _run(self, *arguments: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=self.folder,
            env=environment(self.folder),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
        return done.returncode, done.stdout


def environment(folder: Path) -> dict[str, str]:
    """Return the environment in which the code of a copy runs, in children of its processes too."""
    packages = [str(path) for source in SOURCES for path in sorted(folder.glob(source))]
    kept = {k: v for k, v in os.environ.items() if k not in ("FORCE_COLOR", "PY_COLORS")}
    return {
        "REGISTRY_CACHE": str(ROOT / "var/cache"),  # Kafka's jars are fetched once, not per copy
        "HYPOTHESIS_PROFILE": "mutants",  # the examples of one run are those of every run
        **kept,
        "PYTHONPATH": os.pathsep.join(packages),  # before the installed packages
        "PYTHONDONTWRITEBYTECODE": "1",  # a file changed twice in a second would run as it was
        "COLUMNS": "400",  # the reason of a failure follows the test's name
        "NO_COLOR": "1",
    }


@contextmanager
def copied() -> Iterator[Worktree]:
    """Yield a copy of what git tracks or would track; it is gone afterwards."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, check=True, text=True,
    ).stdout  # fmt: skip
    with tempfile.TemporaryDirectory(
        prefix="registry-mutants-", ignore_cleanup_errors=True
    ) as name:
        folder = Path(name).resolve()
        for inside in filter(None, listed.split("\0")):
            source, target = ROOT / inside, folder / inside
            if source.is_symlink() or source.is_file():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, target, follow_symlinks=False)
        subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)  # some tests ask git
        yield Worktree(folder)
