"""`registry dead-letter`: what the aggregator set aside, and what becomes of it."""

import json
import sys
import uuid
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import quote

import typer

from registry_cli.options import Json, Subject
from registry_cli.problems import Misuse

if TYPE_CHECKING:
    from registry_cli.api import Api

SERVICE, LETTERS = "aggregator", "/v1/dead-letters"
STATES = {
    "open": "未处理 open",
    "replayed": "已补计 replayed",
    "dismissed": "已放弃 dismissed",
    "voided": "已作废 voided",
}
REASON_SHOWN = 200

app = typer.Typer(
    help="死信：查看、补计、放弃。 Dead letters: list, show, replay, dismiss.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
Identity = Annotated[str, typer.Argument(metavar="ID", help="死信编号。 Id of the dead letter.")]


@app.command("list")
def list_letters(
    *,
    state: Annotated[
        Literal["open", "replayed", "dismissed", "voided", "all"],
        typer.Option(help="状态。 Which ones."),
    ] = "open",
    as_json: Json = False,
    subject: Subject,
) -> None:
    """列出死信。 List them, oldest first."""
    asked = {} if state == "all" else {"state": state}
    items = list(_api(subject).items(SERVICE, LETTERS, asked))
    if as_json:
        _print(items)
    elif not items:
        typer.echo("没有死信 / no dead letters")
    else:
        for item in items:
            first, last = item.get("first"), item.get("last")
            numbers = first if first == last else f"{first}-{last}"
            typer.echo(
                f"{item['id']}  {STATES.get(str(item.get('state')), item.get('state'))}\n"
                f"    {item.get('source')} @{item.get('epoch')} → {item.get('topic')}"
                f"/{item.get('partition')}, 序号 numbers {numbers}, {item.get('at', '')}\n"
                f"    {str(item.get('reason', ''))[:REASON_SHOWN]}"
            )


@app.command("show")
def show_letter(identity: Identity, subject: Subject) -> None:
    """查看一条死信的全文。 Print one with its bytes as text."""
    _print(_api(subject).get(SERVICE, f"{LETTERS}/{quote(identity, safe='')}"))


@app.command("replay")
def replay_letter(
    identity: Identity,
    *,
    event_file: Annotated[
        Path | None,
        typer.Option(help="改正后的事件（JSON），- 为标准输入。 The mended event; - is stdin."),
    ] = None,
    subject: Subject,
) -> None:
    """补计一次，可用改正后的事件。 Count it once, as stored or as mended."""
    event = None if event_file is None else _event(event_file)
    rows = _post(subject, identity, "replay", {"event": event}).get("rows", 0)
    typer.echo(f"{identity}: 已补计 {rows} 条变动 / replayed, {rows} changes counted")


@app.command("dismiss")
def dismiss_letter(
    identity: Identity,
    reason: Annotated[str, typer.Option(help="理由，会保留。 Why; it is kept.")],
    subject: Subject,
) -> None:
    """放弃，不计入，记名。 Close it without counting it, by name."""
    _post(subject, identity, "dismiss", {"reason": reason})
    typer.echo(f"{identity}: 已放弃，不计入（{subject}）/ dismissed, not counted")


def _api(subject: str) -> "Api":
    from registry_cli import api, running, tokens  # heavy, and not for `registry --help`

    runtime = running.find_runtime()
    headquarters = tokens.unit_id(runtime, tokens.HEADQUARTERS)
    mint = partial(tokens.officer_token, runtime, subject, headquarters, "admin")
    return api.Api(partial(running.url, runtime), mint)


def _post(subject: str, identity: str, action: str, body: dict[str, Any]) -> dict[str, Any]:
    path = f"{LETTERS}/{quote(identity, safe='')}/{action}"
    return _api(subject).post(SERVICE, path, json.dumps(body).encode(), uuid.uuid4().hex)


def _event(path: Path) -> Any:
    try:
        text = sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8")
        event = json.loads(text)
    except OSError as error:
        raise Misuse("file", path=path, reason=error.strerror) from error
    except UnicodeDecodeError as error:
        raise Misuse("event_file", path=path, reason="UTF-8") from error
    except ValueError as error:
        raise Misuse("event_file", path=path, reason=error) from error
    if not isinstance(event, dict | list):
        raise Misuse("event_file", path=path, reason=type(event).__name__)
    return event


def _print(value: Any) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))
