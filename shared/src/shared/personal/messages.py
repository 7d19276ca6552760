"""Texts of the problems and warnings of personal data: code to (Chinese, English) templates.

Each names what is wrong and what to do about it, never the value itself.
"""

MESSAGES: dict[str, tuple[str, str]] = {
    "identifier.required": (
        "缺少证件号码,请填写。",
        "The document number is missing; enter it.",
    ),
    "identifier.too_long": (
        "证件号码过长(超过 {longest} 个字符),请检查是否粘贴了其他内容。",
        "The document number is over {longest} characters; check what was pasted.",
    ),
    "identifier.characters": (
        "证件号码含有不允许的字符,只能使用数字和英文字母(18 位号码为 17 位数字加 1 位数字或 X),不含空格。",
        "The document number holds characters it may not: use digits and Latin letters only "
        "(18-character numbers: 17 digits, then a digit or X), without spaces.",
    ),
    "identifier.length": (
        "证件号码应为 {expected} 位,实际为 {length} 位,请核对。",
        "The document number must have {expected} characters and has {length}; check it.",
    ),
    "identifier.document_length": (
        "证件号码应为 {shortest} 至 {longest} 位,实际为 {length} 位,请核对。",
        "The document number must have {shortest} to {longest} characters and has {length}; "
        "check it.",
    ),
    "identifier.first_generation": (
        "15 位的第一代身份证已停止使用,请填写 18 位公民身份号码。",
        "First-generation identity numbers of 15 digits are no longer valid; enter the "
        "18-character number.",
    ),
    "identifier.province": (
        "证件号码中的省级代码不存在,请核对号码。",
        "The province code within the document number does not exist; check the number.",
    ),
    "identifier.hmt_region": (
        "港澳台居民居住证号码应以 810000、820000 或 830000 开头,请核对号码。",
        "The number of a residence permit for Hong Kong, Macau and Taiwan residents starts with "
        "810000, 820000 or 830000; check the number.",
    ),
    "identifier.birth_date": (
        "证件号码中的出生日期不是有效日期,请核对号码。",
        "The birth date within the document number does not exist; check the number.",
    ),
    "identifier.birth_in_future": (
        "证件号码中的出生日期晚于今天,请核对号码。",
        "The birth date within the document number is after today; check the number.",
    ),
    "identifier.birth_before_1900": (
        "证件号码中的出生日期早于 1900 年 1 月 1 日,请核对号码。",
        "The birth date within the document number is before 1 January 1900; check the number.",
    ),
    "identifier.check_digit": (
        "证件号码的校验码不正确,号码可能有误,请对照证件重新输入。",
        "The check character of the document number does not fit: a character is wrong; enter "
        "it again from the document.",
    ),
    "identifier.type_mismatch": (
        "该号码属于“{expected_zh}”,请将证件类型改为 {expected}。",
        "This is the number of a {expected_en}; set the document type to {expected}.",
    ),
    "identifier.fpr_old_shape": (
        "旧版外国人永久居留身份证号码应为 3 位字母加 12 位数字,请核对。",
        "The number of an old foreign permanent resident card is 3 letters and 12 digits; "
        "check it.",
    ),
    "identifier.fpr_old_check_digit": (
        "旧版外国人永久居留身份证号码的校验位不正确,请对照证件重新输入。",
        "The check digit of the old foreign permanent resident card does not fit; enter the "
        "number again from the card.",
    ),
    "identifier.none_with_number": (
        "证件类型为“无”时不能填写证件号码,请选择证件类型或清空号码。",
        "A document number cannot go with type NONE; choose the document type or clear the number.",
    ),
    "identifier.sex_differs": (
        "填写的性别与证件号码不一致,已按填写的内容保存,请核对。",
        "The declared sex differs from the document number; it was kept as declared, please check.",
    ),
    "identifier.birth_date_differs": (
        "填写的出生日期与证件号码不一致,已按填写的内容保存,请核对。",
        "The declared birth date differs from the document number; it was kept as declared, "
        "please check.",
    ),
    "uscc.length": (
        "统一社会信用代码应为 18 位,实际为 {length} 位,请核对。",
        "A unified social credit code has 18 characters, this has {length}; check it.",
    ),
    "uscc.characters": (
        "统一社会信用代码只能使用数字和除 I、O、S、V、Z 以外的大写字母,请核对。",
        "A unified social credit code uses digits and capital letters without I, O, S, V and Z; "
        "check it.",
    ),
    "uscc.shape": (
        "统一社会信用代码的登记管理部门或行政区划部分不正确,请核对第 1 位和第 3 至 8 位。",
        "The department or region of the unified social credit code is wrong; check characters 1 "
        "and 3 to 8.",
    ),
    "uscc.class": (
        "统一社会信用代码的机构类别(第 2 位)与登记管理部门不符,请核对。",
        "The class (character 2) of the unified social credit code does not go with its "
        "department; check it.",
    ),
    "uscc.organisation_check": (
        "统一社会信用代码中组织机构代码(第 9 至 17 位)的校验码不正确,请核对。",
        "The organisation code within the unified social credit code (characters 9 to 17) fails "
        "its check; check it.",
    ),
    "uscc.check": (
        "统一社会信用代码的校验码(第 18 位)不正确,请对照证书重新输入。",
        "The last character of the unified social credit code does not fit; enter the code again "
        "from the certificate.",
    ),
    "phone.required": (
        "缺少电话号码,请填写。",
        "The phone number is missing; enter it.",
    ),
    "phone.length": (
        "电话号码过长,请只填写一个号码。",
        "The phone number is too long; enter one number only.",
    ),
    "phone.characters": (
        "电话号码只能使用数字、开头的加号、空格和连字符,不含分机号,请修改。",
        "A phone number holds digits, a leading plus, spaces and hyphens, and no extension; "
        "correct it.",
    ),
    "phone.number": (
        "电话号码无效。请填写 11 位内地手机号,港澳台号码请加区号 +852、+853 或 +886。",
        "The phone number is not valid. Enter an 11-digit mainland mobile number, or a number of "
        "Hong Kong, Macau or Taiwan with +852, +853 or +886.",
    ),
    "phone.not_mobile": (
        "请填写手机号码,不能使用固定电话。",
        "Enter a mobile number; a land line is not accepted.",
    ),
    "phone.country": (
        "只接受内地手机号和港澳台电话号码,请填写其中一种。",
        "Only mainland mobile numbers and numbers of Hong Kong, Macau and Taiwan are accepted; "
        "enter one of these.",
    ),
    "name.required": (
        "缺少姓名,请填写。",
        "The name is missing; enter it.",
    ),
    "name.length": (
        "姓名最多 {longest} 个字符,请缩短。",
        "A name has at most {longest} characters; shorten it.",
    ),
    "name.characters": (
        "姓名含有控制字符、不可见字符或损坏的文字,请重新输入。",
        "The name holds control or invisible characters or broken text; type it again.",
    ),
    "name.no_letter": (
        "姓名中没有文字,请填写真实姓名。",
        "The name holds no letter; enter the person's name.",
    ),
    "code.unknown": (
        "该值不在代码表“{list}”中,请从代码表中选择。",
        "The value is not in the code list {list}; choose one of its codes.",
    ),
}
