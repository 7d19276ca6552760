"""`registry recount`: what the registries hold against what the figures count."""

import json
import sys
from typing import TYPE_CHECKING, Any

from registry_cli.problems import Problem
from registry_cli.running import find_runtime, require_running, run_once

if TYPE_CHECKING:
    from rich.table import Table

EQUAL, DIFFERENT = 0, 1
DIFFERENCES_SHOWN = 20
ALL_UNITS = (
    "全部单位合计，含不计入全国数的香港、澳门红十字会，可能大于大屏上的全国数\n"
    "all units, the Hong Kong and Macao branches included: may exceed the national figure"
)
"""The national figure leaves out what is outside the targets; a comparison leaves out nothing."""
SERIES = {
    "units": "基层组织 units",
    "members": "会员 members",
    "volunteers": "注册志愿者 volunteers",
    "enrolled": "登记志愿者 enrolled",
}


def recount(*, as_json: bool) -> int:
    """Compare once and show the report; 1 where a figure differs.

    Raises:
        Problem: it was not made.
    """
    runtime = find_runtime()
    require_running(runtime, program="recount")
    code, output = run_once(
        runtime, ["aggregator.recount"], "aggregator", allowed=(EQUAL, DIFFERENT)
    )
    if not output:  # a program that breaks ends with 1 as well
        raise Problem("not_compared", log=runtime.log("aggregator.recount"))
    if as_json:
        sys.stdout.write(output)
    else:
        show(json.loads(output))
    return code


def show(report: dict[str, Any]) -> None:
    """Print a report for a person."""
    from rich.console import Console

    console = Console(highlight=False)
    console.print(_totals(report))
    console.print(ALL_UNITS)
    verdict = (
        "[green]一致[/] equal"
        if report["equal"]
        else f"[red]不一致[/] {report['differing']} differ"
    )
    console.print(
        f"{verdict} · 比对 compared {report['compared']} · 未处理死信 open dead letters "
        f"{report['open_dead_letters']} · {report['seconds']} s"
    )
    if report["differences"]:
        console.print(_differences(report["differences"]))
        hidden = report["differing"] - min(DIFFERENCES_SHOWN, len(report["differences"]))
        if hidden:
            console.print(f"… 另有 {hidden} 处，见 registry recount --json / {hidden} more")


def _totals(report: dict[str, Any]) -> "Table":
    from rich.table import Table

    table = Table("指标 series", "登记 registry", "统计 figures", "相等 equal")
    for column in table.columns[1:3]:
        column.justify = "right"
    for series, totals in report["series"].items():
        same = totals["registry"] == totals["dashboard"]
        table.add_row(
            SERIES.get(series, series),
            f"{totals['registry']:,}",
            f"{totals['dashboard']:,}",
            "[green]是 yes[/]" if same else "[red]否 no[/]",
        )
    return table


def _differences(rows: list[dict[str, Any]]) -> "Table":
    from rich.table import Table

    table = Table(
        "主题 topic", "单位 unit", "日期 day", "计数 counter", "登记 registry", "统计 figures"
    )
    for row in rows[:DIFFERENCES_SHOWN]:
        table.add_row(
            *(str(row[name]) for name in ("topic", "unit")),
            row["day"] or "现在 now",
            *(str(row[name]) for name in ("counter", "registry", "dashboard")),
        )
    return table
