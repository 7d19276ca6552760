"""Every problem a service may answer with.

RegistryError
├── Malformed             400  the bytes of the request cannot be read
├── Unauthenticated       401  no token, or one that does not verify
├── Forbidden             403  may read, may not do this
├── NotFound              404  absent, or outside the reader's scope
├── Conflict              409  with another document or with the present state
├── StaleVersion          412  If-Match names a version that is no longer the present one
├── TooLarge              413  body over the limit
├── UnsupportedMedia      415  body of another content type
├── Invalid               422  a field breaks a rule
├── PreconditionRequired  428  If-Match is missing
└── Unavailable           503  something this answer needs cannot be reached now
"""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class FieldError:
    """One field at fault.

    Args:
        field: path of the field in the request, dotted (``guardian.phone``).
        code: key of the message catalogue.
        params: values the message names.
    """

    field: str
    code: str
    params: dict[str, Any] = dataclasses.field(default_factory=dict)


class RegistryError(Exception):
    """A refusal with a catalogue code; rendered once, by ``shared.web``."""

    status = 500

    def __init__(
        self,
        code: str,
        *,
        field: str | None = None,
        params: dict[str, Any] | None = None,
        errors: Sequence[FieldError] = (),
    ) -> None:
        super().__init__(code)
        self.code = code
        self.params = params or {}
        own = [FieldError(field, code, self.params)] if field is not None else []
        self.errors = [*own, *errors]


class Malformed(RegistryError):
    status = 400


class Unauthenticated(RegistryError):
    status = 401


class Forbidden(RegistryError):
    status = 403


class NotFound(RegistryError):
    status = 404


class Conflict(RegistryError):
    status = 409


class StaleVersion(RegistryError):
    status = 412

    def __init__(self, current: int) -> None:
        super().__init__("version.stale", params={"current": current})
        self.current_version = current


class TooLarge(RegistryError):
    status = 413


class UnsupportedMedia(RegistryError):
    status = 415


class Invalid(RegistryError):
    status = 422


class PreconditionRequired(RegistryError):
    status = 428


class Unavailable(RegistryError):
    status = 503


def invalid(errors: Sequence[FieldError], count: int | None = None) -> Invalid:
    """Return the refusal of fields at fault; a single one gives it its code.

    Args:
        errors: those that are reported.
        count: how many there are, where not all are reported.
    """
    if len(errors) == 1:
        return Invalid(errors[0].code, params=errors[0].params, errors=errors)
    return Invalid("request.invalid", params={"count": count or len(errors)}, errors=errors)


def refuse(errors: Sequence[FieldError]) -> None:
    """Raise all fields at fault as one refusal, if there are any.

    Raises:
        Invalid: carrying every field at fault.
    """
    if errors:
        raise invalid(errors)


class ValueProblem(ValueError):
    """A value that breaks a rule of its own; the edge makes a field error of it.

    Carries the code of a message and the values that message names, never the refused value
    itself: problems are logged and returned.
    """

    def __init__(self, code: str, params: Mapping[str, str | int] | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.params: dict[str, str | int] = dict(params or {})
