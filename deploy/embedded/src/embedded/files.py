"""Files that are whole or absent, never half written, and locks that die with their holder."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def write_atomically(
    path: Path, content: str | bytes, mode: int = 0o644, *, durable: bool = True
) -> None:
    """Write beside the target and rename over it: a reader sees the old file or the new one.

    `mode` holds for the new file whatever the old one had. `durable` also waits for the disk,
    which a file that is rewritten at every change need not.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.unlink(missing_ok=True)  # left by a killed process of our pid, it would keep its mode
    data = content.encode() if isinstance(content, str) else content
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        if durable:
            os.fsync(file.fileno())
    beside.replace(path)


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold the lock file `path`, waiting for whoever has it.

    The kernel frees it when the holder dies.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def scratch(path: Path) -> Iterator[Path]:
    """An empty directory that is removed afterwards.

    What a killed predecessor left is removed before. Has a fixed place instead of a random one, so
    its user must hold a lock.
    """
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
