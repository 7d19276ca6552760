"""The command `registry`: what it takes; what it does is imported by each command when it runs."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from registry_cli import deadletters, epochs
from registry_cli.importing.doubts import Doubt
from registry_cli.options import Json, Subject
from registry_cli.problems import Guarded

HELP = """中国红十字会登记系统：基层组织、会员、志愿者。

The registry of Red Cross units, members and volunteers.

环境变量 variables: REGISTRY_VAR（数据目录 data directory）, REGISTRY_PORT_BASE（端口基数 port base,
8000）。退出码 exit codes: 0 成功 done, 1 失败或不一致 failed, 2 用法错误 misused."""

app = typer.Typer(
    cls=Guarded,
    help=HELP,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(deadletters.app, name="dead-letter")
app.add_typer(epochs.app, name="epoch")

Unit = Annotated[
    str, typer.Option(help="单位 id 或区划代码（如 330106）。 Unit id or region code.")
]
Mode = Annotated[
    Literal["existing", "applications"],
    typer.Option(help="既有会员或新申请。 Members of long standing, or new applications."),
]
Document = Annotated[
    str | None, typer.Option(help="批准名册的文号。 Number of the paper that approved the list.")
]

Despite = Annotated[
    list[Doubt] | None,
    typer.Option(
        help="名册整体可疑但已核对无误，按此项照常导入并记录在案，可重复。"
        " Import despite this doubt about the whole roster; recorded.",
    ),
]


@app.command()
def up(
    detach: Annotated[
        bool,
        typer.Option(
            "--detach/--foreground", help="就绪后转入后台。 Leave it running once it is ready."
        ),
    ] = False,
    demo: Annotated[
        bool,
        typer.Option(
            "--demo/--no-demo",
            help="建立一个省的乡镇组织并导入示范名册。 Township units of one province, demo roster.",
        ),
    ] = True,
) -> None:
    """启动整个系统。 Start everything.

    Ctrl-C 停止，数据留在 var/，再次启动即继续。 Ctrl-C stops it; the data stays in var/ and the next
    start goes on with it.
    """
    from registry_cli import lifecycle

    raise typer.Exit(lifecycle.up(detach=detach, demo=demo))


@app.command()
def down() -> None:
    """停止系统。 Stop the system."""
    from registry_cli import lifecycle

    lifecycle.down()


@app.command()
def status(as_json: Json = False) -> None:
    """各进程状态。 Every process and its health."""
    from registry_cli import lifecycle

    raise typer.Exit(lifecycle.status(as_json=as_json))


@app.command()
def welcome() -> None:
    """打印地址和试用命令。 Print the addresses, and lines to try."""
    from registry_cli import running, welcome

    runtime = running.find_runtime()
    running.require_running(runtime)
    typer.echo(welcome.greeting(runtime))


@app.command()
def seed(
    townships: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PROVINCE",
            help="同时建立该省的乡镇街道组织（如 33），可重复。 Also the township units of a province.",
        ),
    ] = None,
) -> None:
    """建立各级红十字会。 Seed the tree from the divisions.

    已有的不动，可随时重复。 What is there stays; run it as often as you like.
    """
    from registry_cli import seeding

    seeding.seed(townships or [])


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="名册（CSV）。 The roster (CSV).")],
    *,
    unit: Unit,
    mode: Mode = "existing",
    document: Document = None,
    issued_on: Annotated[
        str | None,
        typer.Option(
            metavar="DAY", help="该文件日期，默认首次导入当天。 Its day; that of the first run."
        ),
    ] = None,
    consent_version: Annotated[
        str, typer.Option(help="个人信息告知书版本。 Version of the text consented to.")
    ] = "2026-1",
    consent_channel: Annotated[
        str, typer.Option(help="同意方式。 How consent was given.")
    ] = "PAPER",
    consent_on: Annotated[
        str | None,
        typer.Option(
            metavar="DAY", help="同意日期，默认首次导入当天。 Its day; that of the first run."
        ),
    ] = None,
    despite: Despite = None,
    subject: Subject,
) -> None:
    """导入名册。 Import a roster.

    被拒的行写入名册旁的 .errors.csv，改正后可直接导入；已登记但须核对的列入 .warnings.csv。 Refused rows go
    into .errors.csv next to the roster, to be corrected and imported; accepted ones to be checked are
    listed in .warnings.csv.
    """
    from registry_cli import rosters
    from registry_cli.importing.run import Order

    stated = (document, issued_on, consent_version, consent_channel, consent_on)
    order = Order(file, unit, subject, mode, *stated, frozenset(despite or ()))
    raise typer.Exit(rosters.import_file(order))


@app.command()
def token(
    subject: Annotated[str, typer.Option(help="持有人。 Whose token it is.")],
    role: Annotated[
        list[str] | None,
        typer.Option(
            help="角色，可重复：viewer registrar approver organiser auditor privacy admin。 Roles."
        ),
    ] = None,
    unit: Annotated[
        list[str] | None,
        typer.Option(help="单位 id 或区划代码，含其下级，可重复。 Unit ids or region codes."),
    ] = None,
    person: Annotated[
        str | None, typer.Option(help="志愿者 id：本人的令牌。 Volunteer id: one's own token.")
    ] = None,
    ttl: Annotated[
        str | None, typer.Option(help="有效期，如 30m、8h、7d，默认 8h。 How long it is valid.")
    ] = None,
) -> None:
    """签发令牌，只输出令牌。 Print a bearer token, nothing else."""
    from registry_cli import tokens

    typer.echo(tokens.token(subject, role or [], unit or [], person, ttl))


@app.command()
def recount(as_json: Json = False) -> None:
    """核对登记与大屏。 Compare registries and dashboard.

    一致为 0，不一致为 1，未能核对为 2。 Exit code 0: equal, 1: they differ, 2: not compared.
    """
    from registry_cli import figures

    raise typer.Exit(figures.recount(as_json=as_json))


if __name__ == "__main__":
    app()
