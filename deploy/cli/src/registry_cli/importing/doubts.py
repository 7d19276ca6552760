"""What makes a roster doubtful as a whole, by the name an officer overrules it with."""

from collections.abc import Mapping
from enum import StrEnum

from shared.tables.problems import Message


class Doubt(StrEnum):
    """A kind of damage that single rows do not show."""

    NUMBERS_LOST = "numbers_lost"
    GARBLED_NAMES = "garbled_names"
    ONE_BIRTH_DATE = "one_birth_date"
    ONE_SURNAME = "one_surname"
    UNREADABLE_ROWS = "unreadable_rows"
    REFUSED_ROWS = "refused_rows"


TEXTS: Mapping[Doubt, Message] = {
    Doubt.NUMBERS_LOST: Message(
        "roster.numbers_lost",
        "{total} 个 18 位证件号码中有 {count} 个以 000 结尾（正常约 500 个中 1 个），其中 {wrong} 个校验码不符：表格软件把号码截成了 15 位，"
        "原号码已丢失。请从原始资料重新填写这些号码，并先把该列设为“文本”。",
        "{count} of {total} 18-digit document numbers end in 000 (about 1 in 500 does), {wrong} of them with a wrong check character: a "
        "spreadsheet cut them to 15 digits and the originals are lost. Format the column as text "
        "and enter these numbers again from the originals.",
    ),
    Doubt.GARBLED_NAMES: Message(
        "roster.garbled_names",
        "按 {encoding} 编码读取时，{total} 个姓名中有 {count} 个像是乱码（首见于第 {line} 行）：文件可能是其他编码"
        "（如 Big5）或曾被错误转码，请用原软件打开，核对姓名后另存为“CSV UTF-8”。",
        "Read as {encoding}, {count} of {total} names look garbled (first in line {line}): the file "
        "may have another encoding (such as Big5) or have been converted wrongly; open it where it "
        "was made, check the names, and save it as “CSV UTF-8”.",
    ),
    Doubt.ONE_BIRTH_DATE: Message(
        "roster.one_birth_date",
        "{total} 人中有 {count} 人的出生日期都是 {value}：该列可能被整列填充或错位，请对照原始资料核对。",
        "{count} of {total} persons were born on {value}: the column may have been filled down or "
        "shifted; check it against the originals.",
    ),
    Doubt.ONE_SURNAME: Message(
        "roster.one_surname",
        "{total} 人中有 {count} 人的姓名以“{value}”开头：该列可能被整列填充或错位，请对照原始资料核对。",
        "{count} of {total} names begin with “{value}”: the column may have been filled down or "
        "shifted; check it against the originals.",
    ),
    Doubt.UNREADABLE_ROWS: Message(
        "roster.unreadable_rows",
        "{total} 行中有 {count} 行无法导入（{reasons}）：请检查列与表头是否对应，名册是否选对。",
        "{count} of {total} rows cannot be imported ({reasons}): check that columns and "
        "titles belong together, and that it is the right roster.",
    ),
    Doubt.REFUSED_ROWS: Message(
        "roster.refused_rows",
        "连续 {pages} 页有一半以上的行被拒（重复登记的不计；主要原因 {reasons}）。",
        "On {pages} pages in a row more than half of the rows were refused, those of persons "
        "entered already not counted (mostly {reasons}).",
    ),
}
