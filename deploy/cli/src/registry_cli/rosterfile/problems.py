"""What may be wrong with a roster: each problem named with its remedy, in Chinese and English."""

import dataclasses
from dataclasses import dataclass
from typing import Any, Literal

Language = Literal["zh", "en"]

TEXTS: dict[str, tuple[str, str]] = {
    # The whole file.
    "file.missing": (
        "找不到文件 {path}：请检查路径。",
        "File {path} does not exist: check the path.",
    ),
    "file.unreadable": (
        "文件 {path} 无法读取（{reason}）：请检查权限，并确认它没有被其他程序占用。",
        "File {path} cannot be read ({reason}): check its permissions and that no other program "
        "holds it.",
    ),
    "file.empty": (
        "文件 {path} 中没有数据行：请确认保存的是填好的名册。",
        "File {path} has no data rows: make sure the filled-in roster was saved.",
    ),
    "file.workbook": (
        "文件 {path} 是 Excel 工作簿：请在 Excel 中“另存为”“CSV UTF-8（逗号分隔）”后再导入。",
        "File {path} is an Excel workbook: save it as “CSV UTF-8 (comma delimited)” first.",
    ),
    "file.encoding": (
        "文件 {path} 既不是 UTF-8 也不是 GB18030 编码：请另存为“CSV UTF-8”。",
        "File {path} is neither UTF-8 nor GB18030: save it as “CSV UTF-8”.",
    ),
    "file.nul": (
        "文件 {path} 含有空字符（NUL），不是文本文件：请重新导出为 CSV。",
        "File {path} contains NUL characters and is no text file: export it as CSV again.",
    ),
    "file.header": (
        "在前 {searched} 行中没有找到表头：需要“姓名”列和至少一个其他已知列（如 {known}）。",
        "No header within the first {searched} lines: a column 姓名 (name) and at least one other "
        "known column are needed (such as {known}).",
    ),
    "file.column_twice": (
        "第 {line} 行表头中“{first}”和“{second}”含义相同：请只保留一列。",
        "The header in line {line} has “{first}” and “{second}” for the same thing: keep one.",
    ),
    "file.quoting": (
        "第 {line} 行附近的引号不成对或单元格过长（{reason}）：请检查该处的双引号。",
        "Near line {line} quotes do not pair or a cell is too long ({reason}): check the double "
        "quotes there.",
    ),
    "file.changed": (
        "文件 {path} 在读取过程中被修改：请关闭其他程序后重新导入。",
        "File {path} changed while it was read: close other programs and import it again.",
    ),
    # One cell, or one row.
    "row.extra_cells": (
        "单元格比表头多 {extra} 个：内容里如有分隔符，请用双引号括起来；"
        "错误清单中多出的内容在本行末尾，改好后请清空。",
        "There are {extra} cells more than headers: put content with a separator in double quotes; "
        "a report of errors keeps the surplus at the end of the row: empty it when done.",
    ),
    "row.open_quote": (
        "“{column}”单元格吞入了后面的行，疑为引号不成对：请检查该行及其后各行的双引号，并核对人数。",
        "The cell “{column}” has swallowed following rows, probably by an unpaired quote: check "
        "the double quotes of this row and those after it, and the number of persons.",
    ),
    "value.code": (
        "“{value}”无法识别：可填 {known}。",
        "“{value}” is not known: use one of {known}.",
    ),
    "value.number_lost": (
        "“{value}”是被表格软件改成科学计数法的数字，原号码已丢失：请把该列设为“文本”后重新填写。",
        "“{value}” is a number a spreadsheet turned into scientific notation; the original is "
        "lost: format the column as text and enter it again.",
    ),
    "value.date": (
        "“{value}”不是可识别的日期：请写成 2020-01-05。",
        "“{value}” is no date that can be read: write 2020-01-05.",
    ),
    "value.date_impossible": (
        "“{value}”这一天不存在：请核对年月日。",
        "There is no day “{value}”: check year, month and day.",
    ),
    "value.date_without_day": (
        "“{value}”缺少日：请写完整的年月日，如 2020-01-05。",
        "“{value}” lacks the day: give year, month and day, as 2020-01-05.",
    ),
    "value.date_serial": (
        "“{value}”是表格软件内部的日期序号：请把该列设为“日期”格式 2020-01-05 后重新保存。",
        "“{value}” is a spreadsheet's internal day number: format the column as a date "
        "(2020-01-05) and save again.",
    ),
    "value.kind": (
        "会员类别“{value}”无法识别：请填“成人会员”或“青少年会员”。",
        "Kind of member “{value}” is not known: enter 成人会员 (adult) or 青少年会员 (youth).",
    ),
    "value.kind_group": (
        "团体会员是单位，不在个人名册中导入：请到“团体会员”中登记。",
        "Group members are organisations and not part of a roster of persons: register them "
        "under group members.",
    ),
}


@dataclass(frozen=True)
class Problem:
    """One thing wrong in one row.

    Args:
        field: API field at fault, None for the row as a whole.
        column: header of the column as the file has it, None where no one cell is at fault.
        code: key of the text.
        params: values the text names.
    """

    field: str | None
    column: str | None
    code: str
    params: dict[str, Any] = dataclasses.field(default_factory=dict)

    def text(self, language: Language = "zh") -> str:
        """Return problem and remedy in one language."""
        return wording(self.code, language, self.params)


class RosterFileError(Exception):
    """The file as a whole cannot be imported; nothing of it was sent."""

    def __init__(self, code: str, **params: object) -> None:
        self.code = code
        self.params = params
        super().__init__(f"{self.text('zh')}\n{self.text('en')}")

    def text(self, language: Language = "zh") -> str:
        """Return problem and remedy in one language."""
        return wording(self.code, language, self.params)


class Unreadable(ValueError):
    """A cell's text has no value the registry knows."""

    def __init__(self, code: str, **params: object) -> None:
        super().__init__(code)
        self.code = code
        self.params = params


def wording(code: str, language: Language, params: dict[str, Any]) -> str:
    """Return the text of a code with its values filled in."""
    chinese, english = TEXTS[code]
    return (chinese if language == "zh" else english).format(**params)
