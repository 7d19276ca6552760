"""Stops the import of a doubtful roster: before a row is sent, or once page after page is refused.

An officer overrules a doubt by its name (`--despite`); what was overruled is recorded.
"""

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from registry_cli.importing import judgement
from registry_cli.importing.doubts import TEXTS, Doubt
from registry_cli.importing.failures import ImportStopped
from registry_cli.importing.judgement import Finding
from registry_cli.importing.report import ErrorReport, Refusal
from shared.tables.chance import improbable
from shared.tables.problems import Language, Problem
from shared.tables.table import Table

REFUSED_SHARE = 0.5
STOPPING_PAGES = 2
"""Pages in a row with more than that share refused, after which no further one is sent."""

Record = Callable[[Finding], object]
"""Is given each doubt that was overruled, before anything rests on it."""


def check_whole(
    roster: Table,
    errors: ErrorReport,
    language: Language,
    despite: Collection[Doubt],
    record: Record,
) -> list[Finding]:
    """Judge a roster before a row of it is sent; return the doubts that are overruled.

    Rows whose numbers are lost are reported where that is a reason to stop.

    Raises:
        ImportStopped: there are others; nothing was sent.
    """
    findings = judgement.judge(roster.rows(), roster.file)
    stopping = [finding for finding in findings if finding.doubt not in despite]
    if not stopping:
        for finding in findings:
            record(finding)
        return findings
    if any(finding.doubt == Doubt.NUMBERS_LOST for finding in stopping):
        _report_lost(roster, errors, language)
    listed = f"\n逐行清单 / these rows: {errors.path}" if errors.rows else ""
    raise ImportStopped("doubtful", listed=listed, **_said(stopping))


def _report_lost(roster: Table, errors: ErrorReport, language: Language) -> None:
    for row in roster.rows():
        if (problem := judgement.lost_number(row)) is not None:
            title = roster.title_of("id_number")
            errors.add(row, [Refusal(title, problem.code, problem.text(language))])


def _said(findings: Collection[Finding]) -> dict[str, str]:
    return {
        "zh": "\n".join(f"- {finding.problem.text('zh')}" for finding in findings),
        "en": "\n".join(f"- {finding.problem.text('en')}" for finding in findings),
        "options": " ".join(f"--despite {finding.doubt}" for finding in findings),
    }


@dataclass
class Watch:
    """The pages in a row of which more than half of the rows were refused.

    Args:
        despite: doubts the officer has overruled.
        record: is given this doubt where it is overruled, once.
    """

    despite: Collection[Doubt]
    record: Record
    pages: int = 0
    rows: int = 0
    refused: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    overruled: list[Finding] = field(default_factory=list)

    def add(self, rows: int, refused: int, reasons: Counter[str]) -> None:
        """Count one page; refusals of persons entered already are not to be among them."""
        if refused <= rows * REFUSED_SHARE:
            self.pages = self.rows = self.refused = 0
            self.reasons.clear()
            return
        self.pages += 1
        self.rows += rows
        self.refused += refused
        self.reasons += reasons

    def check(self, **done: object) -> None:
        """Stop before another page is sent.

        Args:
            done: how far the import is, for the message.

        Raises:
            ImportStopped: too many rows were refused.
        """
        bad = self.pages >= STOPPING_PAGES
        if self.overruled or not (bad and improbable(self.refused, self.rows, REFUSED_SHARE)):
            return
        reasons = judgement.most_common(self.reasons)
        params = {"pages": self.pages, "reasons": reasons}
        finding = Finding(Doubt.REFUSED_ROWS, Problem(TEXTS[Doubt.REFUSED_ROWS], params))
        if Doubt.REFUSED_ROWS not in self.despite:
            raise ImportStopped("refusals", **done, **_said([finding]))
        self.overruled.append(finding)
        self.record(finding)
