"""What every entity of a register has: identity, version, status, dated states, authors.

An entity is frozen: rules take one and return another. How it is stored is its store's business.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated, ClassVar, TypeVar

from pydantic import PlainSerializer, PlainValidator

from shared.contract.timeline import State, Timeline, from_documents, to_documents

VOIDED = "VOIDED"
"""The status of what was entered in error: its whole timeline is withdrawn."""

UNWRITTEN = datetime.min.replace(tzinfo=UTC)
"""When an entity was written that the write path has not stamped yet."""

StoredDay = Annotated[date, PlainSerializer(date.isoformat)]
"""A day of China Standard Time, stored as ISO text and never as an instant."""
StoredTimeline = Annotated[Timeline, PlainValidator(from_documents), PlainSerializer(to_documents)]


@dataclass(frozen=True, kw_only=True)
class Entity:
    """What the write path knows of every entity; a noun's own fields come with its class.

    Args:
        timeline: its dated states; empty once it is voided.
        edited_by: who wrote the present version.
        drafted_by: who last wrote its content, which others then decide on. None in entries
            older than this field.
    """

    id: str
    status: str
    version: int = 1
    timeline: StoredTimeline = ()
    created_by: str = ""
    created_at: datetime = UNWRITTEN
    edited_by: str = ""
    edited_at: datetime = UNWRITTEN
    drafted_by: str | None = None

    if TYPE_CHECKING:  # a field of persons, a property of units

        @property
        def unit(self) -> str:
            """Return the id of the unit in whose scope it lies."""

    @property
    def state(self) -> State:
        """Return the countable state as it stands."""
        raise NotImplementedError

    @property
    def authors(self) -> frozenset[str]:
        """Return whom four eyes bar: who made the entity what is to be decided on.

        Where nobody is recorded as the author of its content, it is who acted last.
        """
        return frozenset({self.created_by, self.drafted_by or self.edited_by})

    card: ClassVar[Mapping[str, object] | None] = None
    """Further fields of the data of its events."""

    @property
    def was_counted(self) -> bool:
        """Whether it ever stood in a published figure."""
        raise NotImplementedError


E = TypeVar("E", bound=Entity)
