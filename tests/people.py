"""Synthetic people with valid check digits who belong to nobody (counties 70 to 99 do not exist)."""

import itertools
from datetime import date, timedelta
from typing import Any

from shared.base.clock import today

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECKS = "10X98765432"
PHONE = "19900001234"
_numbers = itertools.count(300_000_000)
"""Far from the serials that benchmarks name; 402 million follow before a number comes again."""


def checked(body: str) -> str:
    """Append the check character to seventeen digits.

    The rule is GB 11643 (MOD 11-2), written here apart from the registry's own.
    """
    total = sum(int(digit) * weight for digit, weight in zip(body, WEIGHTS, strict=True))
    return body + CHECKS[total % 11]


def resident_id(serial: int | None = None, *, county: str = "330199") -> str:
    """Return an 18-character resident number; serials differ in birth date and sequence."""
    number = next(_numbers) if serial is None else serial
    rest, sequence = divmod(number, 999)
    rest, day = divmod(rest, 28)
    rest, month = divmod(rest, 12)
    rest, year = divmod(rest, 40)
    area = f"{county[:4]}{rest % 30 + 70}"
    return checked(f"{area}{1950 + year}{month + 1:02}{day + 1:02}{sequence + 1:03}")


def id_number(sequence: int, born: str = "19900307", area: str = "330199") -> str:
    """Return the resident number of a birth date (``YYYYMMDD``) and a sequence of three digits."""
    return checked(f"{area}{born}{sequence:03d}")


def miswritten() -> str:
    """Return a number whose check character is wrong."""
    number = resident_id()
    return number[:-1] + next(digit for digit in CHECKS if digit != number[-1])


def consent(**fields: Any) -> dict[str, Any]:
    """Return a consent as an officer's form carries it."""
    return {"version": "2026-1", "channel": "paper", "given_on": "2026-01-05", **fields}


def guardian(**fields: Any) -> dict[str, Any]:
    """Return a guardian who consents."""
    given = {"name": "李四光", "relation": "母亲", "phone": "13900001111", "consent": consent()}
    return {**given, **fields}


def born(age: int, days: int = 0) -> date:
    """Return the birthday of whoever is so many years old today, or so many days younger."""
    day = today()
    if (day.month, day.day) == (2, 29):
        day = day.replace(day=28)
    return day.replace(year=day.year - age) + timedelta(days=days)


def child(age: int = 15) -> dict[str, Any]:
    """Return the fields of a child's registration, by passport."""
    number = f"E{next(_numbers):08d}"
    return {
        "id_type": "PASSPORT", "id_number": number, "id_country": "USA",
        "birth_date": f"{today().year - age}-01-01",
    }  # fmt: skip


def member(unit: str, **fields: Any) -> dict[str, Any]:
    """Return the body of a member's application."""
    return {
        "kind": "INDIVIDUAL_ADULT",
        "unit_id": unit,
        "name": "王小明",
        "id_type": "RESIDENT_ID",
        "id_number": resident_id(),
        "phone": PHONE,
        "consent": consent(),
        **fields,
    }


def volunteer(unit: str, **fields: Any) -> dict[str, Any]:
    """Return the body of a volunteer's enrolment."""
    body = {**member(unit), **fields}
    body.pop("kind")
    return body


_sequences = itertools.count()


def born_on(day: date, *, area: str = "330198") -> str:
    """Return the number, new to every register of this process, of somebody born on a day."""
    return id_number(next(_sequences) % 999 + 1, f"{day:%Y%m%d}", area)
