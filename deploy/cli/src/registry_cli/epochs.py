"""`registry epoch`: what follows the restore of one register from a backup."""

from typing import Annotated, Literal

import typer

app = typer.Typer(
    help="纪元：从备份恢复一个登记库之后。 Epochs: after one register was restored from a backup.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.callback()
def epoch() -> None:
    """纪元。 Epochs."""


@app.command("raise")
def raise_(
    source: Annotated[
        Literal["org-units", "member", "volunteer"],
        typer.Option(help="从备份恢复的登记库。 The register that was restored."),
    ],
) -> None:
    """作废备份之后的事件。 Void the events that are later than the backup.

    汇总服务会自动减去这些事件的计数，完成后核对（registry recount）一致。 The figures take their counts
    off by themselves; then `registry recount` finds both equal.
    """
    from registry_cli.running import find_runtime, require_running, run_once

    runtime = find_runtime()
    module = ["shared.pipeline.epoch", "--source", source]
    require_running(runtime, program=f"{source}-relay python -m {' '.join(module)}")
    _, said = run_once(runtime, module, source)
    name, number = said.splitlines()[-1].split()  # what else there is was logged
    typer.echo(f"{name}: 纪元 {number}，备份之后的事件作废 / epoch {number}, later events are void")
