"""What a trial does to processes: kill, stop for a while, two of these at once; seeds decide."""

import random
import signal
from collections.abc import Sequence
from dataclasses import dataclass

from tests.chaos.seconds import Victim

KILL, PAUSE = "kill", "pause"
MODES = (
    (KILL, KILL), (KILL, PAUSE), (KILL, KILL), (PAUSE,), (KILL, KILL), (KILL, PAUSE),
    (KILL, KILL), (PAUSE, PAUSE), (KILL,), (KILL, KILL),
)  # fmt: skip
"""What trials do, in turn."""
ROLES = ("service", "worker", "relay", "broker", "database")


@dataclass(frozen=True)
class Fault:
    """What happens to one process."""

    what: str
    victim: Victim

    def begin(self) -> None:
        """Kill the process, or stop it."""
        self.victim.send(signal.SIGKILL if self.what == KILL else signal.SIGSTOP)

    def end(self) -> None:
        """Let a stopped process go on."""
        if self.what == PAUSE:
            self.victim.send(signal.SIGCONT)


def plan(
    number: int, victims: Sequence[Victim], waiting: Sequence[str], dice: random.Random
) -> list[Fault]:
    """Return the faults of a trial, each of another process.

    Args:
        number: of the trial; it decides what happens.
        waiting: names of those that have not died yet, in a drawn order: they are killed first.
    """
    left, due = {one.name: one for one in victims}, list(waiting)
    faults: list[Fault] = []
    for what in MODES[number % len(MODES)]:
        due = [name for name in due if name in left]
        name = due.pop(0) if what == KILL and due else _drawn(list(left.values()), dice)
        faults.append(Fault(what, left.pop(name)))
    return faults


def _drawn(victims: Sequence[Victim], dice: random.Random) -> str:
    """Return a name of any role, for there are many workers and one broker."""
    role = dice.choice([role for role in ROLES if any(one.role == role for one in victims)])
    return dice.choice([one.name for one in victims if one.role == role])
