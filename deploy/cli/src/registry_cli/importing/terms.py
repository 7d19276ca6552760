"""What an import is told, and what it answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Mode = Literal["applications", "existing"]
"""Applications go through approval; existing members are taken over by a document."""


@dataclass(frozen=True)
class Document:
    """The paper that approved an existing membership list (批复、备案文件); day as YYYY-MM-DD."""

    number: str
    issued_on: str


@dataclass(frozen=True)
class Consent:
    """How the people of the roster agreed: version of the text, channel, day (YYYY-MM-DD)."""

    version: str
    channel: str
    given_on: str


@dataclass(frozen=True)
class Progress:
    """How far an import is; ``total`` is the number of lines, an estimate of the rows."""

    rows: int
    total: int
    accepted: int
    refused: int


@dataclass(frozen=True)
class ImportSummary:
    """What became of a roster.

    Args:
        report: the list of refused rows, None where none was refused.
        reasons: how many rows had each problem code.
        ignored_columns: columns no field is known for; their content was not imported.
        removed: the report of an earlier run, which is no longer true.
        warned: accepted rows in which a declared value differs from the document number.
        warnings: the list of those rows, None where there was none.
    """

    path: Path
    rows: int
    accepted: int
    refused: int
    pages: int
    report: Path | None
    reasons: Mapping[str, int]
    ignored_columns: tuple[str, ...]
    removed: Path | None = None
    warned: int = 0
    warnings: Path | None = None
