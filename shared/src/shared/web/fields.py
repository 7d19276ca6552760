"""Types of the fields that requests have: days, short texts, ids; and the model they stand in."""

from datetime import date
from typing import Annotated, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from shared.base import clock

_FORBIDDEN = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f"
T = TypeVar("T")


class StrictModel(BaseModel):
    """A request body or a part of one: unknown fields are refused by name, text is stripped, and
    nothing is changed later."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, str_strip_whitespace=True, hide_input_in_errors=True
    )


class _IsoDay:
    """Accepts only ``YYYY-MM-DD`` as a date, no numbers and no instants."""

    def __get_pydantic_core_schema__(self, _source: object, _handler: object) -> CoreSchema:
        text = core_schema.chain_schema(
            [
                core_schema.str_schema(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"),
                core_schema.date_schema(),
            ]
        )
        day = core_schema.union_schema([core_schema.date_schema(strict=True), text])
        return core_schema.custom_error_schema(
            day,
            custom_error_type="date.invalid",
            custom_error_message="a day is written YYYY-MM-DD",
        )

    def __get_pydantic_json_schema__(self, _schema: object, _handler: object) -> JsonSchemaValue:
        return {"type": "string", "format": "date"}


Day = Annotated[date, _IsoDay()]
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
"""The date of a document: not in the future."""
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
