"""A kind of table for these tests: activities, of which no register has a roster."""

from io import BytesIO

from shared.tables import problems
from shared.tables.cells import closed_up, day, number
from shared.tables.columns import Column, TableSchema
from shared.tables.problems import Unreadable
from shared.tables.table import Row, Table, read_table


def size(text: str) -> str:
    """Return a size of two."""
    if text not in {"大", "小"}:
        raise Unreadable(problems.CODE, value=text, known="大、小")
    return "LARGE" if text == "大" else "SMALL"


ACTIVITIES = TableSchema(
    (
        Column("name", ("活动名称", "名称", "name"), str, required=True, exact=True),
        Column("held_on", ("活动日期", "日期", "held on"), day),
        Column("place", ("地点", "place"), closed_up),
        Column("phone", ("联系电话", "phone"), number),
        Column("size", ("规模", "size"), size),
    ),
    examples=("held_on", "place"),
    counted=("场次", "activities"),
    unread=frozenset({"备注", "no"}),
)
PLAIN = "活动名称,活动日期,地点\n义诊,2026/3/5,西湖 公园\n"


def table(content: str | bytes, encoding: str = "utf-8") -> Table:
    stored = content if isinstance(content, bytes) else content.encode(encoding)
    return read_table(BytesIO(stored), ACTIVITIES, "活动.csv")


def rows(content: str | bytes, encoding: str = "utf-8") -> list[Row]:
    return list(table(content, encoding).rows())


def one(header: str, line: str) -> Row:
    (row,) = rows(f"活动名称,{header}\n义诊,{line}\n")
    return row
