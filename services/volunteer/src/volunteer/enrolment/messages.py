"""What the rules of volunteers say to users, Chinese first."""

from shared.web.messages import Text, register

MESSAGES: dict[str, Text] = {
    "volunteer.number_required": (
        "登记志愿者须实名，请填写有效证件类型和号码（中外证件均可）。",
        "Volunteers are enrolled under their real name; give a document type and number, Chinese "
        "or foreign.",
    ),
    "volunteer.birth_date_required": (
        "无法从此证件号码得知出生日期，请填写出生日期（用于判断是否须监护人同意）。",
        "The birth date cannot be read from this document; enter it, since it decides whether a "
        "guardian must consent.",
    ),
    "volunteer.born_after": (
        "登记日期早于出生日期，请核对这两个日期。",
        "The day of enrolment is before the birth date; check both dates.",
    ),
    "volunteer.too_young": (
        "登记时未满 {age} 周岁，不能登记为志愿者；请核对出生日期和登记日期，或在年满 {age} 周岁后再登记。",
        "Nobody below the age of {age} is enrolled; check the birth date and the day of enrolment, "
        "or enrol the person from that birthday on.",
    ),
    "volunteer.guardian_pending": (
        "未满 {age} 周岁，尚缺监护人同意：已存为申请。取得同意后，在 enrol 中填写 guardian 完成登记。",
        "Below the age of {age} and without a guardian's consent yet: kept as an application. "
        "Once it is given, complete the enrolment by enrol with guardian.",
    ),
    "volunteer.hours_below_rule": (
        "申请注册须在一个自然年内累计服务满 {hours} 小时，现申报 {declared} 小时；请在满足后再申请。",
        "Registration takes at least {hours} hours of service within one calendar year, and "
        "{declared} are declared; apply when they are reached.",
    ),
    "volunteer.left": (
        "此证件号码已有登记（{county}的一个{unit_type}单位），已由本人申请注销或已作废，不能新建。请先用"
        " POST /v1/volunteers/search 按证件号码查到该登记，再用 POST /v1/volunteers/{{id}}/enrol"
        "（附 registration）恢复登记。",
        "This document number has an entry already (a unit of type {unit_type} in {county}), which "
        "was deregistered by own request or voided, so none is created. Find the entry by number "
        "with POST /v1/volunteers/search and take it up again with POST "
        "/v1/volunteers/{{id}}/enrol and registration.",
    ),
    "volunteer.barred": (
        "此证件号码对应的志愿者登记（{county}的一个{unit_type}单位）因除名或重复登记而注销，不能恢复；"
        "如登记有误，请联系该县红十字会核实。",
        "The entry under this document number (a unit of type {unit_type} in {county}) ended by "
        "removal or as a duplicate and cannot be taken up again; if that was recorded in "
        "error, have the society of that county check it.",
    ),
    "volunteer.ended": (
        "该志愿者因除名、去世或重复登记而注销，不能恢复；如登记有误，请由审批人作废（void），"
        "再以 enrol（附 registration）重新登记。",
        "This entry ended by removal, death or as a duplicate and cannot be taken up again; if "
        "that was recorded in error, have an approver void it and enrol the person anew with "
        "registration.",
    ),
    "volunteer.application_open": (
        "此登记仍在申请中：请用 PATCH 更正内容，再以 enrol 完成登记，不要附 registration。",
        "This application is still open: correct it with PATCH and complete it by enrol without "
        "registration.",
    ),
    "volunteer.guardian_twice": (
        "已附 registration：监护人请填写在 registration.guardian 中。",
        "A whole registration is given: put the guardian into registration.guardian.",
    ),
    "volunteer.no_entry": (
        "此账号没有关联志愿者登记，请使用志愿者本人的账号。",
        "This account is not tied to a volunteer's entry; use the volunteer's own account.",
    ),
}

register(MESSAGES)
