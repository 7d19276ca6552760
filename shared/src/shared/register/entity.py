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
"""Time of an entity that the write path has not stamped yet."""

StoredDay = Annotated[date, PlainSerializer(date.isoformat)]
"""A day of China Standard Time, stored as ISO text and never as an instant."""
StoredTimeline = Annotated[Timeline, PlainValidator(from_documents), PlainSerializer(to_documents)]


@dataclass(frozen=True, kw_only=True)
class Entity:
    """The fields of every entity; a noun's class adds its own.

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
        """Return the present countable state."""
        raise NotImplementedError

    @property
    def authors(self) -> frozenset[str]:
        """Return who may not decide on it: its creator and the last author of its content.

        Without a recorded author of the content, it is the last editor.
        """
        return frozenset({self.created_by, self.drafted_by or self.edited_by})

    card: ClassVar[Mapping[str, object] | None] = None
    """Further fields of the data of its events."""

    @property
    def was_counted(self) -> bool:
        """Whether it was ever part of a published figure."""
        raise NotImplementedError


E = TypeVar("E", bound=Entity)
