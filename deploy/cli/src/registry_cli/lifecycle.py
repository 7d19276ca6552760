"""`registry up`, `down` and `status`, and what `up` does once everything is ready."""

import json
import os
import sys
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from registry_cli.problems import FAILED, Problem, Told, tell, unexpected
from registry_cli.running import find_runtime

if TYPE_CHECKING:
    from embedded.runtime import Runtime
    from embedded.state import Row

GOES_ON = (
    "{what}未完成，系统继续运行。原因：",
    "{what} was not done; the system runs on. The reason:",
)
SEED = ("建立机构树", "Seeding the tree")
DEMO = ("导入示范名册", "Importing the demo roster")
WELCOME = ("写出试用命令", "Writing the lines to try")


def up(*, detach: bool, demo: bool) -> int:
    """Start the system and stay until it has stopped, or with `detach` until it is ready.

    Returns:
        0 where all went well.
    """
    from embedded import control

    runtime = find_runtime()
    try:
        return control.up(runtime, detach=detach, on_ready=partial(after_start, runtime, demo=demo))
    except (control.AlreadyRunning, control.PortBaseMismatch, control.PreflightFailed) as refusal:
        raise Told(refusal) from refusal


def down() -> None:
    """Stop the system and wait for its end."""
    from embedded import control, state

    runtime = find_runtime()
    try:
        stopped = control.down(runtime)
    except PermissionError as error:
        raise Problem("pid", pid=state.supervisor(runtime)) from error
    said = "已停止 / stopped" if stopped else "系统没有运行 / the system was not running"
    sys.stdout.write(f"{said}: {runtime.var}\n")


def status(*, as_json: bool) -> int:
    """Show every process; 1 where one is not healthy.

    With `as_json` the list is the answer, healthy or not, and the exit code is 0.
    """
    from embedded import control

    runtime = find_runtime()
    rows = control.status(runtime)
    if as_json:
        sys.stdout.write(json.dumps(rows) + "\n")
        return 0
    _show(runtime, rows)
    return 0 if all(row["healthy"] for row in rows) else FAILED


def after_start(runtime: "Runtime", *, demo: bool) -> None:
    """Seed, import the demo roster, and tell how to try it; a failure stops none of the rest."""
    from registry_cli import seeding, welcome

    provinces = [seeding.DEMO_PROVINCE] if demo else []
    tree = attempt(SEED, lambda: _seed(runtime, provinces))
    if demo and tree:
        attempt(DEMO, lambda: seeding.import_demo(runtime, say))
    attempt(WELCOME, lambda: say(welcome.greeting(runtime)))


def _seed(runtime: "Runtime", provinces: list[str]) -> None:
    from registry_cli import seeding

    say("建立机构树（首次约需数秒）/ seeding the tree (a few seconds the first time)")
    for line in seeding.seeded(seeding.seed_tree(runtime, provinces)):
        say(line)


def attempt(what: tuple[str, str], step: Callable[[], None]) -> bool:
    """Run one step; where it fails, say so in both languages and go on."""
    try:
        step()
    except Problem as problem:
        reason = problem
    except Exception as error:  # noqa: BLE001 - no step may stop `registry up`
        reason = unexpected(error)
    else:
        return True
    named = (text.format(what=name) for text, name in zip(GOES_ON, what, strict=True))
    tell("\n".join([*named, str(reason)]))
    return False


def say(text: str) -> None:
    """Write lines at once, so that logs of the running system fall between them, not into them."""
    sys.stdout.flush()
    os.write(sys.stdout.fileno(), f"{text}\n".encode())


def _show(runtime: "Runtime", rows: "list[Row]") -> None:
    from rich.console import Console
    from rich.table import Table

    titles = ("进程 process", "角色 role", "pid", "端口 port", "健康 healthy", "重启 restarts")
    table = Table(*titles, box=None, pad_edge=False)
    for column in table.columns:
        column.no_wrap = True
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
