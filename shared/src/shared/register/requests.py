"""What requests to every register have in common: the grounds of a change, actions, corrections."""

from operator import methodcaller
from typing import Annotated, ClassVar, Self

from pydantic import Field, PlainSerializer, model_validator
from pydantic_core import PydanticCustomError

from shared.web.fields import Day, PaperDay, PlainText, ShortText, StrictModel

Reason = Annotated[PlainText, Field(description="kept in the history or the access log")]


class PaperDocument(StrictModel):
    """The paper an action rests on (批复)."""

    number: ShortText
    issued_on: PaperDay | None = None


StoredDocument = Annotated[PaperDocument, PlainSerializer(methodcaller("model_dump", mode="json"))]
"""A paper as an entity keeps it."""


class Grounds(StrictModel):
    """Why something is changed, and on which document."""

    reason: Reason | None = None
    document: PaperDocument | None = None


NO_GROUNDS = Grounds()


class Dated(StrictModel):
    """A change with a day of effect: the date of its document, today if omitted."""

    effective_on: Day | None = Field(default=None, description="the document's date, or today")


class ActionInput(Grounds, Dated):
    """What every action takes; without a day it takes effect today."""


class Correction(Grounds):
    """Fields that were wrong from the start; null empties one that may be empty."""

    GROUNDS: ClassVar[frozenset[str]] = frozenset(Grounds.model_fields)

    @property
    def corrected(self) -> frozenset[str]:
        """Names of the fields to correct."""
        return frozenset(self.model_fields_set) - self.GROUNDS

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if not self.corrected:
            raise PydanticCustomError("field.empty_change", "nothing to correct")
        return self
