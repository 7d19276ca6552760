"""The key of a member who is entered from paper without a number: what keeps a roster that comes again
from entering anybody twice. It is claimed like a number, and follows what is corrected.
"""

from datetime import date
from typing import Protocol

from shared.people.encryption import KeyRing

PAPER = "PAPER"
"""Kind of the index of such a key."""


class Described(Protocol):
    """Whom a paper describes."""

    @property
    def name(self) -> str: ...
    @property
    def sex(self) -> str: ...
    @property
    def birth_date(self) -> date | None: ...


def key(ring: KeyRing, unit: str, person: Described) -> tuple[str, ...]:
    """Return the indexes of a person as a paper of a unit describes one, one per live key."""
    who = (unit, person.name, person.sex, str(person.birth_date))
    return tuple(ring.indexes(PAPER, "\0".join(who)))


def is_key(index: str) -> bool:
    """Whether an index is that of a paper, and not of a number."""
    return index.split(":")[1] == PAPER
