"""Rows of a table: the header found, the values under it, and the problems of each row."""

from string import Formatter

import pytest

from shared.tables import problems
from shared.tables.problems import Message, TableError
from tests.unit.shared.tables.activities import ACTIVITIES, one, rows, table


def test_a_row_of_a_table_has_every_column_and_its_line() -> None:
    content = "某区红十字会活动表,,\n\n活动名称*, 地 点 ,联系电话（必填）\n\n义诊,公园,\n,,\n讲座,学校,1\n"
    first, second = rows(content)
    assert (first.line, second.line) == (5, 7)
    assert tuple(first.values) == tuple(column.name for column in ACTIVITIES.columns)
    assert first.values == {
        "name": "义诊", "held_on": None, "place": "公园", "phone": None, "size": None,
    }  # fmt: skip
    assert second.cells == ("讲座", "学校", "1")


def test_a_table_whose_cells_are_marked_as_text_is_read_as_it_looks() -> None:
    first, second = rows(
        '="名称",\'地点,"=""联系电话"""\n="",\',\n="义诊",\'公园,="0571"\n讲座,,\n'
    )
    assert (first.line, first.values["name"], first.values["place"]) == (3, "义诊", "公园")
    assert first.values["phone"] == "0571"
    assert second.values["name"] == "讲座"


def test_a_table_without_its_last_cells_has_blank_values() -> None:
    (row,) = rows("名称,地点,规模\n义诊\n")
    assert (row.values["place"], row.values["size"], row.problems) == (None, None, ())


def test_english_headers_of_a_table_are_understood() -> None:
    (row,) = rows("Name,Held_On,PLACE\nWalk,2020-01-02,Park\n")
    assert (row.values["name"], row.values["held_on"], row.values["place"]) == (
        "Walk", "2020-01-02", "Park",
    )  # fmt: skip


def test_unknown_columns_of_a_table_are_listed_and_unread_ones_are_not() -> None:
    assert table("No,名称,地点,天气,备注,\n1,义诊,公园,晴,,\n").ignored == ("天气",)


def test_the_title_of_a_column_is_that_of_the_table_else_the_one_to_add() -> None:
    found = table("No,名称 ,地点\n")
    assert found.title_of("name") == "名称 "
    assert found.title_of("held_on") == "活动日期"
    assert found.title_of("weather") == "weather"


def test_a_table_without_a_header_names_the_columns_that_make_one() -> None:
    with pytest.raises(TableError) as caught:
        table("地点,日期\n公园,2026-03-05\n")
    assert caught.value.problem.text() == (
        "在前 10 行中没有找到表头：需要“活动名称”列和至少一个其他已知列（如 活动日期、地点）。"
    )
    assert "a column 活动名称 (name) and at least one other" in caught.value.problem.text("en")


def test_a_problem_of_a_table_names_row_column_and_remedy() -> None:
    row = one("日期,联系电话", "1990-02-30,1.38E+10")
    assert row.line == 2
    assert [(p.column, p.title) for p in row.problems] == [
        ("held_on", "日期"),
        ("phone", "联系电话"),
    ]
    assert row.values["held_on"] is None
    assert row.problems[0].text() == "“1990-02-30”这一天不存在：请核对年月日。"
    assert row.problems[0].text("en").startswith("There is no day “1990-02-30”")


def test_cells_of_a_table_beyond_the_header_are_a_problem() -> None:
    (problem,) = one("规模", "大,多余").problems
    assert (problem.code, problem.params) == ("row.extra_cells", {"extra": 1})
    assert one("规模", "大, ,").problems == ()


def test_an_open_quote_in_a_table_never_swallows_rows_unseen() -> None:
    content = '名称,地点,备注\n义诊,公园,"与讲座\n讲座,学校,\n慰问,社区,"\n'
    (row,) = rows(content)
    (problem,) = row.problems
    assert problem.code == "row.open_quote"
    assert problem.text().endswith("并核对场次。")
    assert problem.text("en").endswith("and the number of activities.")


def test_both_languages_name_the_same_values_of_a_table() -> None:
    def names(template: str) -> set[str | None]:
        return {name for _, name, _, _ in Formatter().parse(template)} - {None}

    messages = [one for one in vars(problems).values() if isinstance(one, Message)]
    assert len({message.code for message in messages}) == len(messages) > 10
    for message in messages:
        assert names(message.zh) == names(message.en)
