"""The command ``registry`` and the shell of a newcomer, run next to a system under test."""

import contextlib
import json
import os
import select
import subprocess
import sys
from typing import Any

from tests.system import REPOSITORY, System
from tests.waiting import LIMIT, until


def environment(system: System) -> dict[str, str]:
    """Return what makes ``registry`` find a system."""
    runtime = system.runtime
    return {
        **os.environ,
        "REGISTRY_VAR": str(runtime.var),
        "REGISTRY_PORT_BASE": str(runtime.port_base),
        "REGISTRY_CACHE": str(runtime.cache),
    }


def registry(system: System, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command and return its exit code and what it said."""
    return subprocess.run(
        [sys.executable, "-m", "registry_cli.main", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=environment(system),
        cwd=REPOSITORY,
        timeout=LIMIT,
        check=False,
    )


def done(system: System, *arguments: str) -> str:
    """Run a command that has to succeed, and return what it printed."""
    ended = registry(system, *arguments)
    assert ended.returncode == 0, f"{arguments}: {ended.stdout}\n{ended.stderr}"
    return ended.stdout


def all_healthy(system: System) -> list[dict[str, Any]]:
    """Return what ``registry status`` shows once it shows every process healthy."""
    rows: list[dict[str, Any]] = []

    def healthy() -> bool:
        rows[:] = json.loads(done(system, "status", "--json"))
        return bool(rows) and all(row["healthy"] for row in rows)

    until(healthy, "status shows every process healthy")
    return rows


def in_shell(system: System, text: str) -> str:
    """Feed lines to bash as its input, all at once, and return what it printed."""
    ended = subprocess.run(
        ["bash"],
        input=text,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment(system),
        timeout=LIMIT,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout
    return ended.stdout


def in_terminal(system: System, text: str) -> str:
    """Paste lines into an interactive bash in a terminal; return what the screen would show."""
    keyboard, terminal = os.openpty()
    shell = subprocess.Popen(
        ["bash", "--norc", "--noprofile", "-i"],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        env={**environment(system), "TERM": "dumb"},
        preexec_fn=lambda: os.login_tty(terminal),
    )
    os.close(terminal)
    seen = _converse(keyboard, f"{text}\nexit\n".encode())
    os.close(keyboard)
    assert shell.wait(LIMIT) == 0, seen
    return seen


def _converse(keyboard: int, typed: bytes) -> str:
    """Type as fast as the terminal takes it, and read until the shell has gone."""
    os.set_blocking(keyboard, False)
    seen = bytearray()
    with contextlib.suppress(OSError):  # how a terminal whose last process has gone says so
        while True:
            wanted = [keyboard] if typed else []
            readable, writable, _ = select.select([keyboard], wanted, [], LIMIT)
            assert readable or writable, f"the shell is silent after:\n{seen.decode()}"
            if writable:
                with contextlib.suppress(BlockingIOError):
                    typed = typed[os.write(keyboard, typed) :]
            if readable:
                seen += os.read(keyboard, 65_536)
    return seen.decode(errors="replace")
