"""A roster of members: its columns, how their cells are read, and the file that holds it.

Rules about persons stay with the member service: what is only improbable is sent, for its answer.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from registry_cli.importing import codes
from shared.people.codes import EDUCATION, ETHNICITY, POLITICAL_STATUS, SEX, CodeList
from shared.people.identifiers import IdType
from shared.people.names import check_name
from shared.people.problems import CodeProblem, NameProblem
from shared.tables import problems
from shared.tables.cells import closed_up, day, number
from shared.tables.columns import Column, TableSchema
from shared.tables.problems import Message, TableError, Unreadable
from shared.tables.table import Row, Table, read_table

MISSING = Message(
    "file.missing",
    "找不到文件 {file}：请检查路径。",
    "File {file} does not exist: check the path.",
)
UNREADABLE = Message(
    "file.unreadable",
    "文件 {file} 无法读取（{reason}）：请检查权限，并确认它没有被其他程序占用。",
    "File {file} cannot be read ({reason}): check its permissions and that no other program "
    "holds it.",
)
KIND = Message(
    "value.kind",
    "会员类别“{value}”无法识别：请填“成人会员”或“青少年会员”。",
    "Kind of member “{value}” is not known: enter 成人会员 (adult) or 青少年会员 (youth).",
)
KIND_GROUP = Message(
    "value.kind_group",
    "团体会员是单位，不在个人名册中导入：请到“团体会员”中登记。",
    "Group members are organisations and not part of a roster of persons: register them "
    "under group members.",
)


@contextmanager
def open_roster(path: Path) -> Iterator[Table]:
    """Open a file and understand its form.

    Raises:
        TableError: the file as a whole cannot be imported.
    """
    if not path.is_file():
        raise TableError(MISSING, file=path)
    with ExitStack() as opened:
        try:
            roster = read_table(opened.enter_context(path.open("rb")), ROSTER, str(path))
        except OSError as error:
            raise TableError(UNREADABLE, file=path, reason=error.strerror) from error
        yield roster


def name(text: str) -> str:
    """Return a name in its stored form; one the registry refuses stays as it is, for its answer."""
    try:
        return check_name(text)
    except NameProblem:
        return text


def code_of(listed: CodeList, further: Mapping[str, str]) -> Callable[[str], str]:
    """Return the reader of a national code list, with words of rosters that the list lacks."""

    def read_code(text: str) -> str:
        try:
            return further.get(text) or listed.read(text)
        except CodeProblem:
            known = "、".join(entry.zh for entry in listed.entries)
            raise Unreadable(problems.CODE, value=text, known=known) from None

    return read_code


def id_type(text: str) -> str:
    """Return the type of document of docs/domain.md section 4.1."""
    if text.upper() in IdType.__members__:
        return text.upper()
    if text not in codes.ID_TYPES:
        raise Unreadable(problems.CODE, value=text, known="、".join(codes.ID_TYPES))
    return codes.ID_TYPES[text]


def occupation(text: str) -> str:
    """Return the group of GB/T 2261.4; a list of every trade would never be complete."""
    if text in codes.OCCUPATION.values():
        return text
    return codes.OCCUPATION.get(text, codes.OTHER_OCCUPATION)


def kind(text: str) -> str:
    """Return the kind of membership of a person."""
    if text.upper() in codes.KINDS.values():
        return text.upper()
    if text.upper() in codes.GROUP_KINDS:
        raise Unreadable(KIND_GROUP)
    if text not in codes.KINDS:
        raise Unreadable(KIND, value=text)
    return codes.KINDS[text]


ADDED_TITLES = LINE_TITLE, FIELD_TITLE, REMEDY_TITLE = "行号", "字段", "问题与改法"
"""Of columns an error report adds; a corrected report can be imported, so reading skips them."""
GUARDIAN = {f"guardian.{part}": part for part in ("name", "relation", "phone")}
"""The columns of a guardian, who is an object of its own in the API."""

ROSTER = TableSchema(
    columns=(
        Column("name", ("姓名", "会员姓名", "名字", "name"), name, required=True, exact=True),
        Column("sex", ("性别", "sex", "gender"), code_of(SEX, {"不详": "0"})),
        Column("birth_date", (
            "出生日期", "出生年月日", "出生年月", "生日", "birth date", "date of birth",
        ), day),
        Column("id_type", ("证件类型", "证件种类", "证件名称", "id type"), id_type),
        Column("id_number", (
            "证件号码", "证件号", "身份证件号码", "身份证号码", "身份证号", "公民身份号码", "身份证",
            "id number",
        ), number),
        Column("phone", (
            "手机号码", "手机号", "手机", "联系电话", "移动电话", "电话", "电话号码", "联系方式",
            "phone", "mobile",
        ), number),
        Column("ethnicity", ("民族", "ethnicity"), code_of(ETHNICITY, {"穿青人": "97"})),
        Column("education", (
            "文化程度", "学历", "受教育程度", "最高学历", "education",
        ), code_of(EDUCATION, {"高职": "30", "中职": "40", "文盲": "90", "无": "90"})),
        Column("political", (
            "政治面貌", "political", "political status",
        ), code_of(POLITICAL_STATUS, {"中国共产党预备党员": "02"})),
        Column("occupation", ("职业", "从业状况", "occupation"), occupation),
        Column("unit", (
            "所属单位", "所在单位", "所在单位编号或名称", "所属单位编号或名称", "所属基层组织",
            "基层组织", "基层组织名称", "单位名称", "单位编号", "单位",
            "unit", "unit name", "unit code",
        ), closed_up),
        Column("kind", ("会员类别", "会员类型", "类别", "kind"), kind),
        Column("joined_on", ("入会日期", "入会时间", "加入日期", "joined on", "join date"), day),
        Column("guardian.name", (
            "监护人姓名", "监护人", "家长姓名", "guardian name", "guardian.name", "guardian",
        ), name, exact=True),
        Column("guardian.relation", (
            "与本人关系", "监护人关系", "监护人与本人关系", "监护人与会员关系", "监护关系",
            "与学生关系", "guardian relation", "guardian relationship", "guardian.relation",
            "relationship",
        ), closed_up),
        Column("guardian.phone", (
            "监护人电话", "监护人手机", "监护人手机号", "监护人手机号码", "监护人电话号码",
            "监护人联系电话", "监护人联系方式", "家长电话", "家长手机", "家长手机号",
            "家长手机号码", "家长联系电话", "家长联系方式",
            "guardian phone", "guardian mobile", "guardian.phone",
        ), number),
    ),
    examples=("sex", "id_number", "birth_date", "unit"),
    counted=("人数", "persons"),
    unread=frozenset({"备注", "序号", "编号", "remark", "remarks", "note", "no", *ADDED_TITLES}),
)  # fmt: skip


def values_of(row: Row) -> dict[str, str]:
    """Return what a row without problems says, with what blank cells of two columns stand for."""
    said = row.values
    filled = {
        "kind": said["kind"] or codes.DEFAULT_KIND,
        "id_type": said["id_type"] or id_type_of(said["id_number"]),
    }
    return {name: value for name, value in {**said, **filled}.items() if value is not None}


def id_type_of(id_number: str | None) -> str:
    """Return the type a number's form tells, where no type is given (docs/domain.md section 4.1)."""
    if id_number is None:
        return "NONE"
    if len(id_number) == 18 and id_number.startswith(("81", "82", "83")):
        return "HMT_RESIDENCE"
    if len(id_number) == 18 and id_number.startswith("9"):
        return "FPR_NEW"
    return "RESIDENT_ID"
