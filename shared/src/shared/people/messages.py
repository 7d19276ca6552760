"""Texts of the problems and warnings of personal data: code to (Chinese, English) templates.

Each names what is wrong and what to do about it, never the value itself.
"""

from shared.web.messages import register

MESSAGES: dict[str, tuple[str, str]] = {
    "identifier.required": (
        "缺少证件号码，请填写。",
        "The document number is missing; enter it.",
    ),
    "identifier.too_long": (
        "证件号码过长（超过 {longest} 个字符），请检查是否粘贴了其他内容。",
        "The document number is over {longest} characters; check what was pasted.",
    ),
    "identifier.characters": (
        "证件号码含有不允许的字符，只能使用数字和英文字母（18 位号码为 17 位数字加 1 位数字或 X），不含空格。",
        "The document number holds characters it may not: use digits and Latin letters only "
        "(18-character numbers: 17 digits, then a digit or X), without spaces.",
    ),
    "identifier.length": (
        "证件号码应为 {expected} 位，实际为 {length} 位，请核对。",
        "The document number must have {expected} characters and has {length}; check it.",
    ),
    "identifier.document_length": (
        "证件号码应为 {shortest} 至 {longest} 位，实际为 {length} 位，请核对。",
        "The document number must have {shortest} to {longest} characters and has {length}; "
        "check it.",
    ),
    "identifier.first_generation": (
        "15 位的第一代身份证已停止使用，请填写 18 位公民身份号码。",
        "First-generation identity numbers of 15 digits are no longer valid; enter the "
        "18-character number.",
    ),
    "identifier.province": (
        "证件号码中的省级代码不存在，请核对号码。",
        "The province code within the document number does not exist; check the number.",
    ),
    "identifier.hmt_region": (
        "港澳台居民居住证号码应以 810000、820000 或 830000 开头，请核对号码。",
        "The number of a residence permit for Hong Kong, Macau and Taiwan residents starts with "
        "810000, 820000 or 830000; check the number.",
    ),
    "identifier.birth_date": (
        "证件号码中的出生日期不是有效日期，请核对号码。",
        "The birth date within the document number does not exist; check the number.",
    ),
    "identifier.birth_in_future": (
        "证件号码中的出生日期晚于今天，请核对号码。",
        "The birth date within the document number is after today; check the number.",
    ),
    "identifier.birth_before_1900": (
        "证件号码中的出生日期早于 1900 年 1 月 1 日，请核对号码。",
        "The birth date within the document number is before 1 January 1900; check the number.",
    ),
    "identifier.check_digit": (
        "证件号码的校验码不正确，号码可能有误，请对照证件重新输入。",
        "The check character of the document number does not fit: a character is wrong; enter "
        "it again from the document.",
    ),
    "identifier.type_mismatch": (
        "该号码属于“{expected_zh}”，请将证件类型改为 {expected}。",
        "This is the number of a {expected_en}; set the document type to {expected}.",
    ),
    "identifier.fpr_old_shape": (
        "旧版外国人永久居留身份证号码应为 3 位字母加 12 位数字，请核对。",
        "The number of an old foreign permanent resident card is 3 letters and 12 digits; "
        "check it.",
    ),
    "identifier.fpr_old_check_digit": (
        "旧版外国人永久居留身份证号码的校验位不正确，请对照证件重新输入。",
        "The check digit of the old foreign permanent resident card does not fit; enter the "
        "number again from the card.",
    ),
    "identifier.none_with_number": (
        "证件类型为“无”时不能填写证件号码，请选择证件类型或清空号码。",
        "A document number cannot go with type NONE; choose the document type or clear the number.",
    ),
    "identifier.country_required": (
        "护照和其他证件须填写签发国家或地区（id_country），如 USA；各国证件号码可能相同。",
        "Passports and other documents need the issuing country (id_country), such as USA: documents "
        "of two countries may have the same number.",
    ),
    "identifier.country_unknown": (
        "签发国家或地区无法识别：请填 ISO 3166-1 的三位字母代码（如 USA），或国家的常用名称。",
        "The issuing country is not known: give its ISO 3166-1 code of three letters, such as USA, or "
        "its usual name.",
    ),
    "identifier.country_of_type": (
        "该类证件由中国签发：请清空签发国家（id_country），或改正证件类型。",
        "Documents of this type are issued by China: leave the issuing country (id_country) out, or "
        "correct the document type.",
    ),
    "identifier.sex_differs": (
        "填写的性别与证件号码不一致，已按填写的内容保存，请核对。",
        "The declared sex differs from the document number; it was kept as declared, please check.",
    ),
    "identifier.birth_date_differs": (
        "填写的出生日期与证件号码不一致，已按填写的内容保存，请核对。",
        "The declared birth date differs from the document number; it was kept as declared, "
        "please check.",
    ),
    "phone.required": (
        "缺少电话号码，请填写。",
        "The phone number is missing; enter it.",
    ),
    "phone.length": (
        "电话号码过长，请只填写一个号码。",
        "The phone number is too long; enter one number only.",
    ),
    "phone.characters": (
        "电话号码只能使用数字、开头的加号、空格和连字符，不含分机号，请修改。",
        "A phone number holds digits, a leading plus, spaces and hyphens, and no extension; "
        "correct it.",
    ),
    "phone.number": (
        "电话号码无效。请填写 11 位内地手机号，港澳台号码请加区号 +852、+853 或 +886。",
        "The phone number is not valid. Enter an 11-digit mainland mobile number, or a number of "
        "Hong Kong, Macau or Taiwan with +852, +853 or +886.",
    ),
    "phone.not_mobile": (
        "请填写手机号码，不能使用固定电话。",
        "Enter a mobile number; a land line is not accepted.",
    ),
    "phone.country": (
        "只接受内地手机号和港澳台电话号码，请填写其中一种。",
        "Only mainland mobile numbers and numbers of Hong Kong, Macau and Taiwan are accepted; "
        "enter one of these.",
    ),
    "name.required": (
        "缺少姓名，请填写。",
        "The name is missing; enter it.",
    ),
    "name.length": (
        "姓名最多 {longest} 个字符，请缩短。",
        "A name has at most {longest} characters; shorten it.",
    ),
    "name.characters": (
        "姓名含有控制字符、不可见字符或损坏的文字，请重新输入。",
        "The name holds control or invisible characters or broken text; type it again.",
    ),
    "name.damaged": (
        "姓名第 {place} 个字符是符号或乱码（如 ?、*、□、〓），原来的文字可能已丢失：请按证件重新填写姓名。",
        "Character {place} of the name is a sign, such as ?, *, □ or 〓, or garbled: a character may "
        "have been lost; enter the name as the document has it.",
    ),
    "name.escaped": (
        "姓名含有网页或程序的转义代码（如 &#20013;、&amp;、&nbsp;），不是文字：请按证件重新填写姓名。",
        "The name holds codes of a web page or program, such as &#20013;, &amp; or &nbsp;, in place "
        "of characters; enter the name as the document has it.",
    ),
    "name.private_use": (
        "姓名第 {place} 个字符是某一系统自造的字（私用区编码），其他系统无法识别：请用支持 GB 18030-2022 "
        "的输入法重新输入；输入法中没有的字，请用其汉语拼音大写字母代替。",
        "Character {place} of the name is a private-use character, known only to the system that made "
        "it; type it with an input method of GB 18030-2022, or where none offers it, write its pinyin "
        "in capital letters.",
    ),
    "name.no_letter": (
        "姓名中没有文字，请填写真实姓名。",
        "The name holds no letter; enter the person's name.",
    ),
    "code.unknown": (
        "该值不在代码表“{list}”中，请从代码表中选择。",
        "The value is not in the code list {list}; choose one of its codes.",
    ),
    "person.duplicate": (
        "此人已登记在{county}的一个{unit_type}单位，不能重复登记；如需变更单位，请先由该单位办理退出，再在新单位重新登记。",
        "This person is already on the books of a unit of type {unit_type} in {county} and cannot "
        "be entered twice; to change the unit, end the entry there and register the person again "
        "in the new one.",
    ),
    "person.without_country": (
        "{county}的一个{unit_type}单位已有一条同类型、同号码、尚未填写签发国的登记。若为同一人，请办理该登记；"
        "若为另一人，请先由该单位以 PATCH 补填其 id_country，再登记此人。",
        "A unit of type {unit_type} in {county} has an entry under this type and number whose issuing "
        "country is not known yet. If it is the same person, go on with that entry; if it is another, "
        "have that unit complete its id_country by PATCH first, then enter this person.",
    ),
    "person.number_differs": (
        "所填证件号码与该登记不一致，请核对号码和登记编号。",
        "The document number given is not that of this entry; check the number and the id.",
    ),
    "person.registration_required": (
        "该登记已作废或不在您的范围内：请在 registration 中完整填写登记表，以此人的证件为准。",
        "This entry was voided or lies outside your scope: give the whole registration in "
        "registration, as the person's document has it.",
    ),
    "person.search_by_one": (
        "请按证件号码（同时填写证件类型）或手机号码之一查询。",
        "Search by a document number (with its type) or by a phone number, one of them.",
    ),
    "person.deceased": (
        "此证件号码对应的人（登记在{county}的一个{unit_type}单位）已登记为去世，不能再登记。请核对号码；如去世登记有误，请由该县红"
        "十字会的审批人作废（void）该登记后重新登记。",
        "The person under this document number (entered in a unit of type {unit_type} in {county}) "
        "is recorded as deceased and is not entered again. Check the number; if the death was "
        "recorded in error, have an approver of that county void the entry, then register anew.",
    ),
    "person.day_before_birth": (
        "该日期（{later}）早于此人的出生日期（{earlier}），请核对这两个日期。",
        "This day ({later}) is before the person's birth date ({earlier}); check both.",
    ),
    "person.before_society": (
        "该日期（{later}）早于中国红十字会成立之日（{earlier}），请核对日期。",
        "This day ({later}) is before the Red Cross Society of China was founded ({earlier}); check "
        "it.",
    ),
    "correction.run_unknown": (
        "没有这一段登记；现有：{runs}。请在 run 中填写其中之一，或不填以更正最近一段。",
        "There is no such run; there are: {runs}. Give one of them in run, or leave it out to "
        "correct the newest.",
    ),
    "correction.not_of_a_run": (
        "较早的第 {run} 段登记只保留统计所用的内容，只能更正：{fields}。请去掉此项，或不填 run 以更正现有登记。",
        "Only the counted facts are kept of the earlier run {run}; there you can correct: {fields}. "
        "Leave this field out, or leave out run to correct the present entry.",
    ),
    "consent.missing": (
        "缺少本人对处理个人信息的同意，请取得同意并填写 consent 后再提交。",
        "The person's consent to the processing of personal data is missing; obtain it, fill in "
        "consent, and send this again.",
    ),
    "guardian.required": (
        "未满 {age} 周岁须填写监护人信息并取得监护人同意（guardian）。",
        "Below the age of {age} a guardian and the guardian's consent are needed (guardian).",
    ),
    "member.not_citizen": (
        "个人会员须为中华人民共和国公民；外籍人士可以登记为志愿者。",
        "Individual members must be citizens of the People's Republic of China; others are "
        "welcome as volunteers.",
    ),
}
register(MESSAGES)
