"""The import itself: read a page, find its units, send it, report what was refused."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from http import HTTPStatus
from itertools import islice
from pathlib import Path
from typing import Any

import httpx

from registry_cli.importing.api import Mint, RegistryApi
from registry_cli.importing.failures import ImportFailed
from registry_cli.importing.report import (
    ErrorReport,
    Refusal,
    WarningList,
    path_beside,
    warnings_beside,
)
from registry_cli.importing.terms import Consent, Document, ImportSummary, Mode, Progress
from registry_cli.importing.units import UnitFinder, UnknownUnit
from registry_cli.rosterfile import Roster, RosterFileError, RosterRow, read_roster
from registry_cli.rosterfile.headers import GUARDIAN, advised
from registry_cli.rosterfile.problems import Language

LARGEST_PAGE = 500
CREATED = range(200, 300)

UNIT_TEXTS = {
    False: (
        "在该单位及其下级中没有“{unit}”：请核对名称，或改填单位编号。",
        "There is no “{unit}” in or below this unit: check the name, or enter the unit's code.",
    ),
    True: (
        "“{unit}”对应多个单位：请改填单位编号。",
        "Several units are called “{unit}”: enter the unit's code.",
    ),
}
SAME_PERSON = (
    "（与本文件第 {line} 行证件号码相同）",
    " (the document number is that of line {line} of this file)",
)


GUARDIAN_COLUMNS = (
    "（请填写名册中的这几列，没有的请添加：{titles}）",
    " (fill in these columns of the roster, and add those it lacks: {titles})",
)
COLUMN_OF = {"unit_id": "unit", "guardian": "guardian.name"}
"""The column to look at for a field that has another name, or several columns."""


def import_roster(
    path: Path,
    *,
    client: httpx.Client,
    mint: Mint,
    member_url: str,
    org_units_url: str,
    unit_id: str,
    mode: Mode,
    consent: Consent,
    document: Document | None = None,
    page_size: int = LARGEST_PAGE,
    progress: Callable[[Progress], None] | None = None,
    report_path: Path | None = None,
    language: Language = "zh",
    api: RegistryApi | None = None,
) -> ImportSummary:
    """Import a roster file through the public API and write a report of refused rows.

    Args:
        mint: gives the bearer token, again whenever one has expired.
        unit_id: the chapter or unit the roster belongs to; the units it names are looked for here
            and below, and rows without a unit go here.
        report_path: where refused rows go, by default ``<name>.errors.csv`` beside the file;
            accepted ones with a warning are listed in ``<name>.warnings.csv`` beside it.

    Raises:
        RosterFileError: the file as a whole cannot be read; nothing was sent.
        ImportFailed: the registry cannot be reached or refuses the import as a whole.
    """
    if not 1 <= page_size <= LARGEST_PAGE:
        raise ValueError(f"page_size must be 1 to {LARGEST_PAGE}, not {page_size}")
    roster = read_roster(path)
    registry = api or RegistryApi(client, mint, language=language)
    finder = UnitFinder(registry, org_units_url, unit_id)
    finder.check_root()
    report = ErrorReport(report_path or path_beside(path), roster)
    warnings = WarningList(warnings_beside(report.path), roster)
    url = f"{member_url.rstrip('/')}/v1/members/bulk"
    sheet = _sheet(mode, document, consent)
    importer = _Importer(roster, registry, finder, report, warnings, sheet, url, language)
    try:
        return importer.run(page_size, progress)
    finally:
        report.close()
        warnings.close()


@dataclass
class _Importer:
    """One run: what it works with, its totals, and the line that first had each document number."""

    roster: Roster
    api: RegistryApi
    finder: UnitFinder
    report: ErrorReport
    warnings: WarningList
    sheet: Mapping[str, Any]
    url: str
    language: Language
    accepted: int = 0
    refused: int = 0
    pages: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    first_lines: dict[bytes, int] = field(default_factory=dict)

    def run(self, page_size: int, progress: Callable[[Progress], None] | None) -> ImportSummary:
        for page in _pages(self.roster.rows(), page_size):
            self.pages += 1
            self._import_page(page)
            if progress:
                progress(self._progress())
        if not self.pages:
            raise RosterFileError("file.empty", path=self.roster.facts.path)
        return ImportSummary(
            path=self.roster.facts.path,
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
        total = max(rows, self.roster.facts.lines - self.roster.header.line)
        return Progress(rows, total, self.accepted, self.refused)

    def _import_page(self, page: list[RosterRow]) -> None:
        refusals: dict[int, list[Refusal]] = {}
        sendable: list[dict[str, Any]] = []
        for row in page:
            try:
                sendable.append(self._request_row(row))
            except _Refused as refused:
                refusals[row.line] = refused.reasons
        if sendable:
            refusals |= self._send(sendable)
        for row in page:
            self._settle(row, refusals.get(row.line))

    def _request_row(self, row: RosterRow) -> dict[str, Any]:
        if row.problems:
            raise _Refused(
                [
                    Refusal(p.column or p.field or "", p.code, p.text(self.language))
                    for p in row.problems
                ]
            )
        said = row.fields["unit"]
        try:
            unit = self.finder.find(said)
        except UnknownUnit as unknown:
            text = UNIT_TEXTS[unknown.ambiguous][self._language_index].format(unit=said)
            code = f"unit.{unknown}"
            raise _Refused([Refusal(self._column("unit"), code, text)]) from unknown
        fields = self._fields(row)
        if number := row.fields["id_number"]:
            self.first_lines.setdefault(_digest(number), row.line)
        return {"row": row.line, "unit_id": unit, **fields}

    def _fields(self, row: RosterRow) -> dict[str, Any]:
        """Return what a row says of the person; a guardian consents by the roster's own consent."""
        fields: dict[str, Any] = {}
        guardian: dict[str, Any] = {}
        for name, value in row.fields.items():
            if name in GUARDIAN and value is not None:
                guardian[GUARDIAN[name]] = value
            elif name != "unit" and value is not None:
                fields[name] = value
        if guardian:
            fields["guardian"] = {**guardian, "consent": self.sheet["consent"]}
        return fields

    def _send(self, rows: list[dict[str, Any]]) -> dict[int, list[Refusal]]:
        """Send one page and return why rows were refused, by line."""
        body = json.dumps({**self.sheet, "rows": rows}, ensure_ascii=False).encode()
        key = _idempotency_key(self.roster.facts.sha256, self.pages, body)
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

    def _list_warnings(self, answers: list[dict[str, Any]]) -> None:
        for answer in answers:
            said = [str(warning["message"]) for warning in answer.get("warnings") or ()]
            if said:
                self.warnings.add(int(answer["row"]), str(answer["id"]), said)

    def _reasons_of(self, row: dict[str, Any], status: int, errors: Any) -> list[Refusal]:
        said: list[dict[str, Any]] = errors or [{}]
        same = self._same_person(row) if status == HTTPStatus.CONFLICT else ""
        return [
            Refusal(
                self._column(str(error.get("field") or "")),
                str(error.get("code") or status),
                str(error.get("message") or error.get("code") or status)
                + (self._guardian_columns() if error.get("field") == "guardian" else same),
            )
            for error in said
        ]

    def _same_person(self, row: dict[str, Any]) -> str:
        """Tell the line of this file that has the number too: most duplicates are of one file."""
        first = self.first_lines.get(_digest(row.get("id_number", "")), row["row"])
        if first == row["row"]:
            return ""
        return SAME_PERSON[self._language_index].format(line=first)

    def _guardian_columns(self) -> str:
        """Tell which columns hold a guardian, those a roster lacks by the titles to add."""
        titles = "、".join(self._column(name) for name in GUARDIAN)
        return GUARDIAN_COLUMNS[self._language_index].format(titles=titles)

    def _settle(self, row: RosterRow, reasons: list[Refusal] | None) -> None:
        if reasons is None:
            self.accepted += 1
            return
        self.refused += 1
        self.reasons.update({reason.code for reason in reasons})
        self.report.add(row, reasons)

    def _column(self, field: str) -> str:
        """Return the file's own title for a field of the API, else the one to add."""
        header = self.roster.header
        name = COLUMN_OF.get(field, field)
        position = header.index.get(name)
        return advised(name) if position is None else header.columns[position]

    @property
    def _language_index(self) -> int:
        return 0 if self.language == "zh" else 1


class _Refused(Exception):
    """A row that is not worth sending."""

    def __init__(self, reasons: list[Refusal]) -> None:
        super().__init__()
        self.reasons = reasons


def _sheet(mode: Mode, document: Document | None, consent: Consent) -> dict[str, Any]:
    """Return what every page says of the roster as a whole."""
    return {
        "mode": mode,
        "document": asdict(document) if document else None,
        "consent": asdict(consent),
    }


def _pages(rows: Iterator[RosterRow], size: int) -> Iterator[list[RosterRow]]:
    """Cut by position in the file: a row refused before sending shifts no later page."""
    while page := list(islice(rows, size)):
        yield page


def _digest(number: str) -> bytes:
    return hashlib.blake2b(number.encode(), digest_size=8).digest()


def _idempotency_key(file_digest: str, page: int, body: bytes) -> str:
    """Return the key of a page.

    The body takes part because a second run may differ in it (a unit created meanwhile); the same
    key with another body would be refused, where uniqueness of persons handles a new key.
    """
    content = hashlib.sha256(body).hexdigest()
    return f"roster-{file_digest[:16]}-{page}-{content[:16]}"
