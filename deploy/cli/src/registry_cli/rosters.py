"""`registry import`: shows how far a roster is, and says where the refused rows are."""

from dataclasses import replace
from datetime import date
from functools import partial

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from typer import echo

from embedded.runtime import Runtime
from registry_cli import days
from registry_cli.api import Api
from registry_cli.importing.failures import ImportFailed
from registry_cli.importing.roster import open_roster
from registry_cli.importing.run import ImportSummary, Order, Progress, import_roster
from registry_cli.problems import FAILED, Misuse, Problem
from registry_cli.running import find_runtime, require_running, url
from registry_cli.tokens import chapter_above, officer_token, unit_id

ATTEMPTS = 8
"""With doubled pauses they last about a minute: longer than a service takes to restart."""
REASONS_SHOWN = 12


def run_order(runtime: Runtime, order: Order, progress: Progress | None = None) -> ImportSummary:
    """Send a roster through the public API, as an officer of its chapter would.

    Raises:
        TableError: the file cannot be read.
        ImportFailed: the registry refuses the import as a whole.
    """
    chapter = chapter_above(runtime, order.unit)
    mint = partial(officer_token, runtime, order.subject, chapter, "registrar", "approver")
    api = Api(partial(url, runtime), mint, ImportFailed, ATTEMPTS)
    try:
        return import_roster(order, api, progress=progress)
    except OSError as failure:
        reason = failure.strerror or type(failure).__name__
        raise Problem("file", path=order.path, reason=reason) from failure


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
    if summary.ignored_columns:
        lines.append(f"未导入的列 / columns not imported: {'、'.join(summary.ignored_columns)}")
    reasons = summary.reasons.most_common(REASONS_SHOWN)
    lines += [f"  {count:>6}  {code}" for code, count in reasons]
    if summary.report is not None:
        lines.append(
            f"逐行错误清单（改正后可直接导入）/ refused rows with remedies: {summary.report}"
        )
    if summary.warnings is not None:
        lines.append(
            f"其中 {summary.warned} 行已登记但须核对（请勿再次导入）/ "
            f"{summary.warned} accepted rows to check, not to import again: {summary.warnings}"
        )
    if summary.removed is not None:
        lines.append(f"已删除上次的错误清单 / report of an earlier run removed: {summary.removed}")
    return lines
