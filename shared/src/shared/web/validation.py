"""Turns pydantic's findings into field errors of the catalogue, without the values they quote."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from shared.base.errors import FieldError, Malformed, NotFound, RegistryError, invalid
from shared.web.messages import MESSAGES

Context = Mapping[str, Any]
_LONGEST_NAME = 80
MOST_ERRORS = 100
"""So many are reported; a caller corrects no more at a time."""
_QUOTED = re.compile(r"'([^']*)'")
_MANY_DIGITS = re.compile(r"\d{6,}")

_TYPES = {
    "string_type": "text",
    "int_type": "integer",
    "int_parsing": "integer",
    "int_from_float": "integer",
    "int_parsing_size": "integer",
    "float_type": "number",
    "float_parsing": "number",
    "finite_number": "number",
    "bool_type": "boolean",
    "bool_parsing": "boolean",
    "dict_type": "object",
    "model_type": "object",
    "model_attributes_type": "object",
    "dataclass_type": "object",
    "list_type": "list",
    "tuple_type": "list",
    "set_type": "list",
    "none_required": "null",
}
_RANGES: dict[str, Callable[[Context], str]] = {
    "greater_than": lambda context: f"> {context['gt']}",
    "greater_than_equal": lambda context: f"≥ {context['ge']}",
    "less_than": lambda context: f"< {context['lt']}",
    "less_than_equal": lambda context: f"≤ {context['le']}",
}


def plain_name(part: object) -> str:
    """Return a name a client sent, fit to be shown: a person's number may stand in its place."""
    return _MANY_DIGITS.sub("…", str(part))[:_LONGEST_NAME]


def field_error(finding: Mapping[str, Any]) -> FieldError:
    """Return the field error of one pydantic finding.

    A validator of a schema names its own code with ``PydanticCustomError(code, …, context)``.
    """
    kind: str = finding["type"]
    field = ".".join(plain_name(part) for part in finding["loc"][1:])
    context: Context = finding.get("ctx") or {}
    if kind in MESSAGES:
        return FieldError(field, kind, dict(context))
    if kind == "missing":
        return FieldError(field, "field.required") if field else FieldError("", "body.required")
    if kind == "extra_forbidden":
        return FieldError(field, "field.unknown", {"name": plain_name(finding["loc"][-1])})
    if kind in _TYPES:
        return FieldError(field, "field.type", {"expected": _TYPES[kind]})
    return _limit_error(kind, field, context)


def _limit_error(kind: str, field: str, context: Context) -> FieldError:
    if kind in {"string_too_long", "too_long"}:
        return FieldError(field, "field.too_long", {"max": context["max_length"]})
    if kind in {"string_too_short", "too_short"}:
        return FieldError(field, "field.too_short", {"min": context["min_length"]})
    if kind in _RANGES:
        return FieldError(field, "field.range", {"limits": _RANGES[kind](context)})
    if kind in {"literal_error", "enum"}:
        expected = context["expected"]  # "'A', 'B' or 'C'"
        return FieldError(field, "field.choice", {"expected": _QUOTED.findall(expected)})
    if kind.startswith("string_pattern"):
        return FieldError(field, "field.pattern")
    if kind == "date_past" or kind.startswith("date_from") or kind in {"date_type", "date_parsing"}:
        return FieldError(field, "date.invalid")
    if kind.startswith(("datetime", "timezone")):
        return FieldError(field, "instant.invalid")
    return FieldError(field, "field.invalid")


def refusal_of(findings: Sequence[Mapping[str, Any]]) -> RegistryError:
    """Return the refusal of a request that does not fit its schema."""
    if findings and findings[0]["type"] == "json_invalid":
        return Malformed("body.json")
    if findings and all(finding["loc"][:1] == ("path",) for finding in findings):
        return NotFound("not_found")
    return invalid([field_error(finding) for finding in findings[:MOST_ERRORS]], len(findings))
