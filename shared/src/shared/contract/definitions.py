"""What counts as a unit, a member, a volunteer: one versioned table for every published figure.

API, dashboard, export and recount read it; none of them may spell out a status of its own. A change
of meaning raises a definition's ``version``, so that a jump in a series can be distinguished from growth.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Entity = Literal["unit", "member", "volunteer", "group_member"]
Text = tuple[str, str]
"""Chinese, English."""

_OUTSIDE: Text = (
    "香港、澳门红十字会不计入全国数。",
    " The Hong Kong and Macao branches are not part of the national figure.",
)


@dataclass(frozen=True)
class Definition:
    """One counted series.

    Args:
        id: name of the series in every answer (``units``, ``members``, …).
        entity: what is counted.
        statuses: life-cycle statuses that count.
        levels: for units, the levels that count; empty for persons, who have none.
        headline: whether the figure is a headline of the dashboard.
        formula: the same in one line, for those who check.
        source: the rule it rests on, or DESIGN where none was found.
    """

    id: str
    version: int
    entity: Entity
    statuses: frozenset[str]
    levels: frozenset[str]
    headline: bool
    label: Text
    wording: Text
    formula: str
    source: str

    def counts(self, state: Mapping[str, Any] | None) -> bool:
        """Whether an entity in this countable state is one of the series."""
        if state is None or state.get("status") not in self.statuses:
            return False
        return not self.levels or state.get("level") in self.levels

    def counts_counter(self, name: str) -> bool:
        """Whether a counter of ``shared.contract.countable`` is a summand of the series' total."""
        parts = name.split("|")
        if self.entity == "unit":
            return len(parts) == 3 and parts[0] in self.levels and parts[1] in self.statuses
        return len(parts) == 1 and parts[0] in self.statuses

    def total(self, counters: Mapping[str, int]) -> int:
        """Return the series' figure from the counters of its own entity."""
        return sum(count for name, count in counters.items() if self.counts_counter(name))

    def as_item(self) -> dict[str, Any]:
        """Return the public form, one item of ``GET /v1/definitions``."""
        return {
            "id": self.id,
            "version": self.version,
            "entity": self.entity,
            "statuses": sorted(self.statuses),
            "levels": sorted(self.levels),
            "headline": self.headline,
            "label": _languages(self.label),
            "wording": _languages(self.wording),
            "formula": self.formula,
            "source": self.source,
        }


NOT_IN_PLAN = "NOT_IN_PLAN"
"""The category of whatever the plan names no category for, so that the cells add up."""


@dataclass(frozen=True)
class Category:
    """One cell of a breakdown that puts stored values together.

    Args:
        id: the cell in an answer.
        values: the stored values counted in it.
    """

    id: str
    values: frozenset[str]
    label: Text


@dataclass(frozen=True)
class Dimension:
    """One breakdown of some series.

    Args:
        id: the dimension in a counter's name (``ACTIVE|education|20``); for units the position
            is fixed by ``shared.contract.countable``.
        series: the definitions it applies to.
        personal: whether it is an attribute of persons, so that small cells are suppressed.
        multiple: whether one entity may be in several cells, so that cells do not add up.
        offered: whether it may be asked for; a table of two has margins, from which its small
            cells can be computed whatever is hidden.
        wording: what it counts, where the label does not say all.
        categories: its cells, where they are not the stored values themselves.
    """

    id: str
    series: tuple[str, ...]
    personal: bool
    label: Text
    multiple: bool = False
    offered: bool = True
    wording: Text | None = None
    categories: tuple[Category, ...] = ()

    def cell(self, stored: str) -> str:
        """Return the cell of a stored value."""
        if not self.categories:
            return stored
        found = (item.id for item in self.categories if stored in item.values)
        return next(found, NOT_IN_PLAN)

    def as_item(self) -> dict[str, Any]:
        """Return the public form, one dimension of ``GET /v1/definitions``."""
        return {
            "id": self.id,
            "series": list(self.series),
            "personal": self.personal,
            "multiple": self.multiple,
            "label": _languages(self.label),
            "wording": self.wording and _languages(self.wording),
            "categories": [
                {"id": item.id, "values": sorted(item.values), "label": _languages(item.label)}
                for item in self.categories
            ],
        }


def _languages(text: Text) -> dict[str, str]:
    return {"zh": text[0], "en": text[1]}


DEFINITIONS_VERSION = 2
"""Version of the table as a whole: raised with any definition or dimension in it."""

_UNITS = Definition(
    id="units",
    version=1,
    entity="unit",
    statuses=frozenset({"ACTIVE", "CLOSING"}),
    levels=frozenset({"GRASSROOTS"}),
    headline=True,
    label=("基层组织", "Grassroots units"),
    wording=(
        "层级为基层组织、状态为“正常”（ACTIVE）或“变更办理中”（CLOSING）的单位；"
        "乡镇、街道之下的单位各计一个。县级以上红十字会不计入；停止活动（INACTIVE）的不计入。"
        + _OUTSIDE[0],
        "Units of level GRASSROOTS that are ACTIVE or CLOSING (a merger, split or dissolution is "
        "under way); units nested under a township or sub-district count one each. Red Cross "
        "societies at county level and above are not counted, nor are INACTIVE units."
        + _OUTSIDE[1],
    ),
    formula="count(unit: level = GRASSROOTS and status in {ACTIVE, CLOSING})",
    source="《中华人民共和国红十字会法》第七条; INACTIVE and CLOSING: DESIGN",
)
_MEMBERS = Definition(
    id="members",
    version=1,
    entity="member",
    statuses=frozenset({"ACTIVE", "ARREARS"}),
    levels=frozenset(),
    headline=True,
    label=("红十字会员", "Members"),
    wording=(
        "自然人会员（成人会员和红十字青少年会员），状态为“正式”（ACTIVE，已备案）或"
        "“欠费”（ARREARS，一年未缴）；同一人全国只计一次，按本人状态计，不论所在单位状态。"
        "团体会员另行统计，不折算人数。" + _OUTSIDE[0],
        "Natural persons (adult and youth members) who are ACTIVE (filed with the county society) "
        "or in ARREARS (one year unpaid); one person counts once nationwide, by his or her own "
        "status, whatever the unit's. Group members are a series of their own and are never "
        "converted into persons." + _OUTSIDE[1],
    ),
    formula="count(member: status in {ACTIVE, ARREARS}), one per person",
    source="《中国红十字会会员管理办法》(2009) 第七条; HQ figures of end-2011 (adult + youth)",
)
_VOLUNTEERS = Definition(
    id="volunteers",
    version=1,
    entity="volunteer",
    statuses=frozenset({"REGISTERED"}),
    levels=frozenset(),
    headline=True,
    label=("注册志愿者", "Registered volunteers"),
    wording=(
        "状态为“注册”（REGISTERED）的志愿者：登记后在一个自然年内服务满规定时长"
        "（由注册规则设定，默认 20 小时；目前凭服务证明文件认定）、本人申请并经县级以上"
        "红十字会批准。仅登记的不计入；暂停（SUSPENDED）的不计入。" + _OUTSIDE[0],
        "Volunteers who are REGISTERED: enrolled, with the required hours of service within one "
        "calendar year (set by the rule of registration, 20 by default; for now evidenced by a "
        "document that proves the service), on their own application, approved by a Red Cross "
        "society at county level or above. Merely enrolled or SUSPENDED volunteers are not counted."
        + _OUTSIDE[1],
    ),
    formula="count(volunteer: status = REGISTERED)",
    source="《中国红十字志愿服务管理办法》; five published pages of 2010-2018",
)
_ENROLLED = Definition(
    id="enrolled",
    version=1,
    entity="volunteer",
    statuses=frozenset({"ENROLLED", "REG_APPLIED", "REGISTERED"}),
    levels=frozenset(),
    headline=False,
    label=("登记志愿者", "Enrolled volunteers"),
    wording=(
        "已登记的志愿者，含已申请注册和已注册的：登记（ENROLLED）＋申请注册（REG_APPLIED）"
        "＋注册（REGISTERED）。注册志愿者是其中一部分，两数不可相加。" + _OUTSIDE[0],
        "Volunteers on the books: ENROLLED + REG_APPLIED + REGISTERED. Registered volunteers are "
        "part of this figure; the two must not be added." + _OUTSIDE[1],
    ),
    formula="count(volunteer: status in {ENROLLED, REG_APPLIED, REGISTERED})",
    source="《中国红十字志愿者登记表》; 《中国红十字志愿服务管理办法》",
)
_GROUP_MEMBERS = Definition(
    id="group_members",
    version=1,
    entity="group_member",
    statuses=frozenset({"ACTIVE", "ARREARS"}),
    levels=frozenset(),
    headline=False,
    label=("团体会员", "Group members"),
    wording=(
        "以单位名义入会的机关、企业事业单位和团体，按单位数统计，不计入会员人数。",
        "Offices, enterprises, institutions and bodies that joined as organisations, counted in "
        "organisations; no part of the number of members.",
    ),
    formula="count(group member: status in {ACTIVE, ARREARS})",
    source="《中国红十字会会员管理办法》(2009) 第八条",
)

DEFINITIONS: Mapping[str, Definition] = {
    item.id: item for item in (_UNITS, _MEMBERS, _VOLUNTEERS, _ENROLLED, _GROUP_MEMBERS)
}

_PLAN_CATEGORIES = (
    Category("TOWNSHIP", frozenset({"TOWNSHIP"}), ("乡镇", "Townships and towns")),
    Category("SUBDISTRICT", frozenset({"SUBDISTRICT"}), ("街道", "Sub-districts")),
    Category("COMMUNITY", frozenset({"COMMUNITY"}), ("社区", "Urban communities")),
    Category("SCHOOL", frozenset({"SCHOOL"}), ("学校", "Schools")),
    Category("HOSPITAL", frozenset({"HOSPITAL"}), ("医院（医疗机构）", "Medical institutions")),
    Category(
        "ENTERPRISE_INSTITUTION",
        frozenset({"ENTERPRISE", "INSTITUTION"}),
        ("企事业单位", "Enterprises and public institutions"),
    ),
    Category(
        NOT_IN_PLAN,
        frozenset({"VILLAGE", "AGENCY", "INDUSTRY", "OTHER"}),
        ("规划未单列的类型", "Types the plan does not name"),
    ),
)
"""Those of docs/domain.md section 1.2 that the plan itself names, and one for the rest."""

_PERSONS = ("members", "volunteers", "enrolled")
DIMENSIONS: tuple[Dimension, ...] = (
    Dimension("type", ("units",), False, ("单位类型", "Unit type")),
    Dimension(
        "plan_category",
        ("units",),
        False,
        ("规划中的组织类别", "Category of the plan"),
        wording=(
            "按规划所用的类别统计，由单位类型得出：企业（ENTERPRISE）与事业单位（INSTITUTION）"
            "合计为企事业单位；村、机关、行业和其他类型规划未单列，合为一项，各类之和等于基层组织总数。",
            "The categories the plan uses, derived from the unit type: enterprises (ENTERPRISE) "
            "and public institutions (INSTITUTION) are one; villages, offices, industry units and "
            "others, which the plan does not name, are one more, so that the categories add up to "
            "all grassroots units.",
        ),
        categories=_PLAN_CATEGORIES,
    ),
    Dimension("kind", ("members",), True, ("会员类别", "Kind of member")),
    Dimension("grade", ("members",), True, ("会员等级", "Grade of member")),
    Dimension("sex", _PERSONS, True, ("性别", "Sex")),
    Dimension("birth_year", _PERSONS, True, ("出生年份", "Year of birth")),
    Dimension(
        "sexbirth", _PERSONS, True, ("性别与出生年份", "Sex by year of birth"), offered=False
    ),
    Dimension("education", _PERSONS, True, ("文化程度", "Education")),
    Dimension("occupation", _PERSONS, True, ("职业", "Occupation group")),
    Dimension("minority", _PERSONS, True, ("少数民族", "Ethnic minority")),
    Dimension("political", _PERSONS, True, ("政治面貌", "Political status")),
    Dimension("unverified", _PERSONS, True, ("身份未核验", "Identity not verified")),
    Dimension("stars", ("volunteers", "enrolled"), True, ("星级", "Stars")),
    Dimension("served", ("volunteers", "enrolled"), True, ("服务年份", "Years served"), True),
)
"""Every breakdown; ``sex`` and ``birth_year`` are the margins of the stored ``sexbirth``, and
``plan_category`` puts the stored types together."""


def dimensions_of(series: str) -> tuple[Dimension, ...]:
    """Return the breakdowns offered for a series."""
    return tuple(item for item in DIMENSIONS if series in item.series and item.offered)
