"""The stored form of what intake commits, in both directions (pure).

Field names of cards and dead letters appear here only, those of marks and watermarks in the
pipeline, so that reading and writing cannot diverge.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import Any

from aggregator.intake.projection import DeadLetter
from shared.contract.events.payloads import UnitCard
from shared.pipeline import marks
from shared.pipeline.eventlog import TopicPartition
from shared.pipeline.marks import Cursor

Document = dict[str, Any]

GENERATION = 1
"""A rebuild is to write the next one next to it (docs/design.md section 5.6)."""
COUNTERS = "counters"
HISTORY = "history"
MARKS = "marks"
UNITS = "units"
WATERMARKS = "watermarks"
DEAD_LETTERS = "dead_letters"
"""Intake inserts here, in the transaction of the chunk; the noun ``deadletters`` does the rest."""
OPEN = "open"
"""The state of a dead letter that nobody has closed."""
REPLAYED, DISMISSED = "replayed", "dismissed"
VOIDED = "voided"
"""Of a letter of which the source, restored from a backup, knows nothing."""


@dataclass(frozen=True)
class Card:
    """A unit as the tree shows it."""

    id: str
    version: int
    name: str
    region_code: str | None
    level: str
    type: str
    status: str
    parent: str | None
    flags: tuple[str, ...]


@dataclass(frozen=True)
class Dismissed:
    """A letter that was closed without counting it: by so much the figures differ."""

    id: str
    source: str
    topic: str
    partition: int
    first: int
    last: int
    dismissal: str
    closed_by: str


_NAMED = itemgetter("_id", "version", "name", "region_code", "level", "type", "status", "parent")


def card_document(card: UnitCard) -> Document:
    # As JSON: the database takes no plain dates (seen: a unit with its founding day stopped the worker).
    return {"_id": card.id, **card.model_dump(mode="json", exclude={"id"})}


def card_of(document: Mapping[str, Any]) -> Card:
    fields: tuple[Any, ...] = (*_NAMED(document), tuple(document["flags"]))
    return Card(*fields)


def mark_id(place: TopicPartition) -> str:
    return f"{GENERATION}/{place[0]}/{place[1]}"


def mark_fields(place: TopicPartition, cursor: Cursor, topic_id: str) -> Document:
    """Return a partition's mark as the next commit stores it, without its id."""
    return {"g": GENERATION, **marks.fields_of(cursor, place, topic_id)}


def dismissed_of_ours() -> Document:
    """Return the query for dismissed letters that hold events: a foreign record is no difference."""
    return {"state": DISMISSED, "source": {"$ne": ""}}


def dismissed_of(document: Mapping[str, Any]) -> Dismissed:
    names = (name for name in Dismissed.__dataclass_fields__ if name != "id")
    return Dismissed(document["_id"], *(document[name] for name in names))


def letter_of(document: Mapping[str, Any]) -> DeadLetter:
    names = (name for name in DeadLetter.__dataclass_fields__ if name != "id")
    return DeadLetter(document["_id"], *(document[name] for name in names))


def letter_fields(letter: DeadLetter, at: datetime) -> Document:
    """Return the stored form of a dead letter when it is set aside, without its id."""
    fields = {name: value for name, value in vars(letter).items() if name != "id"}
    return {**fields, "state": OPEN, "at": at}
