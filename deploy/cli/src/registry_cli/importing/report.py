"""What an import leaves beside the roster: refused rows to correct, accepted ones to check."""

import csv
import os
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from registry_cli.importing.failures import ImportFailed
from registry_cli.importing.roster import ADDED_TITLES, LINE_TITLE
from shared.tables.cells import visible
from shared.tables.csvfile import SEPARATORS
from shared.tables.table import Row, Table

WARNING_TITLES = (LINE_TITLE, "登记编号", "提示")
FORMULA_STARTS = frozenset("=+-@\N{MINUS SIGN}")
"""In any width: a spreadsheet takes ＝ for =."""
BREAKS = frozenset("\t\r\n")
UNSEEN = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp"})
"""Unicode categories a spreadsheet may skip before a formula: controls, marks without width, spaces."""


@dataclass(frozen=True)
class Refusal:
    """One reason why a row was refused; ``column`` is what the officer looks for in the file."""

    column: str
    code: str
    message: str


def path_beside(roster: Path) -> Path:
    """Return where the report of a roster goes unless told otherwise: beside it."""
    return roster.with_name(f"{roster.stem}.errors.csv")


def warnings_beside(report: Path) -> Path:
    """Return where the list of warnings goes: beside the report of errors."""
    return report.with_name(f"{report.stem.removesuffix('.errors')}.warnings.csv")


class _PrivateCsv:
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
        if self._stream is None:
            self._stream = _private(self.path)
            self._write(self._stream, self._titles)
        self._write(self._stream, cells)
        self.rows += 1

    def close(self) -> None:
        """Finish the file."""
        if self._stream is not None:
            self._stream.close()

    def _write(self, stream: IO[str], cells: Sequence[str]) -> None:
        writer = csv.writer(stream, delimiter=self._separator, lineterminator="\r\n")
        writer.writerow([harmless(cell) for cell in cells])


class ErrorReport(_PrivateCsv):
    """The refused rows as they stand, with line, field and remedy.

    Separated as the roster is, so that what was wrong with a row is wrong in the report until it is
    mended.
    """

    def __init__(self, path: Path, roster: Path, table: Table) -> None:
        self._width = table.header.width
        titles = table.header.titles[: self._width]
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


class WarningList(_PrivateCsv):
    """The accepted rows with a warning: their lines, ids, and what to check.

    Not in the form of a roster, which it must not be taken for: its rows are in the registry, where
    a correction is made. Its warnings hold until then: a later run that has none leaves it.
    """

    def __init__(self, path: Path, roster: Path) -> None:
        super().__init__(path, roster, WARNING_TITLES, ",")

    def add(self, line: int, identity: str, warnings: list[str]) -> None:
        """Write one accepted row with all its warnings."""
        self.write(str(line), identity, "；".join(warnings))


def _private(path: Path) -> IO[str]:
    """Open a file anew, readable by its owner only."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.fchmod(handle, 0o600)  # an earlier file keeps its mode
        return os.fdopen(handle, "w", encoding="utf-8-sig", newline="")
    except OSError as error:
        raise ImportFailed("report", path=path, reason=error.strerror) from error


def _is_report(path: Path) -> bool:
    """Tell a report by its header, which ends with the columns we add."""
    for separator in SEPARATORS:
        try:
            with path.open(encoding="utf-8-sig", newline="") as stream:
                header = next(csv.reader(stream, delimiter=separator), [])
        except (OSError, UnicodeDecodeError, csv.Error):
            return False
        if tuple(header[-len(ADDED_TITLES) :]) == ADDED_TITLES:
            return True
    return False


def harmless(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula; reading takes the mark off again."""
    bare = _without_unseen(cell)
    unseen = cell[: len(cell) - len(bare)]
    first = unicodedata.normalize("NFKC", bare[:1])
    risky = first[:1] in FORMULA_STARTS or not BREAKS.isdisjoint(unseen)
    return f"'{cell}" if bare and risky else cell


def _without_unseen(cell: str) -> str:
    seen = (at for at, sign in enumerate(cell) if unicodedata.category(sign) not in UNSEEN)
    return cell[next(seen, len(cell)) :]
