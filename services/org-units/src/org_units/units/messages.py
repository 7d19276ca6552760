"""Texts of what org-units refuses, Chinese and English."""

from shared.web.messages import register

MESSAGES: dict[str, tuple[str, str]] = {
    "unit.chapter_by_list": (
        "各级红十字会按行政区划名录建立，不能在此新建或修改；请更新名录后运行 registry seed。",
        "Chapters follow the list of administrative divisions and cannot be entered or changed "
        "here; renew the list and run registry seed.",
    ),
    "unit.chapter_level": (
        "{level}红十字会不能设在{parent_type}之下，请核对行政区划名录。",
        "A chapter of level {level} cannot be placed under {parent_type}; check the list of "
        "divisions.",
    ),
    "unit.parent_closed": (
        "上级单位当前状态为{status}，不能再设下级单位，请选择其他上级单位。",
        "The parent's status is {status}, so nothing can be placed under it; choose another parent.",
    ),
    "unit.area_has_counties": (
        "该地市设有县级红十字会，{unit_type}应设在所属的县级红十字会之下，请改选上级单位。",
        "This prefecture has county chapters, so a unit of type {unit_type} belongs under its "
        "county; choose that as the parent.",
    ),
    "unit.parent_not_active": (
        "上级单位当前状态为{status}，请先启用上级单位，再启用本单位。",
        "The parent's status is {status}; activate the parent first, then this unit.",
    ),
    "unit.place_taken": (
        "该行政区划已登记为{unit_type}基层组织（编号 {code}），请直接使用该单位，不要重复登记。",
        "This area is registered already as a unit of type {unit_type} (code {code}); use that "
        "unit instead of a second one.",
    ),
    "unit.double_name": (
        "该上级单位下已有名称相同的{unit_type}单位“{name}”（状态{status}，编号 {codes}），请直接使用该单位；"
        "如确为另一单位，请在 distinct_from 中填写上述编号，并在 distinct_reason 中说明理由。",
        "A unit of type {unit_type} with this name is there already under the same parent: {name} "
        "(status {status}, code {codes}). Use that one; if this is another unit, give the codes in "
        "distinct_from and say in distinct_reason how they differ.",
    ),
    "unit.double_host_uscc": (
        "该统一社会信用代码已用于{unit_type}单位“{name}”（状态{status}，编号 {codes}），请核对代码，或直接使用该单位；"
        "如确为另一单位，请在 distinct_from 中填写上述编号，并在 distinct_reason 中说明理由。",
        "This credit code is that of a unit of type {unit_type} already: {name} (status {status}, "
        "code {codes}). Check the code, or use that unit; if this is another unit, give the codes "
        "in distinct_from and say in distinct_reason how they differ.",
    ),
    "unit.double_elsewhere": (
        "{county}已有一个{unit_type}单位的名称或统一社会信用代码与此相同，请先与该会核实；"
        "如确为另一单位，请在 distinct_from 中填写其行政区划代码 {region_code}，并在 distinct_reason 中说明理由。",
        "A unit of type {unit_type} of {county} has this name or credit code already; ask that "
        "chapter first. If this is another unit, give the chapter's region code {region_code} in "
        "distinct_from and say in distinct_reason how they differ.",
    ),
    "unit.not_alike": (
        "{names}与本单位的名称和统一社会信用代码均不相同，无需说明；请核对 distinct_from。",
        "Not alike by name or credit code, so there is nothing to state: {names}. Check "
        "distinct_from.",
    ),
    "unit.parent_moved": (
        "上级单位刚刚改设到别处，未作任何更改；请重新查看该上级单位后再提交。",
        "The parent was placed elsewhere a moment ago; nothing was changed. Look at it again, then "
        "send the request again.",
    ),
    "unit.founded_before_predecessor": (
        "成立日期（{later}）早于所延续单位的成立日期（{earlier}），请核对 founded_on 和 predecessor_founded_on。",
        "The day of founding ({later}) is before that of the unit it continues ({earlier}); check "
        "founded_on and predecessor_founded_on.",
    ),
    "unit.active_before_founded": (
        "启用日期（{later}）早于成立日期（{earlier}），请核对 effective_on 和 founded_on。",
        "The first day as active ({later}) is before the day of founding ({earlier}); check "
        "effective_on and founded_on.",
    ),
    "unit.older_than_parent": (
        "该单位的成立或启用日期（{later}）早于上级单位的成立日期（{earlier}），请核对日期和上级单位；"
        "如确早于上级单位，请在 older_than_parent 中说明理由。",
        "The unit was founded or active ({later}) before its parent was founded ({earlier}); check "
        "the days and the parent. If it is older than its parent, say why in older_than_parent.",
    ),
    "unit.child_older": (
        "下级单位（如 {code}）的成立或启用日期早于 {day}，请核对日期；如本单位延续自更早的单位，请填写其成立日期"
        "（predecessor_founded_on）；如下级单位确早于本单位，请先在下级单位的 older_than_parent 中说明理由。",
        "A unit below this one (such as {code}) was founded or active before {day}; check the day. "
        "If this unit continues an earlier one, give its day in predecessor_founded_on; if the "
        "unit below is older, say why in its older_than_parent first.",
    ),
    "unit.region_shape": (
        "行政区划代码应为 6、9 或 12 位数字，请核对。",
        "A region code has 6, 9 or 12 digits; check it.",
    ),
    "unit.region_elsewhere": (
        "行政区划代码不在上级红十字会所在的省级区划（{province}）内，请核对代码或上级单位。",
        "The region code lies outside the province of the chapter above ({province}); check the "
        "code or the parent.",
    ),
    "unit.as_of_unavailable": (
        "目前只能按今天的情况查询单位，尚不能查询其他日期；请去掉 as_of。",
        "Units can be listed as they are today; other days are not available yet. Leave out as_of.",
    ),
    "unit.has_children": (
        "该单位下仍有下级单位（如 {code}），不能作废；请先作废下级单位，从未启用过的下级单位也可更正其上级单位（parent_id）。",
        "Other units still hang on this one (such as {code}), so it cannot be voided; void them "
        "first, or give those that were never active another parent (parent_id).",
    ),
    "unit.was_active": (
        "该单位已启用过（当前状态为{status}），类型和上级单位不能再更正；如登记时即有误，请作废该单位，再重新登记。",
        "The unit has been active (its status is {status}), so type and parent can no longer be "
        "corrected; if they were wrong from the start, void the unit and enter it anew.",
    ),
    "unit.children_below": (
        "该单位下仍有下级单位（如 {code}），不能更正类型或上级单位；请先作废下级单位，或更正其上级单位（parent_id）。",
        "Other units still hang on this one (such as {code}), so its type or parent cannot be "
        "corrected; void them first, or give them another parent (parent_id).",
    ),
    "unit.has_people": (
        "该单位名下仍有会员 {members} 人、志愿者 {volunteers} 人，不能作废；请先为其办理退出或作废。",
        "The unit still has people (members: {members}, volunteers: {volunteers}), so it cannot be "
        "voided; end or void their entries first.",
    ),
    "unit.peers_unavailable": (
        "暂时无法向会员和志愿者服务核实该单位是否有人员，未作任何更改，请稍后重试。",
        "The member and volunteer services cannot be asked now whether anyone is at this unit; "
        "nothing was changed. Try again in a moment.",
    ),
    "unit.code_exhausted": (
        "该县此类单位的编号已用完（{limit} 个），请联系系统管理员。",
        "All {limit} codes for this type of unit in this county are used; ask the administrator.",
    ),
    "uscc.length": (
        "统一社会信用代码应为 18 位，实际为 {length} 位，请核对。",
        "A unified social credit code has 18 characters, this has {length}; check it.",
    ),
    "uscc.characters": (
        "统一社会信用代码只能使用数字和除 I、O、S、V、Z 以外的大写字母，请核对。",
        "A unified social credit code uses digits and capital letters without I, O, S, V and Z; "
        "check it.",
    ),
    "uscc.shape": (
        "统一社会信用代码的登记管理部门或行政区划部分不正确，请核对第 1 位和第 3 至 8 位。",
        "The department or region of the unified social credit code is wrong; check characters 1 "
        "and 3 to 8.",
    ),
    "uscc.class": (
        "统一社会信用代码的机构类别（第 2 位）与登记管理部门不符，请核对。",
        "The class (character 2) of the unified social credit code does not go with its "
        "department; check it.",
    ),
    "uscc.organisation_check": (
        "统一社会信用代码中组织机构代码（第 9 至 17 位）的校验码不正确，请核对。",
        "The organisation code within the unified social credit code (characters 9 to 17) fails "
        "its check; check it.",
    ),
    "uscc.check": (
        "统一社会信用代码的校验码（第 18 位）不正确，请对照证书重新输入。",
        "The last character of the unified social credit code does not fit; enter the code again "
        "from the certificate.",
    ),
}
register(MESSAGES)
