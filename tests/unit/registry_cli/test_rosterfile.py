"""Reading rosters: codings, separators, headers, values, and what is said of what is wrong."""

import tracemalloc
from pathlib import Path
from string import Formatter

import pytest

from registry_cli.rosterfile import FIELDS, RosterFileError, RosterRow, read_roster, values
from registry_cli.rosterfile.problems import TEXTS, Unreadable

PLAIN = "姓名,性别,证件号码\n王芳,女,11010519491231002X\n"


def roster(tmp_path: Path, content: str | bytes, encoding: str = "utf-8") -> Path:
    path = tmp_path / "名册.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return path


def rows(tmp_path: Path, content: str | bytes, encoding: str = "utf-8") -> list[RosterRow]:
    return list(read_roster(roster(tmp_path, content, encoding)).rows())


def one(tmp_path: Path, header: str, line: str) -> RosterRow:
    (row,) = rows(tmp_path, f"姓名,{header}\n王芳,{line}\n")
    return row


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("separator", [",", "\t", ";", "，"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_a_roster_is_read_in_every_coding_separator_and_line_end(
    tmp_path: Path, encoding: str, separator: str, line_end: str
) -> None:
    content = PLAIN.replace(",", separator).replace("\n", line_end)
    (row,) = rows(tmp_path, content, encoding)
    assert (row.line, row.fields["name"], row.fields["sex"]) == (2, "王芳", "2")
    assert row.fields["id_number"] == "11010519491231002X"


def test_a_roster_in_gb18030_is_found_though_its_first_megabyte_is_ascii(tmp_path: Path) -> None:
    ascii_rows = "Ann,f,P1234567\n" * 75_000
    content = f"name,sex,id_number\n{ascii_rows}王芳,女,P7654321\n"
    found = read_roster(roster(tmp_path, content, "gb18030"))
    assert found.facts.encoding == "gb18030"
    *_, last = found.rows()
    assert (last.line, last.fields["name"]) == (75_002, "王芳")


def test_a_row_of_a_roster_has_every_field_and_its_line(tmp_path: Path) -> None:
    content = "某区红十字会会员名册,,\n\n姓名*, 性 别 ,身份证号（18位）\n\n王芳,女,\n,,\n李强,男\n"
    first, second = rows(tmp_path, content)
    assert (first.line, second.line) == (5, 7)
    assert tuple(first.fields) == FIELDS
    assert second.fields["name"] == "李强"
    assert second.fields["id_number"] is None
    assert second.fields["id_type"] == "NONE"
    assert second.fields["kind"] == "INDIVIDUAL_ADULT"


def test_line_numbers_of_a_roster_survive_breaks_within_a_cell(tmp_path: Path) -> None:
    content = '姓名,性别,备注\n王芳,女,"一\n二\n三"\n李强,男,\n'
    assert [row.line for row in rows(tmp_path, content)] == [2, 5]


def test_english_headers_of_a_roster_are_understood(tmp_path: Path) -> None:
    (row,) = rows(
        tmp_path,
        "Name,Sex,birth_date,id_type,id_number,phone,kind,joined_on,unit\n"
        "Ann Lee,F,2000-01-02,PASSPORT,p1234567,+852 9123 4567,individual_youth,2020/1/5,U1\n",
    )
    assert row.fields | {"ethnicity": None} == dict.fromkeys(FIELDS) | {
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


def test_unknown_columns_of_a_roster_are_told(tmp_path: Path) -> None:
    found = read_roster(roster(tmp_path, "序号,姓名,性别,血型,备注,\n1,王芳,女,A,,\n"))
    assert found.header.ignored == ("血型",)


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
    row = one(tmp_path, f"联系电话,{header}", "13800000001,李 梅,母 亲,139-0000-0002")
    assert row.problems == ()
    assert {key: value for key, value in row.fields.items() if "guardian" in key} == {
        "guardian.name": "李梅",
        "guardian.relation": "母亲",
        "guardian.phone": "13900000002",
    }
    assert (row.fields["name"], row.fields["phone"]) == ("王芳", "13800000001")
    assert read_roster(tmp_path / "名册.csv").header.ignored == ()


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
        ("unit", "北山街道 红十字会", "北山街道红十字会"),
        ("unit", " ", None),
        ("unit", "'", None),
    ],
)
def test_values_of_a_roster_are_understood_as_people_write_them(
    field: str, cell: str, value: str | None
) -> None:
    assert values.read(field, cell) == value


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
        ("phone", "1.38E+10", "value.number_lost"),
        ("guardian.phone", "1.38E+10", "value.number_lost"),
        ("ethnicity", "火星族", "value.code"),
        ("education", "私塾", "value.code"),
        ("political", "不问", "value.code"),
        ("kind", "理事", "value.kind"),
        ("kind", "团体会员", "value.kind_group"),
    ],
)
def test_an_unreadable_value_of_a_roster_is_refused_by_its_own_code(
    field: str, cell: str, code: str
) -> None:
    with pytest.raises(Unreadable) as caught:
        values.read(field, cell)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("", "NONE"),
        ("11010519491231002X", "RESIDENT_ID"),
        ("810000199003072715", "HMT_RESIDENCE"),
        ("911156198108221219", "FPR_NEW"),
    ],
)
def test_the_type_of_a_document_in_a_roster_is_told_by_the_number(
    tmp_path: Path, number: str, expected: str
) -> None:
    assert one(tmp_path, "身份证号", number).fields["id_type"] == expected


def test_a_problem_of_a_roster_names_row_column_and_remedy(tmp_path: Path) -> None:
    row = one(tmp_path, "出生年月日,手机", "1990-02-30,1.38E+10")
    assert row.line == 2
    assert [(p.field, p.column) for p in row.problems] == [
        ("birth_date", "出生年月日"),
        ("phone", "手机"),
    ]
    assert row.problems[0].text() == "“1990-02-30”这一天不存在：请核对年月日。"
    assert row.problems[0].text("en").startswith("There is no day “1990-02-30”")


def test_an_unreadable_type_of_document_in_a_roster_is_not_guessed(tmp_path: Path) -> None:
    row = one(tmp_path, "证件类型,证件号码", "军官证,12345678")
    assert row.fields["id_type"] is None


def test_cells_of_a_roster_beyond_the_header_are_a_problem(tmp_path: Path) -> None:
    (problem,) = one(tmp_path, "性别", "女,多余").problems
    assert (problem.code, problem.params) == ("row.extra_cells", {"extra": 1})
    assert one(tmp_path, "性别", "女, ,").problems == ()


def test_an_open_quote_in_a_roster_never_swallows_people_unseen(tmp_path: Path) -> None:
    content = '姓名,性别,备注\n王芳,女,"李强的姐姐\n李强,男,\n赵敏,女,"\n'
    (row,) = rows(tmp_path, content)
    assert [problem.code for problem in row.problems] == ["row.open_quote"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file.empty"),
        (b"PK\x03\x04rest", "file.workbook"),
        (b"\xd0\xcf\x11\xe0rest", "file.workbook"),
        ("姓名,性别\n王\0芳,女\n".encode(), "file.nul"),
        (b"\xff\xff\xff\xff", "file.encoding"),
        (b"a,b,c\n1,2,3\n", "file.header"),
        ("性别,民族\n女,汉族\n".encode(), "file.header"),
        ("姓名,手机,联系电话\n".encode(), "file.column_twice"),
        (f'姓名,性别\n"{"长" * 140_000}\n'.encode(), "file.quoting"),
    ],
)
def test_a_roster_that_is_unreadable_as_a_whole_is_refused_in_both_languages(
    tmp_path: Path, content: bytes, code: str
) -> None:
    with pytest.raises(RosterFileError) as caught:
        rows(tmp_path, content)
    assert caught.value.code == code
    assert caught.value.text("zh") in str(caught.value)
    assert caught.value.text("en") in str(caught.value)


def test_a_roster_that_is_missing_or_a_folder_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.csv"):
        with pytest.raises(RosterFileError, match="找不到文件"):
            read_roster(path)


def test_reading_a_roster_needs_little_memory(tmp_path: Path) -> None:
    path = roster(tmp_path, "姓名,性别,备注\n" + "王芳,女,一二三四五六七八九十\n" * 20_000)
    found = read_roster(path)
    tracemalloc.start()
    count = sum(1 for _ in found.rows())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 20_000
    assert peak < 1_000_000


def test_both_languages_name_the_same_values_of_a_roster() -> None:
    def names(template: str) -> set[str | None]:
        return {name for _, name, _, _ in Formatter().parse(template)} - {None}

    for chinese, english in TEXTS.values():
        assert names(chinese) == names(english)
