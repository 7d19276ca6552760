"""What of a personal value may be shown (docs/domain.md section 5).

A mask depends on nothing but the characters it shows and, for numbers, their count; names do not
even show their length. Together with birth date and region, more of an id number would give it away.
"""

import re
import unicodedata

_STAR = "*"
_SHORT_NUMBER = 8
"""Below this many characters the last one is hidden too."""

_HIDDEN_DIGITS = 4
_E164 = re.compile(r"(\+86|\+852|\+853|\+886)?([0-9]{8,11})")
_SHOWN_FIRST = {"+86": 3, "+886": 3, "+852": 2, "+853": 2}

_SURNAMES = (
    "欧阳 太史 端木 上官 司马 东方 独孤 南宫 万俟 闻人 夏侯 诸葛 尉迟 公羊 赫连 澹台 皇甫 宗政 濮阳 公冶 "
    "太叔 申屠 公孙 慕容 仲孙 钟离 长孙 宇文 司徒 鲜于 司空 闾丘 亓官 司寇 子车 颛孙 巫马 公西 漆雕 乐正 "
    "壤驷 公良 拓跋 夹谷 宰父 谷梁 段干 百里 东郭 南门 呼延 羊舌 微生 令狐 轩辕 西门 完颜 纳兰 "
    "歐陽 東方 獨孤 南宮 聞人 諸葛 司馬 萬俟 尉遲 赫連 濮陽 公孫 鍾離 長孫 鮮于 閭丘 顓孫 巫馬 穀梁 軒轅 "
    "西門 納蘭"
)
COMPOUND_SURNAMES = frozenset(_SURNAMES.split())
"""Two-character surnames, in both scripts."""


def mask_identifier(number: str) -> str:
    """Return the first and the last character with stars between: ``1****************X``."""
    if len(number) < _SHORT_NUMBER:
        return number[:1] + _STAR * (len(number) - 1)
    return number[0] + _STAR * (len(number) - 2) + number[-1]


def mask_phone(number: str) -> str:
    """Return a phone with four digits hidden: ``138****5678``, ``+852 61****67``.

    What is not a number in E.164 or a mainland mobile is hidden wholly.
    """
    match = _E164.fullmatch(number)
    if match is None:
        return _STAR * _HIDDEN_DIGITS if number else ""
    country, digits = match[1] or "+86", match[2]
    first = _SHOWN_FIRST[country]
    shown = "" if country == "+86" else country + " "
    return shown + digits[:first] + _STAR * _HIDDEN_DIGITS + digits[first + _HIDDEN_DIGITS :]


def mask_name(name: str) -> str:
    """Return the surname and one star: ``张*``, ``欧阳*``.

    Names whose order of parts is unknown (with a middle dot or spaces, or of another script) show
    their first letter only; a single character is hidden.
    """
    name = name.strip()
    if not name:
        return ""
    first = _first_letter(name)
    if len(first) == len(name):
        return _STAR
    if len(name) > 2 and name[:2] in COMPOUND_SURNAMES:
        return name[:2] + _STAR
    return first + _STAR


def _first_letter(name: str) -> str:
    """Return the first character with the marks and variation selectors that belong to it."""
    end = 1
    while end < len(name) and unicodedata.category(name[end]).startswith("M"):
        end += 1
    return name[:end]
