"""The import itself: read a page, find its units, send it, report what was refused."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from registry_cli.api import Api, Json
from registry_cli.importing import report, stopping
from registry_cli.importing.answers import Answers
from registry_cli.importing.doubts import Doubt
from registry_cli.importing.failures import ImportFailed
from registry_cli.importing.judgement import Finding
from registry_cli.importing.roster import GUARDIAN, open_roster, values_of
from registry_cli.importing.units import UnitFinder
from shared.tables import problems
from shared.tables.problems import Problem, TableError, Unreadable
from shared.tables.table import Row, Table

Progress = Callable[["ImportSummary", int], object]
BULK = "/v1/members/bulk"
LARGEST_PAGE = 500
CREATED = range(200, 300)

OVERRULED = "按 by --despite {doubt}：{text}"


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
        despite: doubts about the roster as a whole that the officer overrules.
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
    despite: Collection[Doubt] = ()

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
        overruled: doubts about the roster as a whole, which the officer overruled.
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
    overruled: list[Finding] = field(default_factory=list)

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
    record: stopping.Record = lambda _: None,
) -> ImportSummary:
    """Import a roster file through the public API and write a report of refused rows.

    Args:
        order: the file, where it belongs, and what is said of it as a whole.
        api: sends the pages; its language is that of the report.
        progress: is given, after each page, the summary so far and an estimate of all rows.
        report_path: where refused rows go, by default ``<name>.errors.csv`` next to the file;
            accepted ones with a warning are listed in ``<name>.warnings.csv`` next to it, and all
            accepted ones in ``<name>.accepted.csv`` until the import has come to its end.
        record: is given each doubt that the order overrules, before anything rests on it.

    Raises:
        TableError: the file as a whole cannot be read; nothing was sent.
        ImportStopped: the roster is doubtful as a whole.
        ImportFailed: the registry cannot be reached or refuses the import as a whole.
    """
    if not 1 <= page_size <= LARGEST_PAGE:
        raise ValueError(f"page_size must be 1 to {LARGEST_PAGE}, not {page_size}")
    place = report_path or report.path_beside(order.path)
    with (
        open_roster(order.path) as roster,
        closing(report.ErrorReport(place, order.path, roster)) as errors,
        closing(report.warnings_of(place, order.path)) as warnings,
        closing(report.accepted_of(place, order.path)) as accepted,
    ):
        doubts = stopping.check_whole(roster, errors, api.language, order.despite, record)
        finder, watch = UnitFinder(api, order.unit), stopping.Watch(order.despite, record)
        importer = _Importer(order, roster, api, finder, errors, warnings, accepted, watch)
        return importer.run(page_size, progress, doubts)


@dataclass
class _Importer:
    """One run: what it works with, and its totals."""

    order: Order
    roster: Table
    api: Api
    finder: UnitFinder
    errors: report.ErrorReport
    warnings: report.PrivateCsv
    accepted: report.PrivateCsv
    watch: stopping.Watch

    def __post_init__(self) -> None:
        self.summary = ImportSummary(self.order.path, self.roster.ignored)
        self.answers = Answers(self.roster, self.api.language)
        self.entered_already = 0

    def run(
        self, page_size: int, progress: Progress | None, doubts: list[Finding]
    ) -> ImportSummary:
        done, rows = self.summary, self.roster.rows()
        for doubt, problem in doubts:
            text = problem.text(self.api.language)
            self.warnings.write("", "", OVERRULED.format(doubt=doubt, text=text))
        # Cut by position in the file: a row refused before sending shifts no later page.
        while page := list(islice(rows, page_size)):
            self._stop_where_refused(page[0].line)
            done.pages += 1
            self._import_page(page)
            if progress:
                progress(done, max(done.rows, self.roster.expected_rows))
        if not done.pages:
            raise TableError(problems.EMPTY, file=done.path)
        done.report = self.errors.path if self.errors.rows else None
        done.removed = self.errors.remove_stale()
        done.overruled = [*doubts, *self.watch.overruled]
        done.warned = self.warnings.rows - len(doubts)
        done.warnings = self.warnings.path if self.warnings.rows else None
        self.accepted.discard()
        return done

    def _stop_where_refused(self, line: int) -> None:
        done = self.summary
        self.watch.check(
            accepted=done.accepted,
            accepted_list=self.accepted.path if self.accepted.rows else "–",
            refused=done.refused,
            report=self.errors.path,
            line=line,
        )

    def _import_page(self, page: list[Row]) -> None:
        refusals: dict[int, list[report.Refusal]] = {}
        sendable: list[Json] = []
        self.entered_already = 0
        for row in page:
            found = row.problems
            if not found:
                try:
                    sendable.append(self._request_row(row))
                except Unreadable as unknown:
                    found = (replace(unknown.problem, title=self.answers.title_of("unit")),)
            if found:
                refusals[row.line] = [
                    report.Refusal(one.title or "", one.code, one.text(self.api.language))
                    for one in found
                ]
        if sendable:
            refusals |= self._send(sendable, {row.line: row.notes for row in page})
        codes: Counter[str] = Counter()
        for row in page:
            if reasons := refusals.get(row.line):
                codes.update({reason.code for reason in reasons})
                self.errors.add(row, reasons)
        self.summary.reasons += codes
        self.watch.add(len(page), len(refusals) - self.entered_already, codes)
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
            self.answers.remember(number, row.line)
        guardian = {part: values.pop(name) for name, part in GUARDIAN.items() if name in values}
        sent: Json = {"row": row.line, "unit_id": unit, **values}
        if guardian:
            sent["guardian"] = {**guardian, "consent": self.order.sheet["consent"]}
        return sent

    def _send(
        self, rows: list[Json], notes: Mapping[int, Sequence[Problem]]
    ) -> dict[int, list[report.Refusal]]:
        """Send one page, with our own notes on its lines; return why rows were refused, by line."""
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
                line, answer = row["row"], by_row[row["row"]]
                if answer["status"] in CREATED:
                    self.accepted.write(str(line), str(answer["id"]))
                    said = [note.text(self.api.language) for note in notes[line]]
                    said += [str(warning["message"]) for warning in answer.get("warnings") or ()]
                    if said:
                        self.warnings.write(str(line), str(answer["id"]), "；".join(said))
                else:
                    refused[line] = self.answers.reasons_of(row, answer)
                    self.entered_already += answer["status"] == HTTPStatus.CONFLICT
        except (KeyError, TypeError, ValueError) as error:
            url = self.api.address("member") + BULK
            raise ImportFailed("answer", url=url, reason=f"results: {error!r}") from error
        return refused
