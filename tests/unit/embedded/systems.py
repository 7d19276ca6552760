"""Small systems of stand-in processes for the supervisor.

Run as a program it supervises two stand-ins until a signal:
`python -m tests.unit.embedded.systems <var>`.
"""

import asyncio
import sys
from pathlib import Path

from embedded.processes import Process, Role
from embedded.runtime import Runtime
from embedded.supervisor import Supervisor

FOR_EVER = "import signal; signal.pause()"
STUBBORN = (
    "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True)\n"
    "while True: signal.pause()"
)


def stand_in(name: str, code: str, role: Role = "service", **more: object) -> Process:
    """A process of the table that runs a line of Python."""
    command = [sys.executable, "-c", code]
    return Process(name, role, lambda: command, **more)  # type: ignore[arg-type]


def say_ready(var: Path) -> None:
    (var / "hook").write_text("called")
    raise ValueError("a wrong demo file")


def main() -> None:
    var = Path(sys.argv[1])
    rows = [stand_in("one", FOR_EVER), stand_in("two", FOR_EVER, "worker", after=("one",))]
    supervisor = Supervisor(Runtime(var=var), rows, lambda: say_ready(var))
    sys.exit(asyncio.run(supervisor.run()))


if __name__ == "__main__":
    main()
