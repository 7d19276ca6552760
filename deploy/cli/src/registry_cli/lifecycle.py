"""`registry up`, `down` and `status`, and what `up` does once everything is ready."""

import json
import os
import sys
from collections.abc import Callable
from functools import partial

from rich.console import Console
from rich.table import Column, Table
from typer import echo

from embedded import control, state
from embedded.runtime import Runtime
from registry_cli.problems import EXPLAINED, FAILED, Problem, tell, unexpected
from registry_cli.running import find_runtime


def up(*, detach: bool, demo: bool) -> int:
    """Start the system and stay until it has stopped, or with `detach` until it is ready.

    Returns:
        0 where all went well.
    """
    runtime = find_runtime()
    try:
        return control.up(runtime, detach=detach, on_ready=partial(after_start, runtime, demo=demo))
    except (control.AlreadyRunning, control.PortBaseMismatch, control.PreflightFailed) as refusal:
        raise Problem("told", text=refusal) from refusal


def down() -> None:
    """Stop the system and wait for its end."""
    runtime = find_runtime()
    try:
        stopped = control.down(runtime)
    except PermissionError as error:
        raise Problem("pid", pid=state.supervisor(runtime)) from error
    said = "已停止 / stopped" if stopped else "系统没有运行 / the system was not running"
    echo(f"{said}: {runtime.var}")


def status(*, as_json: bool) -> int:
    """Show every process; 1 where one is not healthy.

    With `as_json` the list is the answer, healthy or not, and the exit code is 0.
    """
    runtime = find_runtime()
    rows = control.status(runtime)
    if as_json:
        echo(json.dumps(rows))
        return 0
    titles = ("进程 process", "角色 role", "pid", "端口 port", "健康 healthy", "重启 restarts")
    columns = (Column(title, no_wrap=True) for title in titles)
    table = Table(*columns, box=None, pad_edge=False)
    for row in rows:
        table.add_row(
            row["name"],
            row["role"],
            str(row["pid"] or "–"),
            str(row["port"] or "–"),
            "[green]是 yes[/]" if row["healthy"] else "[red]否 no[/]",
            str(row["restarts"]),
        )
    console = Console(highlight=False)
    console.print(table, crop=False)
    if not any(row["pid"] for row in rows):
        console.print(f"{runtime.var}: 没有运行 / not running (registry up)")
    return 0 if all(row["healthy"] for row in rows) else FAILED


def after_start(runtime: Runtime, *, demo: bool) -> None:
    """Seed, import the demo roster, and show how to try it; a failure stops none of the rest."""
    from registry_cli import seeding, welcome

    def seed() -> None:
        say("建立机构树（首次约需数秒）/ seeding the tree (a few seconds the first time)")
        for line in seeding.seed_tree(runtime, [seeding.DEMO_PROVINCE] if demo else []):
            say(line)

    if attempt("建立机构树", "Seeding the tree", seed) and demo:
        importing = partial(seeding.import_demo, runtime, say)
        attempt("导入示范名册", "Importing the demo roster", importing)
    attempt("写出试用命令", "Writing the lines to try", lambda: say(welcome.greeting(runtime)))


def attempt(chinese: str, english: str, step: Callable[[], None]) -> bool:
    """Run one step; where it fails, say so in both languages and go on."""
    try:
        step()
    except EXPLAINED as problem:
        reason = str(problem)
    except Exception as error:  # noqa: BLE001 - no step may stop `registry up`
        reason = str(unexpected(error))
    else:
        return True
    tell(
        f"{chinese}未完成，系统继续运行。原因：\n"
        f"{english} was not done; the system runs on. The reason:\n{reason}"
    )
    return False


def say(text: str) -> None:
    """Write lines at once, so that logs of the running system fall between them, not into them."""
    sys.stdout.flush()
    os.write(sys.stdout.fileno(), f"{text}\n".encode())
