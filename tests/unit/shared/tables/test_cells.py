"""One cell of a table to one value: what is put right, and what is refused by its own code."""

import pytest

from shared.tables.problems import Unreadable
from tests.unit.shared.tables.activities import ACTIVITIES


@pytest.mark.parametrize(
    ("column", "cell", "value"),
    [
        ("name", "\u3000义诊 ", "义诊"),
        ("name", "﨑Ａ", "﨑Ａ"),
        ("held_on", "2020/1/5", "2020-01-05"),
        ("held_on", "2020-01-05", "2020-01-05"),
        ("held_on", "20200105", "2020-01-05"),
        ("held_on", "2020年1月5日", "2020-01-05"),
        ("held_on", "２０２０．１．５", "2020-01-05"),
        ("held_on", "2020/1/5 0:00", "2020-01-05"),
        ("phone", "139-0000-0000", "13900000000"),
        ("phone", "'+86 139 0000 0000", "+8613900000000"),
        ("phone", "\u200e１１０１０５ ００２ｘ", "110105002X"),
        ("place", "北山街道 红十字会", "北山街道红十字会"),
        ("place", " ", None),
        ("place", "'", None),
        ("size", "大", "LARGE"),
        ("phone", '="11010519491231002X"', "11010519491231002X"),
        ("phone", ' = "13900000000" ', "13900000000"),
        ("phone", '\'="13900000000"', "13900000000"),
        ("phone", "＇13900000000", "13900000000"),
        ("phone", "‘13900000000", "13900000000"),
        ("phone", "''13900000000", "13900000000"),
        ("phone", "13900000000.0", "13900000000"),
        ("place", '="北山 ""街道"""', '北山"街道"'),
        ("place", '=""', None),
        ("size", '="大"', "LARGE"),
        ("held_on", '="2020-01-05"', "2020-01-05"),
    ],
)
def test_cells_of_a_table_are_understood_as_people_write_them(
    column: str, cell: str, value: str | None
) -> None:
    assert ACTIVITIES.by_name[column].value(cell) == value


@pytest.mark.parametrize(
    ("column", "cell", "code"),
    [
        ("held_on", "1990-02-30", "value.date_impossible"),
        ("held_on", "20201301", "value.date_impossible"),
        ("held_on", "1990年5月", "value.date_without_day"),
        ("held_on", "199005", "value.date_without_day"),
        ("held_on", "43835", "value.date_serial"),
        ("held_on", "5/1/2020", "value.date"),
        ("held_on", "去年", "value.date"),
        ("phone", "3.30106E+17", "value.number_lost"),
        ("phone", "3.30106e17", "value.number_lost"),
        ("phone", '\'="3.30106194912310E+017"', "value.number_lost"),
        ("phone", "330106194912310000.0", "value.number_lost"),
        ("size", "中", "value.code"),
    ],
)
def test_an_unreadable_cell_of_a_table_is_refused_by_its_own_code(
    column: str, cell: str, code: str
) -> None:
    with pytest.raises(Unreadable) as caught:
        ACTIVITIES.by_name[column].value(cell)
    assert caught.value.problem.code == code
