"""Persons at rest, and commands on them, for the rules of both registers; no I/O.

Registers are built over ``NOWHERE``: what is tested on them reads and writes nothing.
"""

from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any, cast

from pydantic import BaseModel

from shared.people.encryption import KeyRing, new_key_ring
from shared.people.identifiers import IdType
from shared.people.sealed import SealedPerson
from shared.register.actions import Action
from shared.register.command import Command
from shared.register.requests import ActionInput, Grounds
from shared.web.access.principal import Principal

TODAY = date(2026, 11, 23)
MOMENT = datetime(2026, 11, 23, 4, tzinfo=UTC)
RING = KeyRing(new_key_ring())
NOWHERE = cast(Any, None)
"""A database, a directory, a group commit that nobody asks."""


def a_writer(directory: Any = NOWHERE) -> Any:
    """Return what a register of persons is made with: of all its parts, the key ring works."""
    settings = SimpleNamespace(kafka_partitions=1)
    return SimpleNamespace(
        database=NOWHERE,
        directory=directory,
        fences=NOWHERE,
        groups=NOWHERE,
        ring=RING,
        settings=settings,
    )


def a_stored_person(**fields: Any) -> SealedPerson:
    """Return a person at rest, of whom no more is known than is required."""
    given = {
        "name": "王小明", "sex": "1", "id_type": IdType.RESIDENT_ID, "birth_date": date(1990, 3, 7),
    }  # fmt: skip
    return SealedPerson(**{**given, **fields})


def a_command(
    action: Action,
    subject: str = "approver",
    *,
    day: date = TODAY,
    reason: str | None = "a reason",
    given: BaseModel | None = None,
) -> Command:
    """Return a command of somebody whose grants nobody looks at.

    Args:
        given: the body; by default that of an action, with the reason.
    """
    body = ActionInput(reason=reason) if given is None else given
    return Command(
        action=action,
        caller=Principal(subject),
        given=body,
        moment=MOMENT,
        today=TODAY,
        day=day,
        entity="e1",
        reason=body.reason if isinstance(body, Grounds) else None,
    )
