"""What the rules of memberships say to users, Chinese first."""

from shared.web.messages import Text, register

MESSAGES: dict[str, Text] = {
    "member.unit_is_chapter": (
        "县级以上红十字会不直接发展个人会员，请选择其下的基层组织。",
        "A society at county level or above does not admit individual members itself; choose one "
        "of the grassroots units below it.",
    ),
    "member.hmt_not_admitted": (
        "本会尚未决定接收港澳台居民入会；可以先登记为志愿者，或请上级红十字会开通此项设置。",
        "Residents of Hong Kong, Macao and Taiwan are not admitted as members here yet; register "
        "them as volunteers, or ask the society above to enable this.",
    ),
    "member.number_required": (
        "入会申请须填写居民身份证号码；证件类型“无”只用于导入既有纸质名册。",
        "An application needs a resident identity number; document type NONE is only for importing "
        "existing paper records.",
    ),
    "member.birth_date_required": (
        "无法从证件号码得知出生日期，请填写出生日期。",
        "The birth date cannot be read from a number; enter it.",
    ),
    "member.sex_required": (
        "无法从证件号码得知性别，请填写性别。",
        "The sex cannot be read from a number; enter it.",
    ),
    "member.born_after_joining": (
        "出生日期晚于入会（申请）日期，请核对这两个日期。",
        "The birth date is after the day of joining or applying; check both dates.",
    ),
    "member.too_young": (
        "未满 {age} 周岁不能入会；可在年满 {age} 周岁后再申请。",
        "Nobody below the age of {age} may join; apply again from that birthday on.",
    ),
    "member.joined_on_required": (
        "导入既有会员须填写入会日期。",
        "Existing members are imported with the day they joined; enter it.",
    ),
    "member.not_of_long_standing": (
        "入会日期应早于今天（{today}）：既有会员是今天以前已经入会的人。请核对入会日期；现在入会的，请按新申请"
        "（mode: applications）录入，由另一人批准并备案。",
        "Members of long standing joined before today ({today}). Check the day; who joins now is "
        "entered as an application (mode: applications), approved and filed by a second officer.",
    ),
    "member.on_paper_already": (
        "本单位已从纸质名册登记一名姓名、性别、出生日期相同的会员（编号 {id}），不再重复登记。若为同一人，请在该登记上用 PATCH "
        "补填证件类型和号码（id_type、id_number）；如确为另一人，请填写其证件号码并注明 namesake 为 true。",
        "A member of this name, sex and birth date was entered from paper in this unit already "
        "(id {id}) and is not entered twice. If it is the same person, PATCH the document there "
        "(id_type and id_number); if it is somebody else, give the document number here and set "
        "namesake to true.",
    ),
    "member.number_fixed": (
        "该登记已有证件号码，不能更正号码。如号码属于他人，请由审批人作废（void）该登记，再以正确的号码新建。",
        "This entry has a document number, which is not corrected. If it is another person's, have "
        "an approver void the entry and register the person under the right number.",
    ),
    "member.not_of_paper": (
        "该登记来自纸质名册，没有证件号码：填写的姓名和出生日期须与名册一致。请先用 PATCH 更正该登记，或核对登记编号。",
        "This entry was made from paper, without a document number: name and birth date must be "
        "those of the paper. Correct the entry with PATCH first, or check the id.",
    ),
    "member.joined_after_document": (
        "入会日期晚于依据文件的日期（{issued_on}），该文件不能证明此人的会籍。请核对两个日期；此后入会的，请填写批准"
        "其入会的文件另行导入，或按新申请（mode: applications）录入。",
        "The day of joining is after the day of the document ({issued_on}), which cannot have "
        "approved it. Check both days; who joined later is imported by the document that approved "
        "it, or entered as an application (mode: applications).",
    ),
    "member.closed": (
        "此证件号码已有登记（{county}的一个{unit_type}单位），但会籍已终止或已作废，不能新建。请先用"
        " POST /v1/members/search 按证件号码查到该登记，再用 POST /v1/members/{{id}}/reapply 重新申请。",
        "This document number has an entry already (a unit of type {unit_type} in {county}), whose "
        "membership has ended or was voided, so none is created. Find the entry by number with "
        "POST /v1/members/search and apply again with POST /v1/members/{{id}}/reapply.",
    ),
    "member.barred": (
        "此证件号码对应的会籍（{county}的一个{unit_type}单位）已终止，不能重新申请；如登记有误，请联系该县红十字会核实。",
        "The membership under this document number (a unit of type {unit_type} in {county}) has "
        "ended for good; if that entry is wrong, have the society of that county check it.",
    ),
    "member.joined_before_unit": (
        "入会日期早于该单位的成立日期，请核对。如该单位承接了更早成立的单位，请在该单位上填写承接单位的成立日期"
        "（predecessor_founded_on）。",
        "The day of joining is before the unit was founded; check it. If the unit continues an older "
        "one, enter that one's founding day at the unit (predecessor_founded_on).",
    ),
    "member.rows_unnumbered": (
        "每一行都须有各自不同的行号（row），请修改重复的行号。",
        "Each row needs a number of its own (row); change those that repeat.",
    ),
    "member.row_number": (
        "行号（row）应为不超过 {max} 的非负整数，请填写名册中的行号。",
        "The number of a row (row) is an integer from 0 to {max}; give its number in the roster.",
    ),
}
register(MESSAGES)
