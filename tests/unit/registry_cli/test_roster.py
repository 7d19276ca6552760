"""A roster of members: columns as offices call them, values as people write them."""

from pathlib import Path
from string import Formatter

import pytest

from registry_cli.importing import roster as of_members
from registry_cli.importing.roster import ROSTER, open_roster, values_of
from shared.tables.problems import Message, TableError, Unreadable
from shared.tables.table import Row


def roster(tmp_path: Path, content: str) -> Path:
    path = tmp_path / "名册.csv"
    path.write_text(content, encoding="utf-8")
    return path


def rows(tmp_path: Path, content: str) -> list[Row]:
    with open_roster(roster(tmp_path, content)) as table:
        return list(table.rows())


def one(tmp_path: Path, header: str, line: str) -> Row:
    (row,) = rows(tmp_path, f"姓名,{header}\n王芳,{line}\n")
    return row


def test_blank_cells_of_a_roster_mean_somebody_of_that_age_without_a_document(
    tmp_path: Path,
) -> None:
    (row,) = rows(tmp_path, "姓名*, 性 别 ,身份证号（18位）,出生日期\n李强,男,,1980-01-02\n")
    assert values_of(row) == {
        "name": "李强", "sex": "1", "birth_date": "1980-01-02",
        "id_type": "NONE", "kind": "INDIVIDUAL_ADULT",
    }  # fmt: skip


def test_english_headers_of_a_roster_are_understood(tmp_path: Path) -> None:
    (row,) = rows(
        tmp_path,
        "Name,Sex,birth_date,id_type,id_number,phone,kind,joined_on,unit\n"
        "Ann Lee,F,2000-01-02,PASSPORT,p1234567,+852 9123 4567,individual_youth,2020/1/5,U1\n",
    )
    assert values_of(row) == {
        "name": "Ann Lee",
        "sex": "2",
        "birth_date": "2000-01-02",
        "id_type": "PASSPORT",
        "id_number": "P1234567",
        "phone": "+85291234567",
        "kind": "INDIVIDUAL_YOUTH",
        "joined_on": "2020-01-05",
        "unit": "U1",
    }


@pytest.mark.parametrize("title", ["签发国", "证件签发国", "签发国家或地区", "Issuing Country"])
def test_the_issuing_country_of_a_roster_goes_with_the_document(tmp_path: Path, title: str) -> None:
    row = one(tmp_path, f"会员类别,证件类型,证件号码,{title}", "个人会员,护照,E1234567,日本")
    assert row.problems == ()
    sent = values_of(row)
    assert (sent["id_type"], sent["id_number"], sent["id_country"]) == (
        "PASSPORT", "E1234567", "JPN",
    )  # fmt: skip


def test_remarks_in_a_roster_are_not_listed_as_unknown(tmp_path: Path) -> None:
    titles = "序号,姓名,性别,血型,备注,行号,字段,问题与改法,\n"
    with open_roster(roster(tmp_path, titles)) as table:
        assert table.ignored == ("血型",)


@pytest.mark.parametrize(
    "header",
    [
        "监护人姓名,与本人关系,监护人电话",
        "监护人,监护人关系,监护人联系电话",
        "监护人姓名（未满18周岁填写）,监护人 与本人关系,监护人手机号码*",
        "家长姓名,与学生关系,家长电话",
        "Guardian Name,Guardian Relation,Guardian Phone",
        "guardian.name,guardian.relation,guardian.phone",
        "guardian,relationship,guardian_mobile",
    ],
)
def test_columns_of_a_guardian_in_a_roster_are_understood(tmp_path: Path, header: str) -> None:
    cells = "13800000001,李 梅,母 亲,139-0000-0002"
    row = one(tmp_path, f"会员类别,联系电话,{header}", f"青少年会员,{cells}")
    assert row.problems == ()
    assert {key: value for key, value in row.values.items() if "guardian" in key} == {
        "guardian.name": "李梅",
        "guardian.relation": "母亲",
        "guardian.phone": "13900000002",
    }
    assert (row.values["name"], row.values["phone"]) == ("王芳", "13800000001")
    with open_roster(tmp_path / "名册.csv") as table:
        assert table.ignored == ()


@pytest.mark.parametrize(
    ("field", "cell", "value"),
    [
        ("name", "\u3000王 芳 ", "王芳"),
        ("name", "阿布都\u2022艾力", "阿布都·艾力"),
        ("name", "Ann  Lee", "Ann Lee"),
        ("name", "﨑", "﨑"),
        ("sex", "男", "1"),
        ("sex", "２", "2"),
        ("sex", "不详", "0"),
        ("birth_date", "2020/1/5", "2020-01-05"),
        ("birth_date", "2020-01-05", "2020-01-05"),
        ("birth_date", "20200105", "2020-01-05"),
        ("birth_date", "2020年1月5日", "2020-01-05"),
        ("birth_date", "２０２０．１．５", "2020-01-05"),
        ("birth_date", "2020/1/5 0:00", "2020-01-05"),
        ("id_type", "居民身份证", "RESIDENT_ID"),
        ("id_type", "hmt_residence", "HMT_RESIDENCE"),
        ("id_number", "１１０１０５ １９４９ １２３１ ００２ｘ", "11010519491231002X"),
        ("id_number", "'110105194912310021", "110105194912310021"),
        ("id_number", "\u200e11010519491231002x", "11010519491231002X"),
        ("id_country", "美国", "USA"),
        ("id_country", " 刚果(金)", "COD"),
        ("id_country", "Ｇbr", "GBR"),
        ("phone", "139-0000-0000", "13900000000"),
        ("phone", "'+86 139 0000 0000", "+8613900000000"),
        ("ethnicity", "汉族", "01"),
        ("ethnicity", "维吾尔", "05"),
        ("ethnicity", "基诺族", "56"),
        ("ethnicity", "穿青人", "97"),
        ("education", "大专", "30"),
        ("education", "博士", "10"),
        ("education", "高职", "30"),
        ("political", "党员", "01"),
        ("political", "群众", "13"),
        ("occupation", "教师", "13"),
        ("occupation", "80", "80"),
        ("occupation", "太极拳教练", "90"),
        ("kind", "红十字青少年", "INDIVIDUAL_YOUTH"),
        ("kind", "个人会员（成人）", "INDIVIDUAL_ADULT"),
        ("kind", "青少年会员（少先队员）", "INDIVIDUAL_YOUTH"),
        ("kind", "青少年会员、少先队员", "INDIVIDUAL_YOUTH"),
        ("kind", "少先队员", "INDIVIDUAL_YOUTH"),
        ("political", "少先队员", "13"),
        ("unit", "北山街道 红十字会", "北山街道红十字会"),
        ("unit", " ", None),
        ("unit", "'", None),
    ],
)
def test_values_of_a_roster_are_understood_as_people_write_them(
    field: str, cell: str, value: str | None
) -> None:
    assert ROSTER.by_name[field].value(cell) == value


@pytest.mark.parametrize(
    ("field", "cell", "code"),
    [
        ("sex", "先生", "value.code"),
        ("birth_date", "1990-02-30", "value.date_impossible"),
        ("birth_date", "20201301", "value.date_impossible"),
        ("birth_date", "1990年5月", "value.date_without_day"),
        ("birth_date", "199005", "value.date_without_day"),
        ("birth_date", "43835", "value.date_serial"),
        ("birth_date", "5/1/2020", "value.date"),
        ("joined_on", "去年", "value.date"),
        ("id_type", "军官证", "value.code"),
        ("id_number", "3.30106E+17", "value.number_lost"),
        ("id_country", "火星", "value.country"),
        ("phone", "1.38E+10", "value.number_lost"),
        ("guardian.phone", "1.38E+10", "value.number_lost"),
        ("ethnicity", "火星族", "value.code"),
        ("education", "私塾", "value.code"),
        ("political", "不问", "value.code"),
        ("kind", "理事", "value.kind"),
        ("kind", "青少年会员、理事", "value.kind"),
        ("kind", "成人会员（少先队员）", "value.kind"),
        ("kind", "、", "value.kind"),
        ("kind", "团体会员", "value.kind_group"),
    ],
)
def test_an_unreadable_value_of_a_roster_is_refused_by_its_own_code(
    field: str, cell: str, code: str
) -> None:
    with pytest.raises(Unreadable) as caught:
        ROSTER.by_name[field].value(cell)
    assert caught.value.problem.code == code


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("", "NONE"),
        ("11010519491231002X", "RESIDENT_ID"),
        ("810000199003072715", "HMT_RESIDENCE"),
        ("911156198108221219", "FPR_NEW"),
    ],
)
def test_the_type_of_a_document_in_a_roster_is_derived_from_the_number(
    tmp_path: Path, number: str, expected: str
) -> None:
    assert values_of(one(tmp_path, "身份证号", number))["id_type"] == expected


def test_an_unreadable_type_of_document_in_a_roster_is_not_guessed(tmp_path: Path) -> None:
    row = one(tmp_path, "证件类型,证件号码", "军官证,12345678")
    assert row.values["id_type"] is None
    assert [problem.column for problem in row.problems] == ["id_type"]


def test_a_roster_that_is_missing_or_a_folder_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.csv"):
        with pytest.raises(TableError, match="找不到文件"), open_roster(path):
            pass


def test_a_file_without_the_header_of_a_roster_is_refused_by_naming_its_columns(
    tmp_path: Path,
) -> None:
    with pytest.raises(TableError) as caught:
        rows(tmp_path, "性别,民族\n女,汉族\n")
    assert str(caught.value) == (
        "在前 10 行中没有找到表头：需要“姓名”列和至少一个其他已知列"
        "（如 性别、证件号码、出生日期、所属单位）。\n"
        "No header within the first 10 lines: a column 姓名 (name) and at least one other known "
        "column are needed (such as 性别、证件号码、出生日期、所属单位)."
    )


def test_an_open_quote_in_a_roster_asks_for_the_number_of_persons(tmp_path: Path) -> None:
    (row,) = rows(tmp_path, '姓名,性别,备注\n王芳,女,"李强的姐姐\n李强,男,\n赵敏,女,"\n')
    assert [problem.code for problem in row.problems] == ["row.open_quote"]
    assert row.problems[0].text().endswith("请检查该行及其后各行的双引号，并核对人数。")
    assert row.problems[0].text("en").endswith("those after it, and the number of persons.")


def test_both_languages_name_the_same_values_of_a_roster() -> None:
    def names(template: str) -> set[str | None]:
        return {name for _, name, _, _ in Formatter().parse(template)} - {None}

    messages = [one for one in vars(of_members).values() if isinstance(one, Message)]
    assert len(messages) == 7
    for message in messages:
        assert names(message.zh) == names(message.en)
