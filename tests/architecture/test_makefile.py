"""`make run` hands its signals to the supervisor, and `make` lists every command."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.waiting import LIMIT

ROOT = Path(__file__).resolve().parents[2]

SUPERVISOR = """
import signal, sys

# A stand-in for the real one: prints how it was called, waits for a signal, and tidies up. Blocked first:
# a signal between the first line and the wait stays pending. (A shell's trap runs only between two
# commands: one that came just before a blocking one was seen to wait for ever.)
SIGNALS = {signal.SIGTERM, signal.SIGINT}
signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
print("started", *sys.argv[1:], flush=True)
signal.sigwait(SIGNALS)
print("stopping\\nstopped")
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a checkout whose environment is installed already, with a stand-in supervisor."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    shutil.copytree(ROOT / "requirements", tmp_path / "requirements")
    for project in [ROOT / "shared", *ROOT.glob("services/*/"), *ROOT.glob("deploy/*/")]:
        (tmp_path / project.relative_to(ROOT)).mkdir(parents=True)
        (tmp_path / project.relative_to(ROOT) / "pyproject.toml").touch()
    tools = tmp_path / ".venv/bin"
    tools.mkdir(parents=True)
    (tools / "registry.py").write_text(SUPERVISOR, encoding="utf-8")
    command = f'#!/bin/sh\nexec "{sys.executable}" "$0.py" "$@"\n'
    (tools / "registry").write_text(command, encoding="utf-8")
    (tools / "registry").chmod(0o755)
    (tools / "python").touch()
    (tmp_path / ".venv/.embedded.stamp").touch()
    return tmp_path


def to_make(make: int) -> None:
    """What a service manager, or `kill`, does."""
    os.kill(make, signal.SIGTERM)


def to_the_terminal(make: int) -> None:
    """What Ctrl-C does: the whole foreground group gets it."""
    os.killpg(make, signal.SIGINT)


@pytest.mark.parametrize("stop", [to_make, to_the_terminal])
@pytest.mark.parametrize(("argument", "option"), [("DEMO=1", "--demo"), ("DEMO=0", "--no-demo")])
def test_a_signal_to_make_run_reaches_the_supervisor(
    checkout: Path, stop: Callable[[int], None], argument: str, option: str
) -> None:
    make = subprocess.Popen(
        ["make", "run", argument],
        cwd=checkout,
        env={name: value for name, value in os.environ.items() if not name.startswith("MAKE")},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    assert make.stdout is not None
    with make.stdout as said:
        assert said.readline() == f"started up --foreground {option}\n"
        stop(make.pid)
        assert said.read() == "stopping\nstopped\n"
    make.wait(timeout=LIMIT)


def test_make_lists_every_target_of_the_makefile() -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    declared = re.search(r"^\.PHONY: (.*)$", text, re.MULTILINE)
    assert declared
    listed = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    names = re.findall(r"^  make (\w+)", listed, re.MULTILINE)
    assert set(names) == set(declared[1].split())
