"""`registry import`: shows how far a roster is, and says where the refused rows are."""

import json
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from typer import echo

from embedded.runtime import Runtime
from registry_cli import days
from registry_cli.api import Api
from registry_cli.importing.failures import ImportFailed
from registry_cli.importing.judgement import Finding
from registry_cli.importing.roster import open_roster
from registry_cli.importing.run import ImportSummary, Order, Progress, import_roster
from registry_cli.problems import FAILED, Misuse, Problem
from registry_cli.running import find_runtime, require_running, url
from registry_cli.tokens import chapter_above, officer_token, unit_id
from shared.base import clock

ATTEMPTS = 8
"""With doubled pauses they last about a minute: longer than a service takes to restart."""
REASONS_SHOWN = 12
OVERRULED = Path("imports", "overruled.jsonl")
"""Below the data directory: the record of doubts about rosters that officers overruled."""


def run_order(runtime: Runtime, order: Order, progress: Progress | None = None) -> ImportSummary:
    """Send a roster through the public API, as an officer of its chapter would.

    Raises:
        TableError: the file cannot be read.
        ImportFailed: the registry refuses the import as a whole.
        ImportStopped: the roster is doubtful as a whole.
    """
    chapter = chapter_above(runtime, order.unit)
    mint = partial(officer_token, runtime, order.subject, chapter, "registrar", "approver")
    api = Api(partial(url, runtime), mint, ImportFailed, ATTEMPTS)
    try:
        record = partial(record_overruled, runtime, order)
        return import_roster(order, api, progress=progress, record=record)
    except OSError as failure:
        reason = failure.strerror or type(failure).__name__
        raise Problem("file", path=order.path, reason=reason) from failure


def record_overruled(runtime: Runtime, order: Order, finding: Finding) -> None:
    """Record a doubt that an officer overruled: who, when, of which roster; no personal data.

    The page of a roster has no place for it in the API, so the record stays with the system.
    """
    line = {
        "at": clock.now().isoformat(timespec="seconds"),
        "subject": order.subject,
        "unit": order.unit,
        "roster": str(order.path.absolute()),
        "despite": finding.doubt,
        "seen": {name: finding.problem.params.get(name) for name in ("count", "total", "pages")},
    }
    record = runtime.var / OVERRULED
    record.parent.mkdir(parents=True, exist_ok=True)
    with record.open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(line, ensure_ascii=False) + "\n")


def import_file(order: Order) -> int:
    """Import a file as the command line asks for it.

    Returns:
        0 where rows were accepted: some refused ones are ordinary, and reported; 1 where
        none was.
    """
    for day in (order.consent_on, order.issued_on):
        if day is not None and not _is_day(day):
            raise Misuse("day", value=day)
    if order.mode == "existing" and order.document is None:
        raise Misuse("document_missing")
    runtime = find_runtime()
    require_running(runtime, "org-units", "member")
    order = replace(order, unit=unit_id(runtime, order.unit))
    with open_roster(order.path) as roster:  # of one that cannot be read no day is kept
        if roster.ignored:
            echo(f"不导入的列 / columns that are not imported: {'、'.join(roster.ignored)}")
        order = days.settle(runtime, roster.file.sha256, order)
    summary = _run_with_bar(runtime, order)
    for line in told(summary):
        echo(line)
    return 0 if summary.accepted else FAILED


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _run_with_bar(runtime: Runtime, order: Order) -> ImportSummary:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("[green]{task.fields[done].accepted} 已登记 accepted[/]"),
        TextColumn("[red]{task.fields[done].refused} 被拒 refused[/]"),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(order.path.name, total=None, done=ImportSummary(order.path))

        def advance(done: ImportSummary, total: int) -> None:
            bar.update(task, completed=done.rows, total=total, done=done)

        summary = run_order(runtime, order, advance)
        advance(summary, summary.rows)
    return summary


def told(summary: ImportSummary) -> list[str]:
    """Return what became of a roster, in lines: totals, reasons, and where the refused rows are."""
    lines = [
        f"名册 / roster {summary.path}: "
        f"{summary.rows} 行 rows, {summary.accepted} 已登记 accepted, {summary.refused} 被拒 refused"
    ]
    reasons = summary.reasons.most_common(REASONS_SHOWN)
    lines += [f"  {count:>6}  {code}" for code, count in reasons]
    if summary.report is not None:
        lines.append(
            f"逐行错误清单（改正后可直接导入）/ refused rows with remedies: {summary.report}"
        )
    for doubt, problem in summary.overruled:
        lines.append(f"已按 --despite {doubt} 导入，记录在案 / imported despite, recorded:")
        lines += [f"  {problem.text('zh')}", f"  {problem.text('en')}"]
    if summary.warnings is not None:
        lines.append(
            f"其中 {summary.warned} 行已登记但须核对（请勿再次导入）/ "
            f"{summary.warned} accepted rows to check, not to import again: {summary.warnings}"
        )
    if summary.removed is not None:
        lines.append(f"已删除上次的错误清单 / report of an earlier run removed: {summary.removed}")
    return lines
