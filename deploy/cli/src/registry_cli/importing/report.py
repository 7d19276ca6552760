"""The list of refused rows, for the officer to correct and import again."""

import csv
import os
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from registry_cli.importing.failures import ImportFailed
from registry_cli.rosterfile import RosterRow
from registry_cli.rosterfile.headers import (
    FIELD_COLUMN,
    LINE_COLUMN,
    REMEDY_COLUMN,
    Header,
)

ADDED = (LINE_COLUMN, FIELD_COLUMN, REMEDY_COLUMN)
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Refusal:
    """One reason why a row was refused; ``column`` is what the officer looks for in the file."""

    column: str
    code: str
    message: str


def path_beside(roster: Path) -> Path:
    """Return where the report of a roster goes unless told otherwise: beside it."""
    return roster.with_name(f"{roster.stem}.errors.csv")


class ErrorReport:
    """A CSV of the refused rows as they stand, with line, field and remedy.

    Begun with the first refused row, readable by its owner only: it holds personal data.
    """

    def __init__(self, path: Path, header: Header) -> None:
        self.path = path
        self.rows = 0
        self._kept = [i for i, title in enumerate(header.columns) if title.strip() not in ADDED]
        self._titles = [header.columns[position] for position in self._kept]
        self._stream: IO[str] | None = None
        self._writer: Any = None

    def add(self, row: RosterRow, refusals: list[Refusal]) -> None:
        """Write one refused row with all its reasons."""
        if self._writer is None:
            self._begin()
        cells = [row.raw[i] if i < len(row.raw) else "" for i in self._kept]
        columns = "；".join(dict.fromkeys(refusal.column for refusal in refusals))
        remedies = "；".join(refusal.message for refusal in refusals)
        self._writer.writerow([harmless(c) for c in (*cells, str(row.line), columns, remedies)])
        self.rows += 1

    def close(self) -> None:
        """Finish the file."""
        if self._stream is not None:
            self._stream.close()

    def _begin(self) -> None:
        try:
            handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            self._stream = os.fdopen(handle, "w", encoding="utf-8-sig", newline="")
        except OSError as error:
            raise ImportFailed("report", path=self.path, reason=error.strerror) from error
        self._writer = csv.writer(self._stream, lineterminator="\r\n")
        self._writer.writerow([*self._titles, *ADDED])


def harmless(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula; reading takes the mark off again."""
    return f"'{cell}" if cell.lstrip(" \u3000").startswith(FORMULA_STARTS) else cell
