"""`registry dead-letter`: what the aggregator set aside, and what becomes of it."""

import json
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

from registry_cli.problems import MISUSED, Problem
from registry_cli.running import Api, find_runtime, url
from registry_cli.tokens import HEADQUARTERS, officer_token, unit_id

STATES = {"open": "未处理 open", "replayed": "已补计 replayed", "dismissed": "已放弃 dismissed"}
REASON_SHOWN = 200


def list_letters(state: str | None, subject: str, *, as_json: bool) -> None:
    """Show dead letters, oldest first."""
    api = _api(subject)
    items = api.items("/v1/dead-letters", {} if state is None else {"state": state})
    if as_json:
        _print(items)
        return
    if not items:
        sys.stdout.write("没有死信 / no dead letters\n")
    for item in items:
        state_shown = STATES.get(str(item.get("state")), item.get("state"))
        sys.stdout.write(
            f"{item['id']}  {state_shown}\n"
            f"    {item.get('source')} @{item.get('epoch')} → {item.get('topic')}"
            f"/{item.get('partition')}, 序号 numbers {_numbers(item)}, {item.get('at', '')}\n"
            f"    {str(item.get('reason', ''))[:REASON_SHOWN]}\n"
        )


def show_letter(identity: str, subject: str) -> None:
    """Print one dead letter with its bytes as text."""
    _print(_api(subject).get(f"/v1/dead-letters/{quote(identity, safe='')}"))


def replay_letter(identity: str, event_file: Path | None, subject: str) -> None:
    """Count a dead letter's events once, as stored or as mended in a file."""
    event = None if event_file is None else _event(event_file)
    path = f"/v1/dead-letters/{quote(identity, safe='')}/replay"
    done = _api(subject).post(path, {"event": event})
    rows = done.get("rows", 0)
    sys.stdout.write(f"{identity}: 已补计 {rows} 条变动 / replayed, {rows} changes counted\n")


def dismiss_letter(identity: str, reason: str, subject: str) -> None:
    """Close a dead letter without counting it, under the name of who does so."""
    path = f"/v1/dead-letters/{quote(identity, safe='')}/dismiss"
    _api(subject).post(path, {"reason": reason})
    sys.stdout.write(f"{identity}: 已放弃，不计入（{subject}）/ dismissed, not counted\n")


def _api(subject: str) -> Api:
    runtime = find_runtime()
    headquarters = unit_id(runtime, HEADQUARTERS)
    bearer = officer_token(runtime, subject, headquarters, "admin")
    return Api(url(runtime, "aggregator"), bearer)


def _event(path: Path) -> Any:
    try:
        text = sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8")
    except OSError as error:
        raise Problem("file", exit_code=MISUSED, path=path, reason=error.strerror) from error
    except UnicodeDecodeError as error:
        raise Problem("event_file", exit_code=MISUSED, path=path, reason="UTF-8") from error
    try:
        event = json.loads(text)
    except ValueError as error:
        raise Problem("event_file", exit_code=MISUSED, path=path, reason=error) from error
    if not isinstance(event, dict | list):
        raise Problem("event_file", exit_code=MISUSED, path=path, reason=type(event).__name__)
    return event


def _numbers(item: dict[str, Any]) -> str:
    first, last = item.get("first"), item.get("last")
    return str(first) if first == last else f"{first}-{last}"


def _print(value: Any) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")
