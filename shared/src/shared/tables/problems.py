"""What may be wrong with a table: each problem with its remedy, in Chinese and English.

These texts quote cells, which may be personal data: they are for whoever gave the file, and are
not logged. That is why they are not in the message catalogue of `shared.web`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

Language = Literal["zh", "en"]


class Message(NamedTuple):
    """The text of one problem: its code for programs, and ``str.format`` templates for people."""

    code: str
    zh: str
    en: str


@dataclass(frozen=True)
class Problem:
    """One thing wrong in one row.

    Args:
        message: its text.
        params: values the text names; a pair (Chinese, English) is shown in the language.
        column: name of the column at fault, None for the row as a whole.
        title: the column's title as the file has it, None where no one cell is at fault.
    """

    message: Message
    params: Mapping[str, object]
    column: str | None = None
    title: str | None = None

    @property
    def code(self) -> str:
        """The problem's name, for programs."""
        return self.message.code

    def text(self, language: Language = "zh") -> str:
        """Return problem and remedy in one language."""
        at = 0 if language == "zh" else 1
        shown = {name: v[at] if isinstance(v, tuple) else v for name, v in self.params.items()}
        return self.message[1 + at].format(**shown)


class TableError(Exception):
    """The file as a whole cannot be read."""

    def __init__(self, message: Message, **params: object) -> None:
        self.problem = Problem(message, params)
        super().__init__(f"{self.problem.text('zh')}\n{self.problem.text('en')}")


class Unreadable(ValueError):
    """A cell's text has no value its column knows."""

    def __init__(self, message: Message, **params: object) -> None:
        self.problem = Problem(message, params)
        super().__init__(message.code)


# The whole file.
EMPTY = Message(
    "file.empty",
    "文件 {file} 中没有数据行：请确认保存的是填好的名册。",
    "File {file} has no data rows: make sure the filled-in roster was saved.",
)
WORKBOOK = Message(
    "file.workbook",
    "文件 {file} 是 Excel 工作簿：请在 Excel 中“另存为”“CSV UTF-8（逗号分隔）”后再导入。",
    "File {file} is an Excel workbook: save it as “CSV UTF-8 (comma delimited)” first.",
)
ENCODING = Message(
    "file.encoding",
    "文件 {file} 既不是 UTF-8 也不是 GB 18030 编码（第 {line} 行无法读取）：请另存为“CSV UTF-8”。",
    "File {file} is neither UTF-8 nor GB 18030 (line {line} cannot be read): save it as “CSV UTF-8”.",
)
DAMAGED = Message(
    "file.damaged",
    "文件 {file} 是 {encoding} 编码，但第 {line} 行有残缺的字符：文件可能未传完或被截断，"
    "请从原软件重新导出为“CSV UTF-8”。",
    "File {file} is {encoding}, but a character in line {line} is cut: it may have been sent or "
    "saved in part; export it again as “CSV UTF-8”.",
)
HEADER_UNREADABLE = Message(
    "file.header_unreadable",
    "文件 {file} 按 {encoding} 编码读取，第 {line} 行起的文字无法辨认，因而找不到表头：文件可能是其他编码（如 Big5）"
    "或已损坏，请用原软件打开后另存为“CSV UTF-8”。",
    "File {file}, read as {encoding}, is not legible from line {line} on, so no header was found: "
    "it may have another encoding (such as Big5) or be damaged; open it where it was made and save "
    "it as “CSV UTF-8”.",
)
NUL = Message(
    "file.nul",
    "文件 {file} 含有空字符（NUL），不是文本文件：请重新导出为 CSV。",
    "File {file} contains NUL characters and is no text file: export it as CSV again.",
)
HEADER = Message(
    "file.header",
    "在前 {searched} 行中没有找到表头：需要{required}列和至少一个其他已知列（如 {known}）。",
    "No header within the first {searched} lines: a column {required} and at least one other "
    "known column are needed (such as {known}).",
)
COLUMN_TWICE = Message(
    "file.column_twice",
    "第 {line} 行表头中“{first}”和“{second}”含义相同：请只保留一列。",
    "The header in line {line} has “{first}” and “{second}” for the same thing: keep one.",
)
QUOTING = Message(
    "file.quoting",
    "第 {line} 行附近的引号不成对或单元格过长（{reason}）：请检查该处的双引号。",
    "Near line {line} quotes do not pair or a cell is too long ({reason}): check the double "
    "quotes there.",
)
CHANGED = Message(
    "file.changed",
    "文件 {file} 在读取过程中被修改：请关闭其他程序后重新导入。",
    "File {file} changed while it was read: close other programs and import it again.",
)

# One row.
EXTRA_CELLS = Message(
    "row.extra_cells",
    "单元格比表头多 {extra} 个：内容里如有分隔符，请用双引号括起来；"
    "错误清单中多出的内容在本行末尾，改好后请清空。",
    "There are {extra} cells more than headers: put content with a separator in double quotes; "
    "a report of errors keeps the surplus at the end of the row: empty it when done.",
)
OPEN_QUOTE = Message(
    "row.open_quote",
    "“{column}”单元格吞入了后面的行，疑为引号不成对：请检查该行及其后各行的双引号，并核对{counted}。",
    "The cell “{column}” has swallowed following rows, probably by an unpaired quote: check "
    "the double quotes of this row and those after it, and the number of {counted}.",
)

# One cell.
CODE = Message(
    "value.code",
    "“{value}”无法识别：可填 {known}。",
    "“{value}” is not known: use one of {known}.",
)
NUMBER_LOST = Message(
    "value.number_lost",
    "“{value}”是被表格软件改写的数字（科学计数法，或第 16 位起变为 0），原号码已丢失：请把该列设为“文本”后重新填写。",
    "“{value}” is a number a spreadsheet has changed (scientific notation, or zeros from the 16th "
    "digit on); the original is lost: format the column as text and enter it again.",
)
DATE = Message(
    "value.date",
    "“{value}”不是可识别的日期：请写成 2020-01-05。",
    "“{value}” is no date that can be read: write 2020-01-05.",
)
DATE_IMPOSSIBLE = Message(
    "value.date_impossible",
    "“{value}”这一天不存在：请核对年月日。",
    "There is no day “{value}”: check year, month and day.",
)
DATE_WITHOUT_DAY = Message(
    "value.date_without_day",
    "“{value}”缺少日：请写完整的年月日，如 2020-01-05。",
    "“{value}” lacks the day: give year, month and day, as 2020-01-05.",
)
DATE_SERIAL = Message(
    "value.date_serial",
    "“{value}”是表格软件内部的日期序号：请把该列设为“日期”格式 2020-01-05 后重新保存。",
    "“{value}” is a spreadsheet's internal day number: format the column as a date "
    "(2020-01-05) and save again.",
)
