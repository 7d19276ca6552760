"""Days against each other: which day of an entity may not lie before which other.

Each noun has one table of rows; every entrance of its register asks it, so a rule of days holds for
an application, a correction, a return and an import alike.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from shared.base.errors import FieldError

FOUNDING_OF_THE_SOCIETY = date(1904, 3, 10)
"""Nobody joined, consented or was filed before the society was founded."""


@dataclass(frozen=True, kw_only=True)
class Relation:
    """One row: the day ``earlier`` is never after the day ``later``.

    Args:
        code: of the refusal; its message is given ``earlier`` and ``later`` as ISO days.
    """

    earlier: str
    later: str
    code: str


def violations(
    relations: Iterable[Relation],
    days: Mapping[str, date | None],
    fields: Mapping[str, str],
) -> list[FieldError]:
    """Return the rows that some days violate; a day that is not known violates none.

    Args:
        days: by the names that the rows use.
        fields: the request's field for a day's name, for the days that the request gives: the
            refusal names the later one of a row if the request gives it, else the earlier one.
    """
    errors: list[FieldError] = []
    for row in relations:
        earlier, later = days.get(row.earlier), days.get(row.later)
        if earlier is None or later is None or earlier <= later:
            continue
        name = fields.get(row.later) or fields.get(row.earlier) or row.later
        params = {"earlier": earlier.isoformat(), "later": later.isoformat()}
        errors.append(FieldError(name, row.code, params))
    return errors
