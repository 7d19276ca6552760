"""Types of the fields that requests have: days, short texts, ids; and the model they stand in."""

import re
from datetime import date
from typing import Annotated, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, StringConstraints
from pydantic_core import PydanticCustomError

from shared.base import clock
from shared.contract.events.states import UnitId

_ISO_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_FORBIDDEN = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f"
T = TypeVar("T")


class StrictModel(BaseModel):
    """A request body or a part of one: unknown fields are refused by name, text is stripped, and
    nothing is changed later."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, str_strip_whitespace=True, hide_input_in_errors=True
    )


def _only_iso(value: object) -> object:
    """Let only ``YYYY-MM-DD`` become a date: numbers and instants are no days."""
    if type(value) is date:
        return value
    if isinstance(value, str) and _ISO_DAY.fullmatch(value):
        return value
    raise PydanticCustomError("date_parsing", "a day is written YYYY-MM-DD")


Day = Annotated[date, BeforeValidator(_only_iso)]
"""A day of China Standard Time."""
EARLIEST_PAPER = date(1904, 3, 10)
"""The founding of the society in Shanghai: no paper of its work is older."""


def _issued(day: date) -> date:
    if day > (present := clock.today()):
        raise PydanticCustomError("date.future", "ahead", {"today": present.isoformat()})
    if day < EARLIEST_PAPER:
        raise PydanticCustomError(
            "date.too_early", "too early", {"earliest": EARLIEST_PAPER.isoformat()}
        )
    return day


PaperDay = Annotated[Day, AfterValidator(_issued)]
"""The day a paper bears: not one of the future."""
PlainText = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, min_length=1, max_length=200, pattern=f"^[^{_FORBIDDEN}]*$"
    ),
]
"""Short free text without control characters."""
ShortText = Annotated[PlainText, StringConstraints(max_length=40)]


def kept(value: T | None) -> T:
    """Refuse null for a field that cannot be emptied; a validator of corrections."""
    if value is None:
        raise PydanticCustomError("field.required", "cannot be emptied")
    return value


__all__ = [
    "EARLIEST_PAPER",
    "Day",
    "PaperDay",
    "PlainText",
    "ShortText",
    "StrictModel",
    "UnitId",
    "kept",
]
