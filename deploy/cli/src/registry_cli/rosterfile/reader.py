"""Streams the rows of a roster: finds separator and header, then reads row by row."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from registry_cli.rosterfile import codes, headers, values
from registry_cli.rosterfile.headers import Header
from registry_cli.rosterfile.inspection import FileFacts, inspect
from registry_cli.rosterfile.problems import Problem, RosterFileError, Unreadable

SEPARATORS = (",", "\t", ";", "，")
"""The last is the full-width comma, from files edited by hand."""

Cells = tuple[str, ...]


@dataclass(frozen=True)
class RosterRow:
    """One person's row.

    Args:
        line: number of the line in the file where the row begins, from 1.
        fields: every field of the API; None where blank or unreadable.
        raw: the cells as they stand, for an error report.
        problems: what could not be read; such a row is not to be sent.
    """

    line: int
    fields: dict[str, str | None]
    raw: Cells
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class Roster:
    """A file whose form is understood; its rows are read each time they are asked for."""

    facts: FileFacts
    separator: str
    header: Header

    def rows(self) -> Iterator[RosterRow]:
        """Yield every row below the header that has content.

        Raises:
            RosterFileError: quoting breaks, or the file changed under the reading.
        """
        for line, cells in _records(self.facts, self.separator):
            if line > self.header.line and any(cell.strip() for cell in cells):
                yield read_row(self.header, line, cells, self.separator)


def read_roster(path: Path) -> Roster:
    """Understand the form of a file: coding, separator and header.

    Raises:
        RosterFileError: the file as a whole cannot be imported.
    """
    facts = inspect(path)
    best: tuple[int, str, int, Cells] | None = None
    for separator in SEPARATORS:
        for line, cells in islice(_records(facts, separator), headers.SEARCHED_LINES):
            count = headers.recognised(cells)
            if best is None or count > best[0]:
                best = (count, separator, line, cells)
    if best is None:
        raise RosterFileError("file.empty", path=path)
    count, separator, line, cells = best
    if count == 0:
        raise RosterFileError("file.header", searched=headers.SEARCHED_LINES, known=headers.SAMPLE)
    return Roster(facts, separator, headers.read_header(cells, line))


def read_row(header: Header, line: int, cells: Cells, separator: str = ",") -> RosterRow:
    """Read the cells of one row; a missing cell at the end of a row is a blank one."""
    found: dict[str, str | None] = dict.fromkeys(headers.FIELDS)
    problems = _row_problems(header, cells, separator)
    for field, position in header.index.items():
        try:
            found[field] = values.read(field, cells[position] if position < len(cells) else "")
        except Unreadable as error:
            problems.append(Problem(field, header.columns[position], error.code, error.params))
    at_fault = {problem.field for problem in problems}
    if found["kind"] is None and "kind" not in at_fault:
        found["kind"] = codes.DEFAULT_KIND
    if found["id_type"] is None and not at_fault & {"id_type", "id_number"}:
        found["id_type"] = values.id_type_of(found["id_number"])
    return RosterRow(line, found, cells, tuple(problems))


def _row_problems(header: Header, cells: Cells, separator: str) -> list[Problem]:
    """Name what breaks the row as a whole: such faults lose cells or persons unseen."""
    problems: list[Problem] = []
    if extra := len([cell for cell in cells[header.width :] if values.visible(cell)]):
        problems.append(Problem(None, None, "row.extra_cells", {"extra": extra}))
    for title, cell in zip(header.columns, cells, strict=False):
        # A remark may have lines; lines with as many separators as a row are rows.
        if "\n" in cell and cell.count(separator) >= header.width // 2:
            problems.append(Problem(None, title, "row.open_quote", {"column": title}))
    return problems


def _records(facts: FileFacts, separator: str) -> Iterator[tuple[int, Cells]]:
    """Yield (first line, cells) of every record, blank ones included."""
    with facts.path.open(encoding=facts.encoding, newline="") as stream:
        reader = csv.reader(stream, delimiter=separator)
        begins = 1
        try:
            for cells in reader:
                yield begins, tuple(cells)
                begins = reader.line_num + 1
        except csv.Error as error:
            raise RosterFileError("file.quoting", line=begins, reason=error) from error
        except UnicodeDecodeError as error:
            raise RosterFileError("file.changed", path=facts.path) from error
