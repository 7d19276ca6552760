"""`registry import`: shows how far a roster is, and says where the refused rows are."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from registry_cli import days
from registry_cli.problems import FAILED, MISUSED, Problem, Told, language
from registry_cli.running import find_runtime, open_client, require_running, url
from registry_cli.tokens import chapter_above, officer_token, unit_id

if TYPE_CHECKING:
    from embedded.runtime import Runtime
    from registry_cli.importing import Consent, Document, ImportSummary, Mode, Progress

REASONS_SHOWN = 12
CONSENT_ON, ISSUED_ON = "--consent-on", "--issued-on"


@dataclass(frozen=True)
class Order:
    """What is to be imported where: the unit's id, and what the roster as a whole rests on."""

    path: Path
    unit: str
    mode: "Mode"
    consent: "Consent"
    document: "Document | None"
    subject: str


def run_order(
    runtime: "Runtime", order: Order, progress: "Callable[[Progress], None] | None" = None
) -> "ImportSummary":
    """Send a roster through the public API, as an officer of its chapter would.

    Raises:
        Told: the file cannot be read, or the registry refuses the import as a whole.
    """
    from registry_cli.importing import ImportFailed, import_roster
    from registry_cli.importing.api import RegistryApi
    from shared.tables.problems import TableError

    chapter = chapter_above(runtime, order.unit)
    mint = partial(officer_token, runtime, order.subject, chapter, "registrar", "approver")
    try:
        with open_client() as client:
            return import_roster(
                order.path,
                api=RegistryApi(client, mint, language()),
                member_url=url(runtime, "member"),
                org_units_url=url(runtime, "org-units"),
                unit_id=order.unit,
                mode=order.mode,
                consent=order.consent,
                document=order.document,
                progress=progress,
            )
    except (ImportFailed, TableError) as failure:
        raise Told(failure) from failure
    except OSError as failure:
        reason = failure.strerror or type(failure).__name__
        raise Problem("file", path=order.path, reason=reason) from failure


@dataclass(frozen=True)
class Statement:
    """What the command line says of a roster as a whole; a day it leaves out is None."""

    mode: "Mode"
    document: str | None
    consent_version: str
    consent_channel: str
    consent_on: str | None
    issued_on: str | None


def import_file(path: Path, unit: str, statement: Statement, subject: str) -> int:
    """Import a file as the command line asks for it.

    Returns:
        0 where rows were accepted: refused ones beside them are ordinary, and reported; 1 where
        none was.
    """
    for day in (statement.consent_on, statement.issued_on):
        if day is not None:
            check_day(day)
    if statement.mode == "existing" and statement.document is None:
        raise Problem("document_missing", exit_code=MISUSED)
    runtime = find_runtime()
    require_running(runtime, "org-units", "member")
    order = _order(runtime, path, unit_id(runtime, unit), statement, subject)
    summary = _run_with_bar(runtime, order)
    _show(told(summary))
    return 0 if summary.accepted else FAILED


def _order(runtime: "Runtime", path: Path, unit: str, statement: Statement, subject: str) -> Order:
    """Settle the days that are left out, tell them, and put the order together."""
    from registry_cli.importing import Consent, Document

    number = statement.document
    stated = {CONSENT_ON: statement.consent_on}
    if number is not None:
        stated[ISSUED_ON] = statement.issued_on
    import_ = (unit, statement.mode, number or "")
    settled = days.settle(runtime, _digest(path), import_, stated)
    _show(days.told(settled))
    on = settled.by_name
    consent = Consent(statement.consent_version, statement.consent_channel, on[CONSENT_ON])
    document = None if number is None else Document(number, on[ISSUED_ON])
    return Order(path, unit, statement.mode, consent, document, subject)


def _digest(path: Path) -> str:
    """Return the digest of a roster that can be read: of another one nothing is kept."""
    from registry_cli.importing.roster import open_roster
    from shared.tables.problems import TableError

    try:
        with open_roster(path) as roster:
            return roster.file.sha256
    except TableError as failure:
        raise Told(failure) from failure


def check_day(day: str) -> None:
    """Refuse what is no day of the form YYYY-MM-DD.

    Raises:
        Problem: it is none.
    """
    from datetime import date

    try:
        known = date.fromisoformat(day).isoformat() == day
    except ValueError:
        known = False
    if not known:
        raise Problem("day", exit_code=MISUSED, value=day)


def _run_with_bar(runtime: "Runtime", order: Order) -> "ImportSummary":
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as Remaining

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("[green]{task.fields[accepted]} 已登记 accepted[/]"),
        TextColumn("[red]{task.fields[refused]} 被拒 refused[/]"),
        Remaining(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(order.path.name, total=None, accepted=0, refused=0)

        def advance(now: Any) -> None:
            bar.update(
                task,
                completed=now.rows,
                total=now.total,
                accepted=now.accepted,
                refused=now.refused,
            )

        summary = run_order(runtime, order, advance)
        bar.update(task, completed=summary.rows, total=summary.rows)
    return summary


def told(summary: "ImportSummary") -> list[str]:
    """Return what became of a roster, in lines: totals, reasons, and where the refused rows are."""
    lines = [
        f"名册 / roster {summary.path}: "
        f"{summary.rows} 行 rows, {summary.accepted} 已登记 accepted, {summary.refused} 被拒 refused"
    ]
    if summary.ignored_columns:
        lines.append(f"未导入的列 / columns not imported: {'、'.join(summary.ignored_columns)}")
    by_number = sorted(summary.reasons.items(), key=lambda item: -item[1])
    lines += [f"  {count:>6}  {code}" for code, count in by_number[:REASONS_SHOWN]]
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


def _show(lines: list[str]) -> None:
    import typer

    for line in lines:
        typer.echo(line)
