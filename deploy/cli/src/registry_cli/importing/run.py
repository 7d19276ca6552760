"""The import itself: read a page, find its units, send it, report what was refused."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from http import HTTPStatus
from itertools import islice
from pathlib import Path
from typing import Any

from registry_cli.importing.api import Json, RegistryApi
from registry_cli.importing.failures import ImportFailed
from registry_cli.importing.report import (
    ErrorReport,
    Refusal,
    WarningList,
    path_beside,
    warnings_beside,
)
from registry_cli.importing.roster import GUARDIAN, open_roster, values_of
from registry_cli.importing.terms import Consent, Document, ImportSummary, Mode, Progress
from registry_cli.importing.units import UnitFinder
from shared.tables import problems
from shared.tables.problems import Message, Problem, TableError, Unreadable
from shared.tables.table import Row, Table

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


def import_roster(
    path: Path,
    *,
    api: RegistryApi,
    member_url: str,
    org_units_url: str,
    unit_id: str,
    mode: Mode,
    consent: Consent,
    document: Document | None = None,
    page_size: int = LARGEST_PAGE,
    progress: Callable[[Progress], None] | None = None,
    report_path: Path | None = None,
) -> ImportSummary:
    """Import a roster file through the public API and write a report of refused rows.

    Args:
        api: sends the pages; its language is that of the report.
        unit_id: the chapter or unit the roster belongs to; the units it names are looked for here
            and below, and rows without a unit go here.
        report_path: where refused rows go, by default ``<name>.errors.csv`` beside the file;
            accepted ones with a warning are listed in ``<name>.warnings.csv`` beside it.

    Raises:
        TableError: the file as a whole cannot be read; nothing was sent.
        ImportFailed: the registry cannot be reached or refuses the import as a whole.
    """
    if not 1 <= page_size <= LARGEST_PAGE:
        raise ValueError(f"page_size must be 1 to {LARGEST_PAGE}, not {page_size}")
    with open_roster(path) as roster:
        finder = UnitFinder(api, org_units_url, unit_id)
        finder.check_root()
        report = ErrorReport(report_path or path_beside(path), path, roster)
        warnings = WarningList(warnings_beside(report.path), path)
        sheet = {
            "mode": mode,
            "document": asdict(document) if document else None,
            "consent": asdict(consent),
        }
        url = f"{member_url.rstrip('/')}/v1/members/bulk"
        importer = _Importer(path, roster, api, finder, report, warnings, sheet, url)
        with closing(report), closing(warnings):
            return importer.run(page_size, progress)


@dataclass
class _Importer:
    """One run: what it works with, its totals, and the line that first had each document number.

    ``sheet`` is what every page says of the roster as a whole.
    """

    path: Path
    roster: Table
    api: RegistryApi
    finder: UnitFinder
    report: ErrorReport
    warnings: WarningList
    sheet: Mapping[str, Any]
    url: str
    accepted: int = 0
    refused: int = 0
    pages: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    first_lines: dict[bytes, int] = field(default_factory=dict)

    def run(self, page_size: int, progress: Callable[[Progress], None] | None) -> ImportSummary:
        rows = self.roster.rows()
        # Cut by position in the file: a row refused before sending shifts no later page.
        while page := list(islice(rows, page_size)):
            self.pages += 1
            self._import_page(page)
            if progress:
                progress(self._progress())
        if not self.pages:
            raise TableError(problems.EMPTY, file=self.path)
        return ImportSummary(
            path=self.path,
            rows=self.accepted + self.refused,
            accepted=self.accepted,
            refused=self.refused,
            pages=self.pages,
            report=self.report.path if self.report.rows else None,
            removed=self.report.remove_stale(),
            reasons=dict(self.reasons),
            ignored_columns=self.roster.header.ignored,
            warned=self.warnings.rows,
            warnings=self.warnings.path if self.warnings.rows else None,
        )

    def _progress(self) -> Progress:
        rows = self.accepted + self.refused
        return Progress(rows, max(rows, self.roster.expected_rows), self.accepted, self.refused)

    def _import_page(self, page: list[Row]) -> None:
        refusals: dict[int, list[Refusal]] = {}
        sendable: list[Json] = []
        for row in page:
            found = row.problems
            if not found:
                try:
                    sendable.append(self._request_row(row))
                except Unreadable as unknown:
                    title = self.roster.title_of("unit")
                    found = (replace(unknown.problem, column="unit", title=title),)
            if found:
                refusals[row.line] = [
                    Refusal(one.title or "", one.code, one.text(self.api.language)) for one in found
                ]
        if sendable:
            refusals |= self._send(sendable)
        for row in page:
            if reasons := refusals.get(row.line):
                self.reasons.update({reason.code for reason in reasons})
                self.report.add(row, reasons)
        self.refused += len(refusals)
        self.accepted += len(page) - len(refusals)

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
            sent["guardian"] = {**guardian, "consent": self.sheet["consent"]}
        return sent

    def _send(self, rows: list[Json]) -> dict[int, list[Refusal]]:
        """Send one page and return why rows were refused, by line."""
        body = json.dumps({**self.sheet, "rows": rows}, ensure_ascii=False).encode()
        key = _idempotency_key(self.roster.file.sha256, self.pages, body)
        results = self.api.post(self.url, body, key).get("results")
        try:
            by_row = {int(result["row"]): result for result in results or ()}
            answers = [(row, by_row[row["row"]]) for row in rows]
            self._list_warnings([answer for _, answer in answers])
            return {
                row["row"]: self._reasons_of(row, answer["status"], answer.get("errors"))
                for row, answer in answers
                if answer["status"] not in CREATED
            }
        except (KeyError, TypeError, ValueError) as error:
            raise ImportFailed("answer", url=self.url, reason=f"results: {error!r}") from error

    def _list_warnings(self, answers: list[Json]) -> None:
        for answer in answers:
            said = [str(warning["message"]) for warning in answer.get("warnings") or ()]
            if said:
                self.warnings.add(int(answer["row"]), str(answer["id"]), said)

    def _reasons_of(self, row: Json, status: int, errors: list[Json] | None) -> list[Refusal]:
        same = self._same_person(row) if status == HTTPStatus.CONFLICT else ""
        return [
            Refusal(
                self._title(str(error.get("field") or "")),
                str(error.get("code") or status),
                str(error.get("message") or error.get("code") or status)
                + (self._guardian_columns() if error.get("field") == "guardian" else same),
            )
            for error in errors or [{}]
        ]

    def _same_person(self, row: Json) -> str:
        """Tell the line of this file that has the number too: most duplicates are of one file."""
        first = self.first_lines.get(_digest(row.get("id_number", "")), row["row"])
        return (
            ""
            if first == row["row"]
            else Problem(SAME_PERSON, {"line": first}).text(self.api.language)
        )

    def _guardian_columns(self) -> str:
        """Tell which columns hold a guardian, those a roster lacks by the titles to add."""
        titles = "、".join(self._title(name) for name in GUARDIAN)
        return Problem(GUARDIAN_COLUMNS, {"titles": titles}).text(self.api.language)

    def _title(self, field: str) -> str:
        """Return the title of the column to look at for a field of the API."""
        return self.roster.title_of(COLUMN_OF.get(field, field))


def _digest(number: str) -> bytes:
    return hashlib.blake2b(number.encode(), digest_size=8).digest()


def _idempotency_key(file_digest: str, page: int, body: bytes) -> str:
    """Return the key of a page.

    The body takes part because a second run may differ in it (a unit created meanwhile); the same
    key with another body would be refused, where uniqueness of persons handles a new key.
    """
    content = hashlib.sha256(body).hexdigest()
    return f"roster-{file_digest[:16]}-{page}-{content[:16]}"
