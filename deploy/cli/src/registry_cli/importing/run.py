"""The import itself: read a page, find its units, send it, report what was refused."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from registry_cli.api import Api, Json
from registry_cli.importing import report
from registry_cli.importing.failures import ImportFailed
from registry_cli.importing.roster import GUARDIAN, open_roster, values_of
from registry_cli.importing.units import UnitFinder
from shared.tables import problems
from shared.tables.problems import Message, Problem, TableError, Unreadable
from shared.tables.table import Row, Table

Progress = Callable[["ImportSummary", int], object]
BULK = "/v1/members/bulk"
LARGEST_PAGE = 500
CREATED = range(200, 300)

SAME_PERSON = Message(
    "note.same_person",
    "（与本文件第 {line} 行证件号码相同）",
    " (the document number is that of line {line} of this file)",
)
GUARDIAN_COLUMNS = Message(
    "note.guardian",
    "（请填写名册中的这几列，没有的请添加：{titles}）",
    " (fill in these columns of the roster, and add those it lacks: {titles})",
)
COLUMN_OF = {"unit_id": "unit", "guardian": "guardian.name"}
"""The column to look at for a field that has another name, or several columns."""


@dataclass(frozen=True)
class Order:
    """A roster to import, and what is said of it as a whole; days are YYYY-MM-DD.

    Args:
        unit: id of the chapter or unit the roster belongs to: the units it names are looked for
            there and below, and rows without a unit go there. On a command line also its region
            code.
        subject: who acts.
        mode: applications go through approval, existing members are taken over by a document.
        document: number of the paper that approved the list (批复、备案文件), and
        issued_on: its day.
        consent_version: text the people of the roster agreed to, and
        consent_channel: how,
        consent_on: and when.
    """

    path: Path
    unit: str
    subject: str
    mode: Literal["applications", "existing"] = "existing"
    document: str | None = None
    issued_on: str | None = None
    consent_version: str = "2026-1"
    consent_channel: str = "PAPER"
    consent_on: str | None = None

    @property
    def sheet(self) -> dict[str, Any]:
        """What every page says, in the terms of the API."""
        document = {"number": self.document, "issued_on": self.issued_on}
        return {
            "mode": self.mode,
            "document": None if self.document is None else document,
            "consent": {
                "version": self.consent_version,
                "channel": self.consent_channel,
                "given_on": self.consent_on,
            },
        }


@dataclass
class ImportSummary:
    """What has become of a roster, so far while it is imported.

    Args:
        report: the list of refused rows, None where none was refused.
        reasons: how many rows had each problem code.
        ignored_columns: columns without a known field; their content was not imported.
        removed: the report of an earlier run, which is no longer true.
        warned: accepted rows in which a declared value differs from the document number.
        warnings: the list of those rows, None where there was none.
    """

    path: Path
    ignored_columns: tuple[str, ...] = ()
    accepted: int = 0
    refused: int = 0
    pages: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    report: Path | None = None
    removed: Path | None = None
    warned: int = 0
    warnings: Path | None = None

    @property
    def rows(self) -> int:
        """Rows with content, accepted and refused."""
        return self.accepted + self.refused


def import_roster(
    order: Order,
    api: Api,
    *,
    page_size: int = LARGEST_PAGE,
    progress: Progress | None = None,
    report_path: Path | None = None,
) -> ImportSummary:
    """Import a roster file through the public API and write a report of refused rows.

    Args:
        order: the file, where it belongs, and what is said of it as a whole.
        api: sends the pages; its language is that of the report.
        progress: is given, after each page, the summary so far and an estimate of all rows.
        report_path: where refused rows go, by default ``<name>.errors.csv`` next to the file;
            accepted ones with a warning are listed in ``<name>.warnings.csv`` next to it.

    Raises:
        TableError: the file as a whole cannot be read; nothing was sent.
        ImportFailed: the registry cannot be reached or refuses the import as a whole.
    """
    if not 1 <= page_size <= LARGEST_PAGE:
        raise ValueError(f"page_size must be 1 to {LARGEST_PAGE}, not {page_size}")
    with open_roster(order.path) as roster:
        finder = UnitFinder(api, order.unit)
        place = report_path or report.path_beside(order.path)
        errors = report.ErrorReport(place, order.path, roster)
        warnings = report.PrivateCsv(
            report.warnings_beside(place), order.path, report.WARNING_TITLES, ","
        )
        with closing(errors), closing(warnings):
            importer = _Importer(order, roster, api, finder, errors, warnings)
            return importer.run(page_size, progress)


@dataclass
class _Importer:
    """One run: what it works with, its totals, and the line that first had each document number."""

    order: Order
    roster: Table
    api: Api
    finder: UnitFinder
    errors: report.ErrorReport
    warnings: report.PrivateCsv
    first_lines: dict[bytes, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.summary = ImportSummary(self.order.path, self.roster.ignored)

    def run(self, page_size: int, progress: Progress | None) -> ImportSummary:
        done, rows = self.summary, self.roster.rows()
        # Cut by position in the file: a row refused before sending shifts no later page.
        while page := list(islice(rows, page_size)):
            done.pages += 1
            self._import_page(page)
            if progress:
                progress(done, max(done.rows, self.roster.expected_rows))
        if not done.pages:
            raise TableError(problems.EMPTY, file=done.path)
        done.report = self.errors.path if self.errors.rows else None
        done.removed = self.errors.remove_stale()
        done.warned = self.warnings.rows
        done.warnings = self.warnings.path if self.warnings.rows else None
        return done

    def _import_page(self, page: list[Row]) -> None:
        refusals: dict[int, list[report.Refusal]] = {}
        sendable: list[Json] = []
        for row in page:
            found = row.problems
            if not found:
                try:
                    sendable.append(self._request_row(row))
                except Unreadable as unknown:
                    found = (replace(unknown.problem, title=self._title("unit")),)
            if found:
                refusals[row.line] = [
                    report.Refusal(one.title or "", one.code, one.text(self.api.language))
                    for one in found
                ]
        if sendable:
            refusals |= self._send(sendable)
        for row in page:
            if reasons := refusals.get(row.line):
                self.summary.reasons.update({reason.code for reason in reasons})
                self.errors.add(row, reasons)
        self.summary.refused += len(refusals)
        self.summary.accepted += len(page) - len(refusals)

    def _request_row(self, row: Row) -> Json:
        """Return what is sent of a row; a guardian consents by the roster's own consent.

        Raises:
            Unreadable: the unit is unknown.
        """
        values = values_of(row)
        unit = self.finder.find(values.pop("unit", None))
        if number := values.get("id_number"):
            self.first_lines.setdefault(_digest(number), row.line)
        guardian = {part: values.pop(name) for name, part in GUARDIAN.items() if name in values}
        sent: Json = {"row": row.line, "unit_id": unit, **values}
        if guardian:
            sent["guardian"] = {**guardian, "consent": self.order.sheet["consent"]}
        return sent

    def _send(self, rows: list[Json]) -> dict[int, list[report.Refusal]]:
        """Send one page and return why rows were refused, by line."""
        body = json.dumps({**self.order.sheet, "rows": rows}, ensure_ascii=False).encode()
        # The body takes part because a second run may differ in it (a unit created meanwhile): the
        # same key with another body would be refused; persons are unique under a new key, too.
        content = hashlib.sha256(body).hexdigest()
        key = f"roster-{self.roster.file.sha256[:16]}-{self.summary.pages}-{content[:16]}"
        results = self.api.post("member", BULK, body, key).get("results")
        refused: dict[int, list[report.Refusal]] = {}
        try:
            by_row = {int(result["row"]): result for result in results or ()}
            for row in rows:
                answer = by_row[row["row"]]
                if answer["status"] not in CREATED:
                    refused[row["row"]] = self._reasons_of(row, answer)
                if said := [str(warning["message"]) for warning in answer.get("warnings") or ()]:
                    self.warnings.write(str(row["row"]), str(answer["id"]), "；".join(said))
        except (KeyError, TypeError, ValueError) as error:
            url = self.api.address("member") + BULK
            raise ImportFailed("answer", url=url, reason=f"results: {error!r}") from error
        return refused

    def _reasons_of(self, row: Json, answer: Json) -> list[report.Refusal]:
        status = answer["status"]
        reasons = []
        for error in answer.get("errors") or [{}]:
            name, code = str(error.get("field") or ""), str(error.get("code") or status)
            note = ""
            if name == "guardian":
                titles = "、".join(self._title(column) for column in GUARDIAN)
                note = self._note(GUARDIAN_COLUMNS, titles=titles)
            elif status == HTTPStatus.CONFLICT:  # most duplicates are of one file
                first = self.first_lines.get(_digest(row.get("id_number", "")), row["row"])
                note = "" if first == row["row"] else self._note(SAME_PERSON, line=first)
            message = str(error.get("message") or code)
            reasons.append(report.Refusal(self._title(name), code, message + note))
        return reasons

    def _note(self, message: Message, **params: object) -> str:
        return Problem(message, params).text(self.api.language)

    def _title(self, field: str) -> str:
        """Return the title of the column to look at for a field of the API."""
        return self.roster.title_of(COLUMN_OF.get(field, field))


def _digest(number: str) -> bytes:
    return hashlib.blake2b(number.encode(), digest_size=8).digest()
