"""Units that close and open while people enter, and when a refusal to enter one is right."""

import threading
import time
from dataclasses import dataclass, field
from math import inf


@dataclass
class Closing:
    """One time at which a unit was closed or was to be.

    Args:
        asked, answered: when its closing was asked for, and when it was answered.
        reopening, reopened: the same of its reopening; a refused closing is reopened at once.
    """

    asked: float
    answered: float = inf
    reopening: float = inf
    reopened: float = inf


@dataclass
class Doors:
    """The units that close; moments are of the monotonic clock."""

    closings: dict[str, list[Closing]] = field(default_factory=dict)
    open_to_all: list[str] = field(default_factory=list)
    """Those that people are sent to."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, unit: str) -> None:
        """Send people to a unit, which may close."""
        with self.lock:
            self.closings.setdefault(unit, [])
            self.open_to_all.append(unit)

    def remove(self, unit: str) -> None:
        """Send nobody to a unit any more."""
        with self.lock:
            self.open_to_all.remove(unit)

    def close(self, unit: str) -> Closing:
        """Return the closing of a unit that is about to be asked for."""
        closing = Closing(time.monotonic())
        with self.lock:
            self.closings[unit].append(closing)
        return closing

    def may_refuse(self, unit: str, asked: float) -> bool:
        """Whether a unit was closed at any moment since a request was first sent."""
        with self.lock:
            return any(asked <= one.reopened for one in self.closings.get(unit, ()))

    def must_refuse(self, unit: str, asked: float) -> bool:
        """Whether a unit was closed at every moment since a request was first sent."""
        with self.lock:
            return any(
                one.answered <= asked and one.reopening == inf
                for one in self.closings.get(unit, ())
            )
