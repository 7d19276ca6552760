"""Remarks such as （已故）, (退会) or 迁出 in a name or in the margin: each means another action.

A person of whom a roster says this is not entered as one who is there; the refusal names what is to
be done instead.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from shared.web.messages import Text, register


@dataclass(frozen=True)
class Remark:
    """What was found: the code of its message, the word, which is no personal data, and its place."""

    code: str
    word: str
    start: int = 0


_WORDS: Mapping[str, str] = {
    "remark.deceased": (
        "已故|亡故|去世|过世|逝世|辞世|离世|死亡|病故|身故|病逝|已[亡死殁逝]|deceased|passedaway"
    ),
    "remark.left": "退会|离会|退出(?!现役|部队)|已退(?![休役伍职])|注销|withdrawn|resigned",
    "remark.moved": (
        "[迁转调]出|[迁调转]走|[迁转]往|调离|外迁|移居|已迁(?!入)|已转(?![正业为入])|transferred|movedaway"
    ),
    "remark.removed": "除名|开除(?![党学]籍|公职)|expelled",
    "remark.void": "作废|voided",
}
"""Words that have one meaning wherever they stand; spaces are left out."""
_IN_BRACKETS: Mapping[str, str] = {
    "remark.deceased": "故|亡|殁|逝|死|卒|dead|died",
    "remark.left": "退|离|销|left",
    "remark.moved": "迁|转|调|moved",
    "remark.removed": "除",
    "remark.void": "废|无效|停用|void",
}
"""Words that say it only where they stand alone in brackets."""
_SHORTEST = 3
"""Characters of a name with a remark: one of the name, and a word of two."""
_OPENING, _CLOSING = "[(\\[{<【〔〈《「『]", "[)\\]}>】〕〉》」』]"
_FOUND = re.compile(
    "|".join(
        f"(?P<{code.partition('.')[2]}>{words}|(?<={_OPENING})(?:{_IN_BRACKETS[code]})(?={_CLOSING}))"
        for code, words in _WORDS.items()
    )
)
_MAY_HOLD_ONE = re.compile("[^\u4e00-\u9fff]|[已亡去过逝辞离死病身退注除开作迁转调移外]")
"""What every text with a remark holds: the first character of a word, or more than ideographs. Nearly
no name does, and to look for it takes a tenth of the time."""
_OF_ANOTHER = re.compile(
    "(?:[父母]亲?|父母|双亲|配偶|丈夫|妻子|爱人|老伴|儿子|女儿|祖父|祖母|爷爷|奶奶|家长|监护人|[未没无不]有?|not)"
    "[^,，。;；、]{0,2}$"
)
"""Before a word: it is said of a relative, or denied."""

_ADVICE: Mapping[str, Text] = {
    "remark.deceased": (
        "已去世的人不作新登记。如此人已有登记，请在该登记上办理去世（会员用 decease，志愿者用 deregister）。",
        "nobody dead is registered anew. Where this person has an entry, record the death there "
        "(members: decease, volunteers: deregister).",
    ),
    "remark.left": (
        "已退出的人不作新登记。如此人已有登记，请在该登记上办理退出（会员用 withdraw，志愿者用 deregister）。",
        "who has left is not registered. Where this person has an entry, record the leaving there "
        "(members: withdraw, volunteers: deregister).",
    ),
    "remark.moved": (
        "已迁出的人由现在的单位登记。如此人在本单位已有登记，请先办理退出（会员用 withdraw，志愿者用 deregister），"
        "再由现在的单位登记。",
        "who has moved is registered by the present unit. Where this person has an entry here, end "
        "it first (members: withdraw, volunteers: deregister), then register the person there.",
    ),
    "remark.removed": (
        "已除名的人不作新登记。如此人已有登记，请在该登记上办理除名（会员用 expel，志愿者用 deregister，原因 REMOVED）。",
        "who was expelled is not registered. Where this person has an entry, record it there "
        "(members: expel, volunteers: deregister on the ground REMOVED).",
    ),
    "remark.void": (
        "已作废的登记不再录入。如此人已有登记且确属误登，请将该登记作废（void）。",
        "an entry that is void is not made again. Where this person has one by mistake, void it "
        "(void).",
    ),
}
MESSAGES: dict[str, Text] = {
    code: (
        f"姓名中的“{{word}}”不是姓名的一部分：{zh}如此人应当登记，请只填写姓名。",
        f"“{{word}}” is no part of a name: {en} Where the person is to be registered, enter the "
        "name alone.",
    )
    for code, (zh, en) in _ADVICE.items()
}
"""Of a name."""
register(MESSAGES)

IN_MARGIN: dict[str, Text] = {
    code: (
        f"此栏写有“{{word}}”：{zh}如不是指本人，请清空此栏后再导入。",
        f"This cell says “{{word}}”: {en} If it is said of somebody else, empty the cell and import "
        "the row again.",
    )
    for code, (zh, en) in _ADVICE.items()
}
"""Of a remark in a roster, next to the name."""


def remark_in(name: str) -> Remark | None:
    """Return the remark a name holds, None where there is none; width, case and spaces do not count."""
    if len(name) < _SHORTEST or _MAY_HOLD_ONE.search(name) is None:
        return None
    return next(_found(_plain(name)), None)


def remark_in_margin(text: str) -> Remark | None:
    """Return what a text next to a name says of the person; relatives and denials do not count."""
    plain = _plain(text)
    found = (one for one in _found(plain) if not _OF_ANOTHER.search(plain[: one.start]))
    return next(found, None)


def _found(plain: str) -> Iterator[Remark]:
    for found in _FOUND.finditer(plain):
        yield Remark(f"remark.{found.lastgroup}", found[0], found.start())


def _plain(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split()).casefold()
