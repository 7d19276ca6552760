"""Texts of field errors and of the rules several services share."""

MESSAGES: dict[str, tuple[str, str]] = {
    "field.required": (
        "缺少此项，请填写。",
        "This field is missing; enter it.",
    ),
    "field.unknown": (
        "没有名为“{name}”的字段，请删除或核对字段名。",
        "There is no field named {name}; remove it or check its spelling.",
    ),
    "field.type": (
        "类型不正确，应为{expected}。",
        "This has the wrong type; it must be {expected}.",
    ),
    "field.pattern": (
        "格式不正确，请按字段说明填写。",
        "This does not have the required form; see the field's description.",
    ),
    "field.too_long": (
        "过长，最多 {max}，请缩短。",
        "This is too long: at most {max}; shorten it.",
    ),
    "field.too_short": (
        "过短，至少 {min}，请补充。",
        "This is too short: at least {min}; complete it.",
    ),
    "field.range": (
        "超出允许范围（{limits}），请修改。",
        "This is outside the allowed range ({limits}); correct it.",
    ),
    "field.choice": (
        "该值不在可选范围内，可选值：{expected}。",
        "This is not one of the allowed values: {expected}.",
    ),
    "field.invalid": (
        "该值无效，请按字段说明修改。",
        "This value is not valid; correct it as the field's description says.",
    ),
    "field.empty_change": (
        "没有要修改的内容，请至少提供一个字段。",
        "There is nothing to change; give at least one field.",
    ),
    "date.invalid": (
        "不是有效日期，请按 YYYY-MM-DD 填写，例如 2025-03-01。",
        "This is not a date; write it as YYYY-MM-DD, such as 2025-03-01.",
    ),
    "date.future": (
        "日期晚于今天（{today}），请填写今天或更早的日期。",
        "This date is after today ({today}); enter today or an earlier day.",
    ),
    "date.too_early": (
        "日期早于 {earliest}，请核对。",
        "This date is before {earliest}; check it.",
    ),
    "instant.invalid": (
        "不是有效时间，请按 ISO 8601 填写，例如 2025-03-01T08:00:00Z。",
        "This is not an instant; write it in ISO 8601, such as 2025-03-01T08:00:00Z.",
    ),
    "cursor.invalid": (
        "分页游标无效，请使用上一页返回的 next_cursor，或从头查询。",
        "The cursor is not valid; use the next_cursor of the page before, or start over.",
    ),
    "rows.too_many": (
        "一次最多提交 {max} 行，请分批提交。",
        "At most {max} rows can be sent at once; send them in parts.",
    ),
    "rows.duplicate": (
        "与本批第 {row} 行重复，请只保留一行。",
        "This repeats row {row} of the same request; keep only one.",
    ),
    "reason.required": (
        "请说明理由（reason）。",
        "State the reason for this (reason).",
    ),
    "figures.emptied": (
        "按此日期，以往 {days} 天已统计的数字会减少，须由县级以上红十字会的“{role}”办理，由录入人以外的人说明理由（reason）"
        "后提交。请提交上级红十字会办理，或将 effective_on 改为今天。",
        "By this day, the figures of {days} past days lose what they counted. That takes the role "
        "of {role} granted at a county or above, another person than who entered it, and a reason "
        "(reason). Let the society above do it, or date it today (effective_on).",
    ),
    "document.required": (
        "请填写依据文件（document：文号和日期）。",
        "Name the document this rests on (document: its number and date).",
    ),
    "state.illegal": (
        "当前状态为{status}，不能{action}；现在可以办理：{allowed}。",
        "This cannot be done now ({action}): the status is {status}. Possible now: {allowed}.",
    ),
    "unit.unknown": (
        "没有该单位，请核对单位编号。",
        "There is no such unit; check its id.",
    ),
    "unit.closing": (
        "该单位正在办理停用或作废，暂不能登记人员，也不能重复办理；请稍后重试。",
        "This unit is just being deactivated or voided, so nobody can be entered and nothing else "
        "can close it; try again in a moment.",
    ),
    "unit.not_active": (
        "该单位当前状态为{status}，不能办理此项业务；如仍可启用，请先由上级红十字会启用；否则请选择其他单位。",
        "The unit's status is {status}, so this cannot be done there; if it can still be "
        "activated, have the society above do so, else choose another unit.",
    ),
    "unit.parent_unknown": (
        "没有该上级单位，请核对上级单位编号。",
        "There is no such parent unit; check its id.",
    ),
    "unit.parent_type": (
        "{unit_type}不能设在{parent_type}之下，可以设在：{allowed}。",
        "A unit of type {unit_type} cannot be placed under {parent_type}; it may be placed under: "
        "{allowed}.",
    ),
}
