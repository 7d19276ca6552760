"""Texts for a user who cannot go on: what is wrong, and the remedy, Chinese first."""

import os
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import typer
from typer.core import TyperGroup

from shared.tables.problems import TableError

FAILED = 1
"""Exit code: the command was understood and did not succeed, or found what should not be."""
MISUSED = 2
"""Exit code: the command line is wrong, or nothing could be found out."""
INTERRUPTED = 130
"""Exit code: Ctrl-C, as a shell reports it."""

TEXTS: Mapping[str, tuple[str, ...]] = {
    "port_base": (
        "端口基数“{value}”不是 1 到 65000 的整数：请改正环境变量 REGISTRY_PORT_BASE"
        "（或删除 {path} 后重试）。",
        "The port base “{value}” is no whole number from 1 to 65000: correct the variable "
        "REGISTRY_PORT_BASE (or remove {path} and try again).",
    ),
    "mongo_cache": (
        "环境变量 REGISTRY_MONGO_CACHE_GB 的值“{value}”不是 0.25 到 10000 的数字：请改正，如 2。",
        "The variable REGISTRY_MONGO_CACHE_GB is “{value}”, no number from 0.25 to 10000: correct "
        "it, for example to 2.",
    ),
    "directory": (
        "数据目录 {var} 无法读取（{reason}）：请用 REGISTRY_VAR 指定一个可以读写的目录。",
        "The data directory {var} cannot be read ({reason}): name one that can be read and written "
        "in REGISTRY_VAR.",
    ),
    "not_running": (
        "{var} 中的系统没有运行：请先执行 registry up。",
        "The system in {var} is not running: run `registry up` first.",
    ),
    "elsewhere": (
        "环境变量所指的服务不在本机，而本命令要直接访问数据库："
        "请在服务器上执行 docker compose -f deploy/compose.yaml run --rm {program}。",
        "The services the environment names run elsewhere, and this command needs their database: "
        "on the server, run `docker compose -f deploy/compose.yaml run --rm {program}`.",
    ),
    "unreachable": (
        "无法连接 {base}（{reason}）：请用 registry status 查看服务是否就绪。",
        "{base} cannot be reached ({reason}): see with `registry status` whether the service is up.",
    ),
    "refused": (
        "服务拒绝了请求（{status}）：{detail}",
        "The service refused the request ({status}) for the reason above.",
    ),
    "answer": (
        "{url} 的答复不是 JSON：请确认该端口上运行的是登记系统（registry status）。",
        "The answer of {url} is not JSON: check that the registry is what runs on that port "
        "(`registry status`).",
    ),
    "one_shot": (
        "{name} 失败（退出码 {status}）：{said}\n日志：{log}",
        "{name} failed (exit code {status}): {said}\nLog: {log}",
    ),
    "not_compared": (
        "核对未完成：程序中途出错，日志见 {log}。",
        "Nothing was compared: the program broke; see {log}.",
    ),
    "unit_unknown": (
        "没有单位“{unit}”：请用区划代码（如 330106）或单位 id；"
        "如尚未建立机构，请执行 registry seed。",
        "There is no unit “{unit}”: give a region code (such as 330106) or a unit's id; where the "
        "chapters are not there yet, run `registry seed`.",
    ),
    "unit_ambiguous": (
        "区划代码 {unit} 对应多个单位（{found}）：请改用单位 id。",
        "Several units bear the region code {unit} ({found}): give the unit's id instead.",
    ),
    "role_unknown": (
        "没有角色“{role}”。可用：{known}。",
        "There is no role “{role}”. Known are: {known}.",
    ),
    "token_empty": (
        "请用 --role 和 --unit 说明权限，或用 --person 指定志愿者。",
        "Say what the token allows with --role and --unit, or name a volunteer with --person.",
    ),
    "token_halved": (
        "--role 与 --unit 须同时给出：角色总是对某个单位及其下级而言。",
        "--role and --unit belong together: a role is always held for a unit and those below it.",
    ),
    "ttl": (
        "有效期“{value}”无法识别：请写秒数，或如 30m、8h、7d；最长 3650d。",
        "The time to live “{value}” is not understood: write seconds, or 30m, 8h, 7d; 3650d at "
        "most.",
    ),
    "province": (
        "“{value}”不是省级区划代码：请写两位或六位数字，如 33 或 330000。",
        "“{value}” is no code of a province: write two or six digits, such as 33 or 330000.",
    ),
    "day": (
        "“{value}”不是日期：请写成 2026-01-05。",
        "“{value}” is no date: write 2026-01-05.",
    ),
    "days_unkept": (
        "未写明的日期须记在 {path}，以便中断后继续，但该文件无法读写（{reason}）：请用 {options} 写明日期。",
        "Days left out are kept in {path}, for an import that goes on later, and it cannot be read "
        "and written ({reason}): state them with {options}.",
    ),
    "document_missing": (
        "导入既有会员（--mode existing）须有批准名册的文件：请用 --document 填写文号；"
        "若这些人是新申请入会，请用 --mode applications。",
        "Existing members (--mode existing) rest on the paper that approved the list: give its "
        "number with --document; for new applications use --mode applications.",
    ),
    "file": (
        "无法读取 {path}（{reason}）：请核对路径和权限。",
        "{path} cannot be read ({reason}): check the path and its permissions.",
    ),
    "event_file": (
        "{path} 不是 JSON 事件（{reason}）：请提供一个 CloudEvents 对象或其数组。",
        "{path} holds no event in JSON ({reason}): give one CloudEvents object or an array of "
        "them.",
    ),
    "pid": (
        "无权停止进程 {pid}：请用启动它的用户执行 registry down。",
        "You may not stop process {pid}: run `registry down` as the user who started it.",
    ),
    "unexpected": (
        "程序内部错误（{reason}）。详情已写入 {log}，请连同该文件报告此问题。",
        "An internal error ({reason}). Details are in {log}; please report it with that file.",
    ),
    "unexpected_unlogged": (
        "程序内部错误（{reason}）。详情见上，请连同这些内容报告此问题。",
        "An internal error ({reason}). Details are above; please report it with them.",
    ),
    "told": ("{text}",),  # in both languages already
}


class Problem(Exception):
    """Why a command stops, in both languages."""

    texts: ClassVar = TEXTS
    by_status: ClassVar[dict[int, str]] = {}
    """Codes for what a service refuses; any other status is `refused`."""
    exit_code = FAILED

    def __init__(self, code: str, **params: object) -> None:
        self.code = code
        self.params = params
        super().__init__("\n".join(text.format(**params) for text in self.texts[code]))


class Misuse(Problem):
    """The command line is wrong, or nothing could be found out."""

    exit_code = MISUSED


EXPLAINED = (Problem, TableError)
"""Their texts are for the user, as they are."""


class Guarded(TyperGroup):
    """Commands that end with a message and an exit code, never with a traceback."""

    def invoke(self, ctx: Any) -> Any:
        """Run a command, and put its failure into words."""
        try:
            return super().invoke(ctx)
        except (typer.Exit, typer.Abort, typer.TyperException):
            raise
        except EXPLAINED as problem:
            tell(str(problem))
            code = getattr(problem, "exit_code", FAILED)
        except KeyboardInterrupt:
            tell("已中断 / interrupted")
            code = INTERRUPTED
        except BrokenPipeError:  # whoever read our output has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            code = FAILED
        except Exception as error:  # noqa: BLE001 - the one place where it becomes a message
            tell(str(unexpected(error)))
            code = FAILED
        # 1 from a recount says that figures differ.
        raise typer.Exit(max(code, MISUSED if ctx.invoked_subcommand == "recount" else FAILED))


def tell(text: str) -> None:
    """Write a message for the user to standard error."""
    sys.stdout.flush()
    typer.echo(text, err=True)


def unexpected(error: Exception) -> Problem:
    """Return the message for what nobody foresaw; its traceback goes into a file."""
    from embedded.runtime import Runtime

    reason = f"{type(error).__name__}: {error}"[:300]
    try:
        log = Runtime.from_environment().log("cli")
    except (ValueError, KeyError, OSError):
        log = Path("registry-cli.log").absolute()
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("a", encoding="utf-8") as file:
            traceback.print_exception(error, file=file)
    except OSError:
        traceback.print_exception(error)
        return Problem("unexpected_unlogged", reason=reason)
    return Problem("unexpected", reason=reason, log=log)
