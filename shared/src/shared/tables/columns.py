"""The columns a table may have, as its caller declares them, and the titles that name them."""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from shared.tables import problems
from shared.tables.cells import visible
from shared.tables.problems import Problem, TableError

_REMARK = re.compile(r"\(.*?\)|[\s*_:]")


@dataclass(frozen=True)
class Filled:
    """The value of a blank cell, and the note for whoever is to check it, if any."""

    value: str
    note: Problem | None = None


@dataclass(frozen=True)
class Column:
    """One column, under whichever title an office gives it.

    Args:
        name: key of its values in a row.
        titles: headers it may have, Chinese and English; the first is the one to advise.
        read: the value of a cell that has content; raises ``Unreadable`` where there is none.
        required: a row without it is no header. A cell of it may still be blank.
        exact: full-width and other compatibility characters are part of the value, as in names.
        blank: the value of a blank cell, derived from the other values of a row without problems; raises
            ``Unreadable`` where the cell has to be filled in.
    """

    name: str
    titles: tuple[str, ...]
    read: Callable[[str], str]
    required: bool = False
    exact: bool = False
    blank: Callable[[Mapping[str, str | None]], Filled | None] | None = None

    def value(self, cell: str) -> str | None:
        """Return the value of a cell, None where it is blank.

        Raises:
            Unreadable: the cell has content without a known value.
        """
        text = visible(cell)
        if not self.exact:
            text = unicodedata.normalize("NFKC", text).strip()
        return self.read(text) or None if text else None


@dataclass(frozen=True)
class TableSchema:
    """What a kind of table may hold.

    Args:
        columns: every known column.
        examples: names of columns, for the message that no header was found.
        counted: what to count where rows may be missing: a noun in Chinese and English.
        unread: titles, in small letters, of columns whose content is not meant to be imported.
        own: titles of columns an importer adds itself; nobody looks into them.
        remark: looks into each cell of any other column that is not imported; raises ``Unreadable``
            where its words change what the row means.
    """

    columns: tuple[Column, ...]
    examples: tuple[str, ...]
    counted: tuple[str, str] = ("行数", "rows")
    unread: frozenset[str] = frozenset()
    own: frozenset[str] = frozenset()
    remark: Callable[[str], object] | None = None

    @cached_property
    def by_name(self) -> dict[str, Column]:
        """Every column by its name."""
        return {column.name: column for column in self.columns}

    @cached_property
    def _by_title(self) -> dict[str, Column]:
        return {_plain(title): column for column in self.columns for title in column.titles}

    def column_of(self, title: str) -> Column | None:
        """Return the column of a title; remarks in brackets, stars and spaces do not count."""
        return self._by_title.get(_plain(title))

    def score(self, cells: Sequence[str]) -> int:
        """Return how many columns a row of titles names, 0 if it cannot be a header."""
        found = {column.name for cell in cells if (column := self.column_of(cell))}
        whole = all(column.name in found for column in self.columns if column.required)
        return len(found) if whole and len(found) > 1 else 0

    def place(self, titles: Sequence[str], line: int) -> tuple[dict[str, int], tuple[str, ...]]:
        """Return the position of each known column of a header, and the titles of no such column.

        Raises:
            TableError: two titles name one column.
        """
        index: dict[str, int] = {}
        unknown: list[str] = []
        for position, title in enumerate(titles):
            column, plain = self.column_of(title), visible(title)
            if column is None:
                if plain and plain.lower() not in self.unread | self.own:
                    unknown.append(plain)
            elif column.name in index:
                first = titles[index[column.name]]
                raise TableError(problems.COLUMN_TWICE, line=line, first=first, second=title)
            else:
                index[column.name] = position
        return index, tuple(unknown)

    def no_header(self, searched: int) -> TableError:
        """Return the refusal of a file without a header within the lines searched."""
        required = [column for column in self.columns if column.required]
        chinese = "、".join(f"“{column.titles[0]}”" for column in required)
        english = ", ".join(f"{column.titles[0]} ({column.name})" for column in required)
        return TableError(
            problems.HEADER,
            searched=searched,
            required=(chinese, english),
            known="、".join(self.by_name[name].titles[0] for name in self.examples),
        )


def _plain(title: str) -> str:
    return _REMARK.sub("", unicodedata.normalize("NFKC", visible(title))).lower()
