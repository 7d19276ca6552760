"""The days of a unit against each other and against those of its parent: one table for every entrance.

Pure [DESIGN]: no rule was found but that of the society's founding (docs/domain.md section 1.4).
"""

from collections.abc import Iterable, Mapping
from datetime import date

from org_units.units.rules import Unit
from shared.base.errors import FieldError
from shared.register.actions import violations_of_day
from shared.register.days import Relation, violations

RELATIONS = (
    Relation(
        earlier="predecessor_founded_on",
        later="founded_on",
        code="unit.founded_before_predecessor",
    ),
    Relation(earlier="founded_on", later="active_from", code="unit.active_before_founded"),
    Relation(earlier="parent_since", later="founded_on", code="unit.older_than_parent"),
    Relation(earlier="parent_since", later="active_from", code="unit.older_than_parent"),
)
FOUNDING = ("founded_on", "predecessor_founded_on")


def days_of(unit: Unit, parent: Unit) -> Mapping[str, date | None]:
    """Return the days that the table relates.

    A parent that continues an earlier unit is as old as that one; a unit that is stated to be
    older than its parent is not compared with it.
    """
    return {
        "founded_on": unit.founded_on,
        "predecessor_founded_on": unit.predecessor_founded_on,
        "active_from": unit.active_from,
        "parent_since": None if unit.older_than_parent else parent.since,
    }


def violations_of_days(unit: Unit, parent: Unit, given: Iterable[str]) -> list[FieldError]:
    """Return the rows of the table that a unit violates.

    Args:
        given: the fields of the request; the first of a day's fields that was given is named.
    """
    named = {
        "founded_on": ("founded_on",),
        "predecessor_founded_on": ("predecessor_founded_on",),
        "active_from": ("effective_on",),
        "parent_since": ("parent_id", "older_than_parent"),
    }
    sent = set(given)
    fields = {day: one for day, names in named.items() for one in names[::-1] if one in sent}
    return violations(RELATIONS, days_of(unit, parent), fields)


def violations_of_founding(
    founded_on: date | None, predecessor_founded_on: date | None, today: date, earliest: date
) -> list[FieldError]:
    """Return what is wrong with either day by itself: it is ahead, or no unit is so old."""
    days = zip(FOUNDING, (founded_on, predecessor_founded_on), strict=True)
    return [
        error
        for name, day in days
        if day is not None
        for error in violations_of_day(day, today, earliest, field=name)
    ]
