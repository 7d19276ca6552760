"""A table read row by row: each row's line, values, and the problems found in it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import IO

from shared.tables import problems
from shared.tables.cells import visible
from shared.tables.columns import Header, TableSchema
from shared.tables.csvfile import SEPARATORS, CsvFile, Record, inspect
from shared.tables.problems import Problem, Unreadable

SEARCHED_LINES = 10
"""Offices put a title and a date of issue above the header."""


@dataclass(frozen=True)
class Row:
    """One row below the header.

    Args:
        line: number of the line in the file where the row begins, from 1.
        values: of every column of the schema; None where blank, unreadable or not in the file.
        cells: as they stand, for an error report.
        problems: what could not be read; such a row is not to be imported.
    """

    line: int
    values: dict[str, str | None]
    cells: tuple[str, ...]
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class Table:
    """A file whose form is understood; its rows are read each time they are asked for."""

    file: CsvFile
    schema: TableSchema
    separator: str
    header: Header

    @property
    def expected_rows(self) -> int:
        """The lines below the header, an estimate of the rows."""
        return self.file.lines - self.header.line

    def title_of(self, name: str) -> str:
        """Return the file's own title of a column, else the one to add; other names stay."""
        if name in self.header.index:
            return self.header.titles[self.header.index[name]]
        column = self.schema.by_name.get(name)
        return column.titles[0] if column else name

    def rows(self) -> Iterator[Row]:
        """Yield every row below the header that has content.

        Raises:
            TableError: quoting breaks, or the file changed under the reading.
        """
        for line, cells in self.file.records(self.separator):
            if line > self.header.line and any(cell.strip() for cell in cells):
                yield self._row(line, cells)

    def _row(self, line: int, cells: tuple[str, ...]) -> Row:
        """Read the cells of one row; a missing cell at the end of a row is a blank one."""
        values: dict[str, str | None] = dict.fromkeys(self.schema.by_name)
        found = self._row_problems(cells)
        for name, position in self.header.index.items():
            cell = cells[position] if position < len(cells) else ""
            try:
                values[name] = self.schema.by_name[name].value(cell)
            except Unreadable as error:
                title = self.header.titles[position]
                found.append(replace(error.problem, column=name, title=title))
        return Row(line, values, cells, tuple(found))

    def _row_problems(self, cells: tuple[str, ...]) -> list[Problem]:
        """Name what breaks the row as a whole: such faults lose cells or rows unseen."""
        found: list[Problem] = []
        width = self.header.width
        if extra := sum(1 for cell in cells[width:] if visible(cell)):
            found.append(Problem(problems.EXTRA_CELLS, {"extra": extra}))
        for title, cell in zip(self.header.titles, cells, strict=False):
            # A remark may have lines; lines with as many separators as a row are rows.
            if "\n" in cell and cell.count(self.separator) >= width // 2:
                params = {"column": title, "counted": self.schema.counted}
                found.append(Problem(problems.OPEN_QUOTE, params, title=title))
        return found


def read_table(stream: IO[bytes], schema: TableSchema, name: str) -> Table:
    """Understand the form of a file: coding, separator and header.

    Args:
        stream: the file, seekable; it stays open as long as its rows are read.
        schema: the columns to look for.
        name: what messages call the file.

    Raises:
        TableError: the file as a whole cannot be read.
        OSError: the stream cannot be read.
    """
    file = inspect(stream, name)
    best: tuple[int, str, Record] | None = None
    for separator in SEPARATORS:
        for record in islice(file.records(separator), SEARCHED_LINES):
            score = schema.score(record[1])
            if best is None or score > best[0]:
                best = score, separator, record
    if best is None:
        raise problems.TableError(problems.EMPTY, file=name)
    score, separator, (line, cells) = best
    if score == 0:
        raise schema.no_header(SEARCHED_LINES)
    return Table(file, schema, separator, schema.header(cells, line))
