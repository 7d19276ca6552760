"""`registry recount`: what the registries hold against what the figures count."""

import json
from typing import Any

from rich.console import Console
from rich.table import Column, Table
from typer import echo

from registry_cli.problems import Problem
from registry_cli.running import find_runtime, require_running, run_once

EQUAL, DIFFERENT = 0, 1
DIFFERENCES_SHOWN = 20
COMPARED = ("登记 registry", "统计 figures")
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
    """Compare once and show the report; 1 where a figure differs."""
    runtime = find_runtime()
    require_running(runtime, program="recount")
    code, output = run_once(
        runtime, ["aggregator.recount"], "aggregator", allowed=(EQUAL, DIFFERENT)
    )
    if not output:  # a program that breaks ends with 1 as well
        raise Problem("not_compared", log=runtime.log("aggregator.recount"))
    if as_json:
        echo(output, nl=False)
    else:
        show(json.loads(output))
    return code


def show(report: dict[str, Any]) -> None:
    """Print a report for a person."""
    console = Console(highlight=False)
    registry, figures = (
        Column(name, justify="right") for name in ("登记 registry", "统计 figures")
    )
    totals = Table("指标 series", registry, figures, "相等 equal")
    for series, total in report["series"].items():
        held, counted = total["registry"], total["dashboard"]
        same = "[green]是 yes[/]" if held == counted else "[red]否 no[/]"
        totals.add_row(SERIES.get(series, series), f"{held:,}", f"{counted:,}", same)
    console.print(totals)
    console.print(ALL_UNITS)
    unequal = f"[red]不一致[/] {report['differing']} differ"
    console.print(
        f"{'[green]一致[/] equal' if report['equal'] else unequal} · "
        f"比对 compared {report['compared']} · 未处理死信 open dead letters "
        f"{report['open_dead_letters']} · {report['seconds']} s"
    )
    if reasons := report.get("incomplete_reasons"):  # reports of before have none
        console.print(f"数字不完整 figures not complete: {', '.join(reasons)}")
    for letter in report.get("dismissed", ()):
        console.print(
            f"已放弃的死信 dismissed: {letter['id']} · {letter['topic']}/{letter['partition']} "
            f"{letter['first']}-{letter['last']} · {letter['closed_by']}: {letter['dismissal']}"
        )
    shown = report["differences"][:DIFFERENCES_SHOWN]
    if shown:
        table = Table("主题 topic", "单位 unit", "日期 day", "计数 counter", *COMPARED)
        for row in shown:
            table.add_row(
                *(row["topic"], row["unit"], row["day"] or "现在 now", row["counter"]),
                *(str(row[side]) for side in ("registry", "dashboard")),
            )
        console.print(table)
        if hidden := report["differing"] - len(shown):
            console.print(f"… 另有 {hidden} 处，见 registry recount --json / {hidden} more")
