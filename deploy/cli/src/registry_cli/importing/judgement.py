"""Damage that only a whole roster shows: judged in one reading, before a row of it is sent."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from registry_cli.importing.doubts import TEXTS, Doubt
from registry_cli.importing.roster import EIGHTEEN, birth_date_in, id_type_of
from registry_cli.importing.surnames import begins_known
from shared.base import clock
from shared.people.identifiers import IdType, check
from shared.people.problems import IdentifierProblem
from shared.tables import problems
from shared.tables.chance import improbable
from shared.tables.csvfile import CsvFile
from shared.tables.problems import Problem
from shared.tables.table import Row
from shared.tables.writing import is_odd

LOST_SHARE = 1 / 500
"""Of true 18-digit numbers that end in 000: a sequence of hundreds and a check character 0. What a
spreadsheet leaves has 15 significant digits, and so always ends like this."""
WRONG_SHARE = 1 / 50_000
"""Of numbers that end in 000 with a check character that does not fit: one in a hundred is mistyped,
and of those one in 500 ends like this. Of cut numbers ten in eleven do, so a few show it."""
BIRTH_DATE_SHARE = 1 / 20
"""Of one birth date in a right roster, taken high: a class of one school year has 1 / 365."""
SURNAME_SHARE = 0.6
"""Of one surname in a right roster, taken high: a village may be one family, a county is not."""
UNREADABLE_SHARE = 0.5
GARBLED_SHARE = 1 / 2_000
"""Of true names that begin as no name is known to and are odd characters by half or more."""
GARBLED_LIMITS = {True: 1e-3, False: 1e-6}
"""By whether the encoding is a guess. Where it is, even one such name of two is no chance; where it
is certain, a short list of rare names is."""
UNKNOWN_SHARE = 0.3
"""Of names in a right roster that begin as no known one, taken high: surnames alone leave 0.02."""
SMALLEST = 10
"""Rows; of fewer, equal birth dates and surnames are no evidence (a family, twins)."""
SHOWN = 3

_LOST = re.compile(r"\d{15}000")


class Finding(NamedTuple):
    """Why a roster is doubtful as a whole."""

    doubt: Doubt
    problem: Problem


@dataclass
class Suspects:
    """How many there are, and the line of the first."""

    count: int = 0
    first: int = 0

    def add(self, line: int) -> None:
        """Count one."""
        self.count += 1
        self.first = self.first or line


@dataclass
class Judgement:
    """What was seen of a roster so far. Its size depends on no number of rows."""

    rows: int = 0
    unreadable: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    numbers: int = 0
    lost: int = 0
    wrong: int = 0
    births: Counter[str] = field(default_factory=Counter)
    surnames: Counter[str] = field(default_factory=Counter)
    names: int = 0
    garbled: Suspects = field(default_factory=Suspects)
    unknown: Suspects = field(default_factory=Suspects)

    def add(self, row: Row) -> None:
        """Count one row."""
        self.rows += 1
        if row.problems:
            self.unreadable += 1
            self.reasons.update({problem.code for problem in row.problems})
        number = row.values["id_number"] or ""
        if EIGHTEEN.fullmatch(number):
            self.numbers += 1
            if is_lost(number):
                self.lost += 1
                self.wrong += not _is_valid(number)
        if born := row.values["birth_date"] or birth_date_in(number):
            self.births[born] += 1
        if name := row.values["name"]:
            self._add_name(name, row.line)

    def _add_name(self, name: str, line: int) -> None:
        self.names += 1
        self.surnames[name[0]] += 1
        if not begins_known(name):
            self.unknown.add(line)
            if 2 * sum(map(is_odd, name)) >= len(name):
                self.garbled.add(line)

    def findings(self, file: CsvFile) -> list[Finding]:
        """Return what chance does not explain in the rows of a file."""
        found = [
            self._garbled(file),
            self._most_common(Doubt.ONE_BIRTH_DATE, self.births, BIRTH_DATE_SHARE),
            self._most_common(Doubt.ONE_SURNAME, self.surnames, SURNAME_SHARE),
        ]
        if improbable(self.lost, self.numbers, LOST_SHARE) or improbable(
            self.wrong, self.numbers, WRONG_SHARE
        ):
            seen = {"count": self.lost, "total": self.numbers, "wrong": self.wrong}
            found.insert(0, _finding(Doubt.NUMBERS_LOST, **seen))
        if improbable(self.unreadable, self.rows, UNREADABLE_SHARE):
            seen = {"count": self.unreadable, "total": self.rows}
            found.append(_finding(Doubt.UNREADABLE_ROWS, **seen, reasons=most_common(self.reasons)))
        return [one for one in found if one is not None]

    def _garbled(self, file: CsvFile) -> Finding | None:
        limit = GARBLED_LIMITS[file.guessed]
        seen = self.garbled
        if not improbable(seen.count, self.names, GARBLED_SHARE, limit):
            seen = self.unknown
            if not (file.guessed and improbable(seen.count, self.names, UNKNOWN_SHARE)):
                return None
        return _finding(
            Doubt.GARBLED_NAMES,
            encoding=file.shown_encoding,
            count=seen.count,
            total=self.names,
            line=seen.first,
        )

    def _most_common(self, doubt: Doubt, seen: Counter[str], share: float) -> Finding | None:
        total = seen.total()
        if total < SMALLEST:
            return None
        ((value, count),) = seen.most_common(1)
        if not improbable(count, total, share):
            return None
        return _finding(doubt, count=count, total=total, value=value)


def judge(rows: Iterable[Row], file: CsvFile) -> list[Finding]:
    """Return why a roster is doubtful as a whole, nothing where it is not.

    Args:
        rows: all of them.
        file: where they come from; how it is read counts as evidence.
    """
    seen = Judgement()
    for row in rows:
        seen.add(row)
    return seen.findings(file)


def is_lost(number: str) -> bool:
    """Return whether a number has the form of one that a spreadsheet cut to 15 digits."""
    return _LOST.fullmatch(number) is not None


def _is_valid(number: str) -> bool:
    try:
        check(IdType(id_type_of(number)), number, clock.today())
    except IdentifierProblem:
        return False
    return True


def lost_number(row: Row) -> Problem | None:
    """Return the problem of a row's number in a roster whose numbers were found to be lost."""
    number = row.values["id_number"] or ""
    params = {"value": number}
    return Problem(problems.NUMBER_LOST, params, "id_number") if is_lost(number) else None


def most_common(reasons: Counter[str]) -> str:
    """Return the commonest codes with their numbers, for a message in any language."""
    return ", ".join(f"{code} {count}" for code, count in reasons.most_common(SHOWN))


def _finding(doubt: Doubt, **params: object) -> Finding:
    return Finding(doubt, Problem(TEXTS[doubt], params))
