"""What every use case works with: the office both registers have, and the rules of members."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from member import store
from member.domain import OPEN, REOPENABLE, Rules, check_unit
from shared.base.errors import FieldError
from shared.base.mongo import AsyncDatabase
from shared.contract import events
from shared.people.office import Office
from shared.register.directory import Card
from shared.register.entities import EntityWriter

SOURCE = "/services/member"


def writer(database: AsyncDatabase, partitions: int) -> EntityWriter:
    """Return the one way memberships are written."""
    return EntityWriter(database, store.MEMBERS, SOURCE, events.MEMBER_TOPIC, partitions)


def taken(holder: Mapping[str, Any]) -> str:
    """Return the code of the refusal of a number that a membership holds."""
    if holder["status"] in OPEN:
        return "person.duplicate"
    return "member.closed" if holder["status"] in REOPENABLE else "member.barred"


@dataclass(frozen=True)
class Registry:
    """The wiring of the service."""

    office: Office
    rules: Rules

    def unit_check(self, card: Card) -> list[FieldError]:
        """Return what speaks against a unit taking a member."""
        return check_unit(card.level, card.status, self.rules)
