"""What an import leaves next to the roster: refused rows to correct, accepted ones to check."""

import csv
import os
import unicodedata
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, NamedTuple

from registry_cli.importing.failures import ImportFailed
from registry_cli.importing.roster import ADDED_TITLES, LINE_TITLE
from shared.tables.cells import visible
from shared.tables.csvfile import SEPARATORS
from shared.tables.table import Row, Table

WARNING_TITLES = (LINE_TITLE, "登记编号", "提示")
"""Of accepted rows with what to check: not in the form of a roster, which they must not be taken
for. They are in the registry, where a correction is made, and a later run that has none leaves them.
"""
ACCEPTED_TITLES = WARNING_TITLES[:2]
FORMULA_STARTS = frozenset("=+-@\N{MINUS SIGN}")
"""In any width: a spreadsheet takes ＝ for =."""
BREAKS = frozenset("\t\r\n")
UNSEEN = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp"})
"""Unicode categories a spreadsheet may skip before a formula: controls, marks without width, spaces."""


class Refusal(NamedTuple):
    """One reason why a row was refused; ``column`` is what the officer looks for in the file."""

    column: str
    code: str
    message: str


def path_beside(roster: Path) -> Path:
    """Return where the report of a roster goes by default: next to it."""
    return roster.with_name(f"{roster.stem}.errors.csv")


def warnings_beside(report: Path) -> Path:
    """Return where the list of warnings goes: next to the report of errors."""
    return report.with_name(f"{report.stem.removesuffix('.errors')}.warnings.csv")


def accepted_beside(report: Path) -> Path:
    """Return where the list of accepted rows goes: next to the report of errors."""
    return report.with_name(f"{report.stem.removesuffix('.errors')}.accepted.csv")


class PrivateCsv:
    """A CSV that appears with its first row, readable by its owner only: it holds personal data."""

    def __init__(self, path: Path, roster: Path, titles: Sequence[str], separator: str) -> None:
        if path.exists() and path.samefile(roster):
            raise ImportFailed("report", path=path, reason="名册本身 / the roster itself")
        self.path = path
        self.rows = 0
        self._titles = titles
        self._separator = separator
        self._stream: IO[str] | None = None

    def write(self, *cells: str) -> None:
        """Write one row."""
        rows = [cells]
        if self._stream is None:
            self._stream = _private(self.path)
            rows = [tuple(self._titles), cells]
        writer = csv.writer(self._stream, delimiter=self._separator, lineterminator="\r\n")
        writer.writerows([harmless(cell) for cell in row] for row in rows)
        self.rows += 1

    def close(self) -> None:
        """Finish the file."""
        if self._stream is not None:
            self._stream.close()

    def discard(self) -> None:
        """Remove the file this run has written, if it has."""
        if self._stream is not None:
            self._stream.close()
            self.path.unlink(missing_ok=True)


def warnings_of(report: Path, roster: Path) -> PrivateCsv:
    """Return the list of accepted rows to check, not yet written."""
    return PrivateCsv(warnings_beside(report), roster, WARNING_TITLES, ",")


def accepted_of(report: Path, roster: Path) -> PrivateCsv:
    """Return the list of accepted rows, for an import that ends midway; not yet written."""
    return PrivateCsv(accepted_beside(report), roster, ACCEPTED_TITLES, ",")


class ErrorReport(PrivateCsv):
    """The refused rows as they stand, with line, field and remedy.

    Separated as the roster is, so that what was wrong with a row is wrong in the report until it is
    mended.
    """

    def __init__(self, path: Path, roster: Path, table: Table) -> None:
        self._width = table.width
        titles = table.titles[: self._width]
        self._kept = [i for i, title in enumerate(titles) if visible(title) not in ADDED_TITLES]
        kept = [titles[position] for position in self._kept]
        super().__init__(path, roster, [*kept, *ADDED_TITLES], table.separator)

    def add(self, row: Row, refusals: list[Refusal]) -> None:
        """Write one refused row with all its reasons.

        Cells beyond the header come last, again beyond it: the row stays refused, and whole, until
        somebody has put them where they belong.
        """
        cells = [row.cells[i] if i < len(row.cells) else "" for i in self._kept]
        columns = "；".join(dict.fromkeys(refusal.column for refusal in refusals))
        remedies = "；".join(refusal.message for refusal in refusals)
        self.write(*cells, str(row.line), columns, remedies, *row.cells[self._width :])

    def remove_stale(self) -> Path | None:
        """Remove what an earlier run reported here, where this one had nothing to report.

        Returns:
            The file removed. One that is not such a report stays.
        """
        if self.rows or not _is_report(self.path):
            return None
        try:
            self.path.unlink()
        except OSError as error:
            raise ImportFailed("report", path=self.path, reason=error.strerror) from error
        return self.path


def _private(path: Path) -> IO[str]:
    """Open a file anew, readable by its owner only."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.fchmod(handle, 0o600)  # an earlier file keeps its mode
        return os.fdopen(handle, "w", encoding="utf-8-sig", newline="")
    except OSError as error:
        raise ImportFailed("report", path=path, reason=error.strerror) from error


def _is_report(path: Path) -> bool:
    """Recognise a report by its header, which ends with the columns we add."""
    with suppress(OSError, UnicodeDecodeError, csv.Error):
        for separator in SEPARATORS:
            with path.open(encoding="utf-8-sig", newline="") as stream:
                header = next(csv.reader(stream, delimiter=separator), [])
            if tuple(header[-len(ADDED_TITLES) :]) == ADDED_TITLES:
                return True
    return False


def harmless(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula; reading takes the mark off again."""
    seen = (at for at, sign in enumerate(cell) if unicodedata.category(sign) not in UNSEEN)
    start = next(seen, len(cell))
    first = unicodedata.normalize("NFKC", cell[start : start + 1])
    risky = first[:1] in FORMULA_STARTS or not BREAKS.isdisjoint(cell[:start])
    return f"'{cell}" if first and risky else cell
