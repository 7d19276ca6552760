"""A table read row by row: each row's line, values, and the problems found in it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from operator import itemgetter
from typing import IO

from shared.tables import problems
from shared.tables.cells import visible
from shared.tables.columns import TableSchema
from shared.tables.csvfile import SEPARATORS, CsvFile, inspect
from shared.tables.problems import Problem, TableError, Unreadable
from shared.tables.writing import is_broken, is_odd

SEARCHED_LINES = 10
"""Offices put a title and a date of issue above the header."""
LEGIBLE_SHARE = 0.25
"""Of odd characters among the first lines of a file, up to which they are taken for text."""


@dataclass(frozen=True)
class Row:
    """One row below the header.

    Args:
        line: number of the line in the file where the row begins, from 1.
        values: of every column of the schema; None where unreadable, or blank or not in the file
            without a rule for it.
        cells: as they stand, for an error report.
        problems: what could not be read; such a row is not to be imported.
        notes: on values derived for blank cells; to be checked once the row is imported.
    """

    line: int
    values: dict[str, str | None]
    cells: tuple[str, ...]
    problems: tuple[Problem, ...] = ()
    notes: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class Table:
    """A file whose form is understood; its rows are read each time they are asked for.

    Args:
        line: number of the line of the header, from 1.
        titles: of the header, as the file has them.
        index: position of each known column the file has.
        ignored: titles of no known column; an importer shows them, so nothing is lost unseen.
    """

    file: CsvFile
    schema: TableSchema
    separator: str
    line: int
    titles: tuple[str, ...]
    index: Mapping[str, int]
    ignored: tuple[str, ...]

    @cached_property
    def width(self) -> int:
        """Columns up to the last that has a title: spreadsheets pad a header to the longest row."""
        return max((at for at, title in enumerate(self.titles, 1) if visible(title)), default=0)

    @cached_property
    def margin(self) -> tuple[int, ...]:
        """The positions of columns that are not imported and not our own."""
        known = set(self.index.values())
        return tuple(
            at
            for at, title in enumerate(self.titles[: self.width])
            if at not in known and visible(title).lower() not in self.schema.own
        )

    @property
    def expected_rows(self) -> int:
        """The lines below the header, an estimate of the rows."""
        return self.file.lines - self.line

    def title_of(self, name: str) -> str:
        """Return the file's own title of a column, else the one to add; other names stay."""
        if name in self.index:
            return self.titles[self.index[name]]
        column = self.schema.by_name.get(name)
        return column.titles[0] if column else name

    def rows(self) -> Iterator[Row]:
        """Yield every row below the header that has content.

        Raises:
            TableError: quoting breaks, or the file changed under the reading.
        """
        for line, cells in self.file.records(self.separator):
            if line > self.line and any(map(visible, cells)):
                yield self._row(line, cells)

    def _row(self, line: int, cells: tuple[str, ...]) -> Row:
        """Read the cells of one row; a missing cell at the end of a row is a blank one."""
        found: list[Problem] = []
        # What breaks a row as a whole loses cells or rows unseen.
        if extra := sum(1 for cell in cells[self.width :] if visible(cell)):
            found.append(Problem(problems.EXTRA_CELLS, {"extra": extra}))
        for title, cell in zip(self.titles, cells, strict=False):
            # A remark may have lines; lines with as many separators as a row are rows.
            if "\n" in cell and cell.count(self.separator) >= self.width // 2:
                params = {"column": title, "counted": self.schema.counted}
                found.append(Problem(problems.OPEN_QUOTE, params, title=title))
        values: dict[str, str | None] = dict.fromkeys(self.schema.by_name)
        for name, position in self.index.items():
            cell = cells[position] if position < len(cells) else ""
            try:
                values[name] = self.schema.by_name[name].value(cell)
            except Unreadable as error:
                title = self.titles[position]
                found.append(replace(error.problem, column=name, title=title))
        found += self._remarks(cells)
        notes = () if found else tuple(self._fill(values, found))
        return Row(line, values, cells, tuple(found), notes)

    def _fill(self, values: dict[str, str | None], found: list[Problem]) -> Iterator[Problem]:
        """Derive the values of blank cells; yield the notes on it, and add what is wrong."""
        for column in self.schema.columns:
            if column.blank is None or values[column.name] is not None:
                continue
            try:
                filled = column.blank(values)
            except Unreadable as error:
                title = self.title_of(column.name)
                found.append(replace(error.problem, column=column.name, title=title))
                continue
            if filled is not None:
                values[column.name] = filled.value
                if filled.note is not None:
                    yield replace(filled.note, column=column.name)

    def _remarks(self, cells: tuple[str, ...]) -> Iterator[Problem]:
        """Yield what cells that are not imported say against the import of a row."""
        if self.schema.remark is None:
            return
        for at in self.margin:
            if at < len(cells) and (text := visible(cells[at])):
                try:
                    self.schema.remark(text)
                except Unreadable as error:
                    yield replace(error.problem, title=self.titles[at])


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
    headers = (
        (schema.score(cells), separator, line, cells)
        for separator in SEPARATORS
        for line, cells in islice(file.records(separator), SEARCHED_LINES)
    )
    best = max(headers, key=itemgetter(0), default=None)
    if best is None:
        raise TableError(problems.EMPTY, file=name)
    score, separator, line, cells = best
    if score == 0:
        raise _illegible(file) or schema.no_header(SEARCHED_LINES)
    return Table(file, schema, separator, line, cells, *schema.place(cells, line))


def _illegible(file: CsvFile) -> TableError | None:
    """Return the refusal of a file whose first lines are no text in the encoding it is read in."""
    is_wrong = is_odd if file.guessed else is_broken
    letters = wrong = first = 0
    for line, cells in islice(file.records(SEPARATORS[0]), SEARCHED_LINES):
        found = [is_wrong(char) for cell in cells for char in cell if not char.isascii()]
        letters += len(found)
        wrong += sum(found)
        first = first or (line if any(found) else 0)
    if wrong <= letters * LEGIBLE_SHARE:
        return None
    encoding = file.shown_encoding
    return TableError(problems.HEADER_UNREADABLE, file=file.name, encoding=encoding, line=first)
