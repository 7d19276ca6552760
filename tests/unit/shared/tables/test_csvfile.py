"""CSV files of tables: codings, separators, line ends, lines, and what is no such file."""

import csv
import tracemalloc
from io import BytesIO

import pytest

from shared.tables import csvfile
from shared.tables.problems import TableError
from tests.unit.shared.tables.activities import PLAIN, rows, table


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("separator", [",", "\t", ";", "，"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_a_csvfile_is_read_in_every_coding_separator_and_line_end(
    encoding: str, separator: str, line_end: str
) -> None:
    content = PLAIN.replace(",", separator).replace("\n", line_end)
    (row,) = rows(content, encoding)
    assert (row.line, row.values["name"], row.values["held_on"]) == (2, "义诊", "2026-03-05")
    assert row.values["place"] == "西湖公园"


def test_a_csvfile_in_gb18030_is_found_though_its_first_megabyte_is_ascii() -> None:
    content = "name,place,phone\n" + "Walk,Park,13900000000\n" * 75_000 + "义诊,公园,1\n"
    found = table(content, "gb18030")
    assert found.file.encoding == "gb18030"
    *_, last = found.rows()
    assert (last.line, last.values["name"]) == (75_002, "义诊")


def test_line_numbers_of_a_csvfile_survive_breaks_within_a_cell() -> None:
    content = '名称,地点,备注\n义诊,公园,"一\n二\n三"\n讲座,学校,\n'
    assert [row.line for row in rows(content)] == [2, 5]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file.empty"),
        (b"PK\x03\x04rest", "file.workbook"),
        (b"\xd0\xcf\x11\xe0rest", "file.workbook"),
        ("名称,地点\n义\0诊,公园\n".encode(), "file.nul"),
        (b"\xff\xff\xff\xff", "file.encoding"),
        (b"a,b,c\n1,2,3\n", "file.header"),
        ("地点,日期\n公园,2026-03-05\n".encode(), "file.header"),
        ("名称,天气\n义诊,晴\n".encode(), "file.header"),
        ("名称,日期,活动日期\n".encode(), "file.column_twice"),
        (f'名称,地点\n"{"长" * 140_000}\n'.encode(), "file.quoting"),
    ],
)
def test_a_table_that_is_unreadable_as_a_whole_is_refused_in_both_languages(
    content: bytes, code: str
) -> None:
    with pytest.raises(TableError) as caught:
        rows(content)
    assert caught.value.problem.code == code
    assert caught.value.problem.text("zh") in str(caught.value)
    assert caught.value.problem.text("en") in str(caught.value)


def test_a_csvfile_that_changes_while_it_is_read_is_refused() -> None:
    stream = BytesIO(PLAIN.encode())
    file = csvfile.inspect(stream, "活动.csv")
    stream.seek(0)
    stream.write(b"\xff" * 40)
    with pytest.raises(TableError) as caught:
        list(file.records(","))
    assert caught.value.problem.code == "file.changed"


def test_a_csvfile_is_read_as_often_as_asked_and_stays_open() -> None:
    stream = BytesIO(PLAIN.encode())
    file = csvfile.inspect(stream, "活动.csv")
    assert next(file.records(","))[0] == 1
    assert len(list(file.records(","))) == len(list(file.records(","))) == 2
    assert not stream.closed


@pytest.mark.parametrize("endless", ["a," * 600, '"a\n",' * 300])
def test_a_record_of_a_csvfile_without_end_is_refused(
    monkeypatch: pytest.MonkeyPatch, endless: str
) -> None:
    monkeypatch.setattr(csvfile, "LONGEST_RECORD", 1_000)
    with pytest.raises(TableError) as caught:
        rows(PLAIN + endless)
    assert caught.value.problem.code == "file.quoting"
    assert isinstance(caught.value.__cause__, csv.Error)


def test_reading_a_table_needs_little_memory() -> None:
    found = table("名称,地点,备注\n" + "义诊,公园,一二三四五六七八九十\n" * 20_000)
    tracemalloc.start()
    count = sum(1 for _ in found.rows())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 20_000
    assert peak < 1_000_000
