"""Synthetic people with valid check digits who belong to nobody (county 99 does not exist)."""

import itertools
import random
from typing import Any

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECKS = "10X98765432"
_numbers = itertools.count(random.SystemRandom().randrange(10**9))


def resident_id(serial: int | None = None, *, county: str = "330199") -> str:
    """Return an 18-character resident number; serials differ in birth date and sequence.

    The rule is GB 11643 (MOD 11-2), written here apart from the registry's own.
    """
    number = next(_numbers) if serial is None else serial
    rest, sequence = divmod(number, 999)
    rest, day = divmod(rest, 28)
    rest, month = divmod(rest, 12)
    rest, year = divmod(rest, 40)
    body = f"{county[:4]}{rest % 30 + 70}{1950 + year}{month + 1:02}{day + 1:02}{sequence + 1:03}"
    total = sum(int(digit) * weight for digit, weight in zip(body, WEIGHTS, strict=True))
    return body + CHECKS[total % 11]


def consent() -> dict[str, Any]:
    """Return a consent as an officer's form carries it."""
    return {"version": "2026-1", "channel": "paper", "given_on": "2026-01-05"}


def member(unit: str, **fields: Any) -> dict[str, Any]:
    """Return the body of a member's application."""
    return {
        "kind": "INDIVIDUAL_ADULT",
        "unit_id": unit,
        "name": "王小明",
        "id_type": "RESIDENT_ID",
        "id_number": resident_id(),
        "phone": "19900001234",
        "consent": consent(),
        **fields,
    }


def volunteer(unit: str, **fields: Any) -> dict[str, Any]:
    """Return the body of a volunteer's enrolment."""
    body = {**member(unit), **fields}
    body.pop("kind")
    return body
