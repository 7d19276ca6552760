"""Files that are whole or absent, never half written, and locks that die with their holder."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


def write_atomically(
    path: Path, content: str | bytes, mode: int = 0o644, *, durable: bool = True
) -> None:
    """Write next to the target and rename over it: a reader sees the old file or the new one.

    `mode` holds for the new file whatever the old one had. `durable` also waits for the disk,
    which a file that is rewritten at every change need not.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    written = path.with_name(f".{path.name}.{os.getpid()}")
    written.unlink(missing_ok=True)  # left by a killed process of our pid, it would keep its mode
    data = content.encode() if isinstance(content, str) else content
    descriptor = os.open(written, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        if durable:
            os.fsync(file.fileno())
    written.replace(path)


def make_once(target: Path, make: Callable[[Path], Path]) -> Path:
    """Return `target`; the first process that asks for it makes it, and others wait meanwhile.

    `make` gets an empty directory next to it and returns what in there becomes the target. The
    kernel frees the lock when its holder dies; what a killed one left is removed first.
    """
    if target.exists():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.with_name(f"{target.name}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.exists():
            with scratch(target.with_name(f"{target.name}.making")) as place:
                make(place).rename(target)
    return target


@contextmanager
def scratch(path: Path) -> Iterator[Path]:
    """An empty directory that is removed afterwards; its user must hold a lock."""
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
