"""Why an import stops: one clear sentence with its remedy, in Chinese and English."""

from typing import ClassVar

from registry_cli.api import BUSY
from registry_cli.problems import Problem

AGAIN = (
    "已处理的行不受影响，解决后用同一文件再次导入即可，不会重复登记。",
    "What was sent stays; solve it and import the same file again: nobody is registered twice.",
)

TEXTS = {
    "unreachable": (
        "{attempts} 次尝试后仍无法连接 {url}（{reason}）：请确认服务已启动（registry status）。",
        "{url} could not be reached in {attempts} attempts ({reason}): check that the service "
        "runs (registry status).",
    ),
    "busy": (
        "{attempts} 次尝试后 {url} 仍然繁忙（{status}）：请稍后再试。",
        "{url} was still busy after {attempts} attempts ({status}): try again later.",
    ),
    "token": (
        "服务不接受新签发的访问令牌：请确认 REGISTRY_VAR 指向正在运行的系统，"
        "且签发方未被更换（registry status）。",
        "The service does not accept a token just made: check that REGISTRY_VAR names the system "
        "that runs, and that its issuer was not replaced (registry status).",
    ),
    "unit": (
        "找不到单位 {unit}，或它不在您的权限范围内：请核对单位编号和权限。",
        "There is no unit {unit}, or it lies outside your rights: check its id and your grants.",
    ),
    "forbidden": (
        "没有导入权限：{detail}（需要该单位的 registrar 角色）。",
        "You may not import here: {detail} (the role registrar for the unit is needed).",
    ),
    "refused": (
        "{url} 拒绝了请求（{status}）：{detail}",
        "{url} refused the request ({status}): {detail}",
    ),
    "answer": (
        "{url} 的答复不符合约定（{reason}）：请确认客户端与服务版本一致。",
        "The answer of {url} is not as agreed ({reason}): check that client and service are of "
        "one version.",
    ),
    "too_many_units": (
        "单位 {unit} 下的单位超过 {most} 个上级节点：请按县级分别导入。",
        "Below unit {unit} are more than {most} parents: import county by county.",
    ),
    "report": (
        "错误清单 {path} 无法写入（{reason}）：请关闭正在打开它的程序，或另选位置。",
        "The error report {path} cannot be written ({reason}): close the program that has it "
        "open, or choose another place.",
    ),
}


class ImportFailed(Problem):
    """The import as a whole stopped; rows already answered stay registered."""

    texts: ClassVar = {
        code: (zh + AGAIN[0], f"{en} {AGAIN[1]}") for code, (zh, en) in TEXTS.items()
    }
    by_status: ClassVar = {401: "token", 403: "forbidden"} | dict.fromkeys(BUSY, "busy")


class ImportStopped(Problem):
    """The roster is doubtful as a whole, and nobody has said that it is right nevertheless."""

    texts: ClassVar = {
        "doubtful": (
            "名册整体可疑，尚未发送任何一行：\n{zh}{listed}\n"
            "请改正名册后重新导入；如已逐一核对无误，请加上 {options} 再次导入，此举将记录在案。",
            "The roster is doubtful as a whole, and no row of it was sent:\n{en}{listed}\n"
            "Correct it and import it again; if all of it was checked and is right, import it with "
            "{options}, which is recorded.",
        ),
        "refusals": (
            "导入已停止：\n{zh}\n"
            "已登记 {accepted} 行（{accepted_list}），被拒 {refused} 行（{report}），第 {line} 行起未发送。"
            "请改正整个名册后再次导入，已登记的不会重复登记；如确须继续，请加上 {options} 再次导入，此举将记录在案。",
            "The import was stopped:\n{en}\n"
            "{accepted} rows were accepted ({accepted_list}), {refused} refused ({report}); those "
            "from line {line} on were not sent. Correct the whole roster and import it again, which "
            "registers nobody twice; to go on as it is, import it with {options}, which is "
            "recorded.",
        ),
    }
