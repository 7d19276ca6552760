"""Words of rosters for types of document, occupations and kinds (docs/domain.md section 4.1)."""

ID_TYPES = {
    "居民身份证": "RESIDENT_ID",
    "身份证": "RESIDENT_ID",
    "二代身份证": "RESIDENT_ID",
    "港澳台居民居住证": "HMT_RESIDENCE",
    "港澳居民居住证": "HMT_RESIDENCE",
    "台湾居民居住证": "HMT_RESIDENCE",
    "外国人永久居留身份证": "FPR_NEW",
    "护照": "PASSPORT",
    "其他": "OTHER",
    "其他证件": "OTHER",
    "无": "NONE",
}

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
    "个人会员": "INDIVIDUAL_ADULT",
    "成人会员": "INDIVIDUAL_ADULT",
    "个人会员(成人)": "INDIVIDUAL_ADULT",
    "成人": "INDIVIDUAL_ADULT",
    "青少年会员": "INDIVIDUAL_YOUTH",
    "红十字青少年会员": "INDIVIDUAL_YOUTH",
    "红十字青少年": "INDIVIDUAL_YOUTH",
    "青少年": "INDIVIDUAL_YOUTH",
    "学生会员": "INDIVIDUAL_YOUTH",
}
GROUP_KINDS = frozenset({"团体会员", "团体", "GROUP"})
DEFAULT_KIND = "INDIVIDUAL_ADULT"
