"""Which column of a roster holds which field, whatever the office calls it."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from registry_cli.rosterfile.problems import RosterFileError
from registry_cli.rosterfile.values import visible

ALIASES: dict[str, tuple[str, ...]] = {
    "name": ("姓名", "会员姓名", "名字", "name"),
    "sex": ("性别", "sex", "gender"),
    "birth_date": ("出生日期", "出生年月日", "出生年月", "生日", "birthdate", "dateofbirth"),
    "id_type": ("证件类型", "证件种类", "证件名称", "idtype"),
    "id_number": (
        "证件号码", "证件号", "身份证件号码", "身份证号码", "身份证号", "公民身份号码", "身份证",
        "idnumber",
    ),
    "phone": (
        "手机号码", "手机号", "手机", "联系电话", "移动电话", "电话", "电话号码", "联系方式",
        "phone", "mobile",
    ),
    "ethnicity": ("民族", "ethnicity"),
    "education": ("文化程度", "学历", "受教育程度", "最高学历", "education"),
    "political": ("政治面貌", "political", "politicalstatus"),
    "occupation": ("职业", "从业状况", "occupation"),
    "unit": (
        "所属单位", "所在单位", "所在单位编号或名称", "所属单位编号或名称", "所属基层组织",
        "基层组织", "基层组织名称", "单位名称", "单位编号", "单位", "unit", "unitname", "unitcode",
    ),
    "kind": ("会员类别", "会员类型", "类别", "kind"),
    "joined_on": ("入会日期", "入会时间", "加入日期", "joinedon", "joindate"),
    "guardian.name": (
        "监护人姓名", "监护人", "家长姓名", "guardianname", "guardian.name", "guardian",
    ),
    "guardian.relation": (
        "与本人关系", "监护人关系", "监护人与本人关系", "监护人与会员关系", "监护关系", "与学生关系",
        "guardianrelation", "guardianrelationship", "guardian.relation", "relationship",
    ),
    "guardian.phone": (
        "监护人电话", "监护人手机", "监护人手机号", "监护人手机号码", "监护人电话号码",
        "监护人联系电话", "监护人联系方式", "家长电话", "家长手机", "家长手机号", "家长手机号码",
        "家长联系电话", "家长联系方式",
        "guardianphone", "guardianmobile", "guardian.phone",
    ),
}  # fmt: skip
"""By the API's field, a guardian's by its path; the first title is the one to advise."""
GUARDIAN = {f"guardian.{part}": part for part in ("name", "relation", "phone")}
"""The fields of a guardian, who is an object of its own in the API."""
FIELDS = tuple(ALIASES)
LINE_COLUMN, FIELD_COLUMN, REMEDY_COLUMN = "行号", "字段", "问题与改法"
"""Columns an error report adds; a corrected report can be imported, so reading skips them."""
WITHOUT_FIELD = frozenset({"备注", "序号", "编号", "remark", "remarks", "note", "no"}) | {
    LINE_COLUMN,
    FIELD_COLUMN,
    REMEDY_COLUMN,
}
SAMPLE = "性别、证件号码、出生日期、所属单位"
SEARCHED_LINES = 10
"""Offices put a title and a date of issue above the header."""

_FIELD_OF = {alias: name for name, aliases in ALIASES.items() for alias in aliases}
_REMARK = re.compile(r"\(.*?\)|[\s*_:]")


@dataclass(frozen=True)
class Header:
    """The header row of a file.

    Args:
        line: number of its line, from 1.
        columns: titles as the file has them.
        index: column of each field the file has.
        ignored: titles no field is known for; the importer shows them, so nothing is lost unseen.
    """

    line: int
    columns: tuple[str, ...]
    index: dict[str, int]
    ignored: tuple[str, ...]

    @property
    def width(self) -> int:
        """Columns up to the last that has a title: spreadsheets pad a header to the longest row."""
        return max((at for at, title in enumerate(self.columns, 1) if visible(title)), default=0)


def field_of(title: str) -> str | None:
    """Return the field a title stands for; remarks in brackets, stars and spaces do not count."""
    plain = unicodedata.normalize("NFKC", visible(title))
    return _FIELD_OF.get(_REMARK.sub("", plain).lower())


def advised(field: str) -> str:
    """Return the title of the column a field of the API would have, else the field."""
    return ALIASES[field][0] if field in ALIASES else field


def recognised(cells: Sequence[str]) -> int:
    """Return how many fields a row of titles names, 0 if it cannot be a header."""
    fields = {name for cell in cells if (name := field_of(cell)) is not None}
    return len(fields) if "name" in fields and len(fields) > 1 else 0


def read_header(cells: Sequence[str], line: int) -> Header:
    """Assign each column of a header row to its field.

    Raises:
        RosterFileError: two columns stand for one field.
    """
    index: dict[str, int] = {}
    ignored: list[str] = []
    for position, title in enumerate(cells):
        name = field_of(title)
        if name is None:
            plain = visible(title)
            if plain and plain.lower() not in WITHOUT_FIELD:
                ignored.append(plain)
        elif name in index:
            raise RosterFileError(
                "file.column_twice", line=line, first=cells[index[name]], second=title
            )
        else:
            index[name] = position
    return Header(line, tuple(cells), index, tuple(ignored))
