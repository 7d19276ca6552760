"""Words for codes in messages, by the name of their parameter."""

Words = dict[str, tuple[str, str]]

_TYPES: Words = {
    "CHAPTER": ("红十字会", "chapter"),
    "TOWNSHIP": ("乡镇", "township"),
    "SUBDISTRICT": ("街道", "sub-district"),
    "VILLAGE": ("村", "village"),
    "COMMUNITY": ("社区", "community"),
    "SCHOOL": ("学校", "school"),
    "HOSPITAL": ("医疗机构", "hospital"),
    "ENTERPRISE": ("企业", "enterprise"),
    "INSTITUTION": ("事业单位", "public institution"),
    "AGENCY": ("机关", "agency"),
    "INDUSTRY": ("行业", "industry"),
    "OTHER": ("其他", "other"),
}
_LEVELS: Words = {
    "NATIONAL": ("总会", "national"),
    "PROVINCE": ("省级", "province"),
    "PREFECTURE": ("地市级", "prefecture"),
    "COUNTY": ("县级", "county"),
    "GRASSROOTS": ("基层", "grassroots"),
}
_ROLES: Words = {
    "viewer": ("查看（viewer）", "viewer"),
    "registrar": ("登记（registrar）", "registrar"),
    "approver": ("审批（approver）", "approver"),
    "organiser": ("活动组织（organiser）", "organiser"),
    "auditor": ("审计（auditor）", "auditor"),
    "privacy": ("个人信息保护（privacy）", "privacy officer"),
    "admin": ("管理（admin）", "administrator"),
}
_STATUSES: Words = {
    code: (f"“{word}”（{code}）", code)
    for code, word in {
        "DRAFT": "草稿",
        "SUBMITTED": "已提交",
        "RETURNED": "已退回",
        "APPROVED": "已批准",
        "ACTIVE": "正常",
        "INACTIVE": "停止活动",
        "CLOSING": "变更办理中",
        "DISSOLVED": "已撤销",
        "MERGED": "已合并",
        "VOIDED": "已作废",
        "APPLIED": "已申请",
        "REJECTED": "未批准",
        "ARREARS": "欠费",
        "LAPSED": "已失效",
        "WITHDRAWN": "已退会",
        "EXPELLED": "已除名",
        "DECEASED": "已去世",
        "ENROLLED": "已登记",
        "REG_APPLIED": "已申请注册",
        "REGISTERED": "已注册",
        "SUSPENDED": "已暂停",
        "DEREGISTERED": "已注销",
    }.items()
}
_ACTIONS: Words = {
    code: (f"{word}（{code}）", code)
    for code, word in {
        "submit": "提交",
        "return": "退回",
        "approve": "批准",
        "activate": "启用",
        "deactivate": "停用",
        "correct": "更正",
        "void": "作废",
        "file": "备案",
        "reject": "不予批准",
        "withdraw": "退会",
        "expel": "除名",
        "decease": "登记去世",
        "reapply": "重新申请",
        "enrol": "登记",
        "apply-registration": "申请注册",
        "register": "注册",
        "suspend": "暂停",
        "resume": "恢复",
        "deregister": "注销",
    }.items()
}
_TYPE_NAMES: Words = {
    "text": ("文本", "text"),
    "integer": ("整数", "an integer"),
    "number": ("数字", "a number"),
    "boolean": ("布尔值（true 或 false）", "true or false"),
    "object": ("JSON 对象", "an object"),
    "list": ("列表", "a list"),
    "null": ("空值（null）", "null"),
}

TERMS: dict[str, Words] = {
    "unit_type": _TYPES,
    "parent_type": {**_TYPES, **_LEVELS},
    "level": _LEVELS,
    "levels": _LEVELS,
    "role": _ROLES,
    "status": _STATUSES,
    "action": _ACTIONS,
    "allowed": {**_ACTIONS, **_TYPES, **_LEVELS},
    "expected": _TYPE_NAMES,
}
"""A value that is not listed under its parameter is shown as it is."""
