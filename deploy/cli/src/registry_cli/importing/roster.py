"""A roster of members: its columns, how their cells are read, and the file that holds it.

Rules about persons stay with the member service: what is only improbable is sent, for its answer.
"""

import re
from collections.abc import Callable, Container, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import date
from pathlib import Path

from shared.base import clock
from shared.people.codes import EDUCATION, ETHNICITY, POLITICAL_STATUS, SEX, CodeList
from shared.people.contacts import check_name
from shared.people.countries import COUNTRY
from shared.people.identifiers import IdType
from shared.people.problems import CodeProblem, NameProblem
from shared.people.remarks import IN_MARGIN, remark_in_margin
from shared.tables import problems
from shared.tables.cells import closed_up, day, number
from shared.tables.columns import Column, Filled, TableSchema
from shared.tables.problems import Message, Problem, TableError, Unreadable
from shared.tables.table import Row, Table, read_table

ID_TYPES = {
    "居民身份证": "RESIDENT_ID", "身份证": "RESIDENT_ID", "二代身份证": "RESIDENT_ID",
    "港澳台居民居住证": "HMT_RESIDENCE", "港澳居民居住证": "HMT_RESIDENCE",
    "台湾居民居住证": "HMT_RESIDENCE",
    "外国人永久居留身份证": "FPR_NEW",
    "护照": "PASSPORT",
    "其他": "OTHER", "其他证件": "OTHER",
    "无": "NONE",
}  # fmt: skip
"""Words of rosters for types of document (docs/domain.md section 4.1)."""
OCCUPATION = {
    "国家公务员": "11", "公务员": "11", "干部": "11",
    "专业技术人员": "13", "教师": "13", "医生": "13", "医师": "13", "护士": "13", "工程师": "13",
    "职员": "17", "企业职员": "17",
    "企业管理人员": "21",
    "工人": "24",
    "农民": "27",
    "学生": "31",
    "现役军人": "37", "军人": "37",
    "自由职业者": "51", "自由职业": "51",
    "个体经营者": "54", "个体": "54", "个体户": "54",
    "无业人员": "70", "无业": "70", "待业": "70",
    "退休人员": "80", "退(离)休人员": "80", "离退休人员": "80", "退休": "80", "离退休": "80",
    "其他": "90",
}  # fmt: skip
"""GB/T 2261.4, groups; a word that is not listed counts as 90, other."""
OTHER_OCCUPATION = "90"

KINDS = {
    "个人会员": "INDIVIDUAL_ADULT", "成人会员": "INDIVIDUAL_ADULT",
    "个人会员(成人)": "INDIVIDUAL_ADULT", "成人": "INDIVIDUAL_ADULT",
    "青少年会员": "INDIVIDUAL_YOUTH", "红十字青少年会员": "INDIVIDUAL_YOUTH",
    "红十字青少年": "INDIVIDUAL_YOUTH", "青少年": "INDIVIDUAL_YOUTH", "学生会员": "INDIVIDUAL_YOUTH",
    "少先队员": "INDIVIDUAL_YOUTH", "少先队": "INDIVIDUAL_YOUTH",
}  # fmt: skip
_PARTS = re.compile(r"[()、,/;\s]+")
PIONEERS = {"少先队员": "13", "少先队": "13", "少年先锋队员": "13"}
"""GB/T 4762 has no code for Young Pioneers: pupils of no party or league, as 13 says."""
GROUP_KINDS = frozenset({"团体会员", "团体", "GROUP"})
ADULT, YOUTH = "INDIVIDUAL_ADULT", "INDIVIDUAL_YOUTH"
OF_AGE = 18
"""Years (Civil Code, article 17)."""

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
COUNTRY_UNKNOWN = Message(
    "value.country",
    "签发国“{value}”无法识别：请填国家或地区的常用中文名称，或 ISO 3166-1 的三位字母代码（如 USA）。",
    "Issuing country “{value}” is not known: enter its usual name, or its ISO 3166-1 code of three "
    "letters, such as USA.",
)
KIND_UNKNOWN = Message(
    "value.kind_unknown",
    "会员类别空缺，又不能由出生日期或证件号码得知年龄（缺少、有误或不一致）：请核对这几项，并填写会员类别。",
    "The kind of member is missing, and neither birth date nor document number shows the age (they "
    "are missing, wrong, or differ): check them, and enter the kind.",
)
KIND_BY_AGE = Message(
    "note.kind_by_age",
    "会员类别空缺，因未满 {age} 周岁按“青少年会员”登记，请核对。",
    "The kind of member is missing; below the age of {age} the person was entered as 青少年会员 "
    "(youth). Please check.",
)
Read = Callable[[str], str]
Values = Mapping[str, str | None]
EIGHTEEN = re.compile(r"\d{17}[\dX]")


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


def code_of(listed: CodeList, further: Mapping[str, str]) -> Read:
    """Return the reader of a national code list, with words of rosters that the list lacks."""

    def read_code(text: str) -> str:
        try:
            return further.get(text) or listed.read(text)
        except CodeProblem:
            known = "、".join(entry.zh for entry in listed.entries)
            raise Unreadable(problems.CODE, value=text, known=known) from None

    return read_code


def word_of(words: Mapping[str, str], listed: Container[str], unknown: Message) -> Read:
    """Return the reader of a code of our own: as it is, or by a word of rosters."""

    def read_word(text: str) -> str:
        code = text.upper() if text.upper() in listed else words.get(text)
        if code is None:
            raise Unreadable(unknown, value=text, known="、".join(words))
        return code

    return read_word


def country(text: str) -> str:
    """Return the code of the country that issued a document."""
    code = COUNTRY.find(text)
    if code is None:
        raise Unreadable(COUNTRY_UNKNOWN, value=text)
    return code


def occupation(text: str) -> str:
    """Return the group of GB/T 2261.4; a list of every trade would never be complete."""
    if text in OCCUPATION.values():
        return text
    return OCCUPATION.get(text, OTHER_OCCUPATION)


def kind(text: str) -> str:
    """Return the kind of membership of a person, also of a cell that says it twice."""
    if text.upper() in GROUP_KINDS:
        raise Unreadable(KIND_GROUP)
    read = word_of(KINDS, KINDS.values(), KIND)
    if text in KINDS:
        return KINDS[text]
    kinds = {read(part) for part in _PARTS.split(text) if part}
    if len(kinds) != 1:
        raise Unreadable(KIND, value=text)
    return kinds.pop()


def id_type_of(id_number: str | None) -> str:
    """Return the type that a number's form shows, where no type is given (docs/domain.md section 4.1)."""
    if id_number is None:
        return "NONE"
    if len(id_number) == 18 and id_number.startswith(("81", "82", "83")):
        return "HMT_RESIDENCE"
    if len(id_number) == 18 and id_number.startswith("9"):
        return "FPR_NEW"
    return "RESIDENT_ID"


def birth_date_in(number: str) -> str | None:
    """Return the birth date that the digits of an 18-character number show (GB 11643), if any."""
    if not EIGHTEEN.fullmatch(number):
        return None
    try:
        return date.fromisoformat(number[6:14]).isoformat()
    except ValueError:
        return None


def kind_by_age(values: Values) -> Filled:
    """Return the kind of a member of whom the roster does not say it: no child becomes an adult.

    Raises:
        Unreadable: the age is unknown, or two birth dates make an adult and a child.
    """
    said = (values["birth_date"], birth_date_in(values["id_number"] or ""))
    today = clock.today()
    kinds = {
        ADULT if clock.age_on(date.fromisoformat(born), today) >= OF_AGE else YOUTH
        for born in said
        if born is not None
    }
    if len(kinds) != 1:
        raise Unreadable(KIND_UNKNOWN)
    note = None if ADULT in kinds else Problem(KIND_BY_AGE, {"age": OF_AGE})
    return Filled(kinds.pop(), note)


def remark(text: str) -> None:
    """Refuse a row next to which a roster says that the person is not there any more."""
    if (found := remark_in_margin(text)) is not None:
        raise Unreadable(Message(found.code, *IN_MARGIN[found.code]), word=found.word)


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
        Column("id_type", ("证件类型", "证件种类", "证件名称", "id type"), word_of(
            ID_TYPES, IdType.__members__, problems.CODE,
        ), blank=lambda values: Filled(id_type_of(values["id_number"]))),
        Column("id_number", (
            "证件号码", "证件号", "身份证件号码", "身份证号码", "身份证号", "公民身份号码", "身份证",
            "id number",
        ), number),
        Column("id_country", (
            "证件签发国", "签发国", "签发国家", "签发国家或地区", "证件签发国家", "发证国家",
            "id country", "issuing country",
        ), country),
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
        ), code_of(POLITICAL_STATUS, {"中国共产党预备党员": "02", **PIONEERS})),
        Column("occupation", ("职业", "从业状况", "occupation"), occupation),
        Column("unit", (
            "所属单位", "所在单位", "所在单位编号或名称", "所属单位编号或名称", "所属基层组织",
            "基层组织", "基层组织名称", "单位名称", "单位编号", "单位",
            "unit", "unit name", "unit code",
        ), closed_up),
        Column("kind", ("会员类别", "会员类型", "类别", "kind"), kind, blank=kind_by_age),
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
    unread=frozenset({"备注", "序号", "编号", "remark", "remarks", "note", "no"}),
    own=frozenset(ADDED_TITLES),
    remark=remark,
)  # fmt: skip


def values_of(row: Row) -> dict[str, str]:
    """Return the values of a row without problems."""
    return {name: value for name, value in row.values.items() if value is not None}
