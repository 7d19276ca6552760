"""Statistical code lists of persons (docs/domain.md section 4.5), each code with its names.

Names are Chinese and English. Sex GB/T 2261.1, ethnicity GB/T 3304, political status GB/T 4762,
education GB/T 4658.
"""

import unicodedata
from collections.abc import Mapping
from typing import NamedTuple

from shared.people.problems import CodeProblem


class Code(NamedTuple):
    """One entry of a list; ``aliases`` are other ways rosters write it."""

    code: str
    zh: str
    en: str
    aliases: tuple[str, ...] = ()


class CodeList(dict[str, Code]):
    """A closed list of codes, found by code, by name or by an alias."""

    def __init__(self, name: str, entries: tuple[Code, ...]) -> None:
        super().__init__({entry.code: entry for entry in entries})
        self.name = name
        self.entries = entries
        self.exact = {
            text: entry.code
            for entry in entries
            for text in (*entry.aliases, entry.en, entry.zh, entry.code)
        }
        """The code of each code, name and alias, spelt as in the list."""
        self._by_text = {_fold(text): code for text, code in self.exact.items()}

    def find(self, text: str) -> str | None:
        """Return the code of a code, a name or an alias; None where there is none."""
        return self._by_text.get(_fold(text))

    def read(self, text: str) -> str:
        """Return the code of what a roster holds: the code itself, a name or an alias.

        Raises:
            CodeProblem: with the name of the list.
        """
        code = self.find(text)
        if code is None:
            raise CodeProblem("code.unknown", {"list": self.name})
        return code


def _fold(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip().casefold()


SEX = CodeList(
    "sex",
    (
        Code("0", "未知", "unknown", ("未知的性别",)),
        Code("1", "男", "male", ("男性", "m")),
        Code("2", "女", "female", ("女性", "f")),
        Code("9", "未说明", "not stated", ("未说明的性别",)),
    ),
)

_NATIONALITIES = (
    "汉 Han,蒙古 Mongol,回 Hui,藏 Tibetan,维吾尔 Uygur,苗 Miao,彝 Yi,壮 Zhuang,布依 Buyei,朝鲜 Korean,"
    "满 Manchu,侗 Dong,瑶 Yao,白 Bai,土家 Tujia,哈尼 Hani,哈萨克 Kazak,傣 Dai,黎 Li,傈僳 Lisu,佤 Va,畲 She,"
    "高山 Gaoshan,拉祜 Lahu,水 Sui,东乡 Dongxiang,纳西 Naxi,景颇 Jingpo,柯尔克孜 Kirgiz,土 Tu,达斡尔 Daur,"
    "仫佬 Mulao,羌 Qiang,布朗 Blang,撒拉 Salar,毛南 Maonan,仡佬 Gelao,锡伯 Xibe,阿昌 Achang,普米 Pumi,"
    "塔吉克 Tajik,怒 Nu,乌孜别克 Uzbek,俄罗斯 Russian,鄂温克 Ewenki,德昂 Deang,保安 Bonan,裕固 Yugur,"
    "京 Gin,塔塔尔 Tatar,独龙 Derung,鄂伦春 Oroqen,赫哲 Hezhen,门巴 Monba,珞巴 Lhoba,基诺 Jino"
)
"""The 56 nationalities of GB/T 3304 in the order of their codes, 01 to 56."""


def _nationalities() -> tuple[Code, ...]:
    pairs = (item.split() for item in _NATIONALITIES.split(","))
    return tuple(
        Code(f"{number:02d}", zh + "族", en, (zh,)) for number, (zh, en) in enumerate(pairs, 1)
    )


ETHNICITY = CodeList(
    "ethnicity",
    (
        *_nationalities(),
        Code("97", "其他", "other", ("未识别民族", "其它")),
        Code("98", "外国血统中国籍人士", "Chinese citizen of foreign descent", ("外国血统",)),
    ),
)

POLITICAL_STATUS = CodeList(
    "political_status",
    (
        Code("01", "中共党员", "member of the Communist Party", ("党员", "中国共产党党员")),
        Code("02", "中共预备党员", "probationary party member", ("预备党员",)),
        Code("03", "共青团员", "member of the Communist Youth League", ("团员",)),
        Code("04", "民革会员", "Revolutionary Committee of the Kuomintang", ("民革", "民革党员")),
        Code("05", "民盟盟员", "China Democratic League", ("民盟",)),
        Code("06", "民建会员", "China National Democratic Construction", ("民建",)),
        Code("07", "民进会员", "China Association for Promoting Democracy", ("民进",)),
        Code("08", "农工党党员", "Peasants and Workers Democratic Party", ("农工党",)),
        Code("09", "致公党党员", "China Zhi Gong Party", ("致公党",)),
        Code("10", "九三学社社员", "Jiusan Society", ("九三学社", "九三")),
        Code("11", "台盟盟员", "Taiwan Democratic Self-Government League", ("台盟",)),
        Code("12", "无党派人士", "without party affiliation", ("无党派", "无党派民主人士")),
        Code("13", "群众", "general public", ("普通公民",)),
    ),
)

EDUCATION = CodeList(
    "education",
    (
        Code("10", "研究生", "postgraduate", ("硕士", "博士", "硕士研究生", "博士研究生")),
        Code("20", "大学本科", "bachelor's degree course", ("本科", "大学")),
        Code("30", "大学专科", "junior college", ("专科", "大专")),
        Code("40", "中等职业教育", "secondary vocational", ("中等职业", "中专", "职高", "技校")),
        Code("60", "普通高级中学", "senior high school", ("普通高中", "高中")),
        Code("70", "初级中学", "junior high school", ("初中",)),
        Code("80", "小学", "primary school"),
        Code("90", "其他", "other", ("其它",)),
    ),
)

_UNTOLD = ("97", "98")
MINORITY: Mapping[str | None, str] = {
    None: "unknown",
    **{entry.code: "yes" for entry in ETHNICITY.entries},
    **dict.fromkeys(_UNTOLD, "unknown"),
    "01": "no",
}
"""Whether an ethnicity code is one of the 55 minorities, for counting."""
