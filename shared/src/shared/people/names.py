"""Characters of names that have two codings, and the one that is kept (docs/domain.md section 4.1).

PDF files and fonts give radicals and strokes in place of characters; the pairs are those of
Unicode's EquivalentUnifiedIdeograph.txt (15.0). Private-use characters were those of GBK that
Unicode lacked; GB 18030-2005 and 2022 moved them, as glibc's table of GB 18030 (2.36) has it.
"""

import unicodedata

MIDDLE_DOT = "·"

_RADICALS = (
    "⺁厂 ⺂乛 ⺃乚 ⺄乙 ⺅亻 ⺆冂 ⺇𠘨 ⺈刀 ⺉刂 ⺊卜 ⺋㔾 ⺌小 ⺍小 ⺎兀 ⺏尣 ⺐尢 ⺑𡯂 ⺒巳 ⺓幺 ⺔彑 ⺕𫜹 ⺖忄 "
    "⺗心 ⺘扌 ⺙攵 ⺛旡 ⺜日 ⺝月 ⺞歺 ⺟母 ⺠民 ⺡氵 ⺢氺 ⺣灬 ⺤爫 ⺥爫 ⺦丬 ⺧牛 ⺨犭 ⺩王 ⺪𤴔 ⺫目 ⺬示 ⺭礻 "
    "⺮𥫗 ⺯糹 ⺰纟 ⺱罓 ⺲罒 ⺳㓁 ⺴冗 ⺵𦉫 ⺶羊 ⺷𦍌 ⺸𦍋 ⺹耂 ⺺肀 ⺻聿 ⺼肉 ⺽𦥑 ⺾艹 ⺿艹 ⻀艹 ⻁虎 ⻂衤 ⻃覀 "
    "⻄西 ⻅见 ⻆角 ⻇𧢲 ⻈讠 ⻉贝 ⻊𧾷 ⻋车 ⻌辶 ⻍辶 ⻎辶 ⻏邑 ⻐钅 ⻑長 ⻒镸 ⻓长 ⻔门 ⻕𨸏 ⻖阝 ⻗雨 ⻘青 ⻙韦 "
    "⻚页 ⻛风 ⻜飞 ⻝食 ⻞𩙿 ⻟飠 ⻠饣 ⻡𩠐 ⻢马 ⻣骨 ⻤鬼 ⻥鱼 ⻦鸟 ⻧卤 ⻨麦 ⻩黄 ⻪黾 ⻫斉 ⻬齐 ⻭歯 ⻮齿 ⻯竜 "
    "⻰龙 ⻱龜 ⻲亀 ⻳龟 ㇆𠃌 ㇏乀 ㇐一 ㇑丨 ㇒丿 ㇓丿 ㇔丶 ㇕𠃍 ㇖乛 ㇗𠃊 ㇘𠃎 ㇙𠄌 ㇚亅 ㇛𡿨 ㇜𠃋 ㇝乀 ㇞𠃑 ㇟乚 "
    "㇠乙 ㇡𠄎"
)
"""U+2E81 to U+2EF3 and strokes, each before its character; Kangxi radicals have theirs in NFKC."""
_OF_GBK = (
    "⺁𠂇𠂉𠃌⺄㑳㑇⺈⺋龴㖞㘚㘎⺌⺗㥮㤘龵㧏㧟㩳㧐龶龷㭎㱮㳠⺧𡗗龸⺪䁖䅟⺮䌷⺳⺶⺷𢦏䎱䎬⺻䏝䓖䙡䙌龹䜣䜩䝼䞍"
    "⻊䥇䥺䥽䦂䦃䦅䦆䦟䦛䦷䦶龺𤇾䲣䲟䲠䲡䱷䲢䴓䴔䴕䴖䴗䴘䴙䶮龻"
)
"""U+E815 to U+E864, which old systems give for the GBK codes FE50 to FEA0."""
_VERTICAL = "\ufe10\ufe12\ufe11\ufe13\ufe14\ufe15\ufe16\ufe17\ufe18\ufe19"
"""U+E78D to U+E796: punctuation of vertical text."""
_OTHERS = {0xE5E5: " ", 0xE7C7: "ḿ", 0xE7C8: "ǹ"}
"""U+E5E5 is a second wide space of GBK (0xA3A0; WHATWG's decoders read it so)."""
_DOTS = "\u2027\u2022\u30fb\uff65\u2219\u22c5\u1427"


def _folds() -> dict[int, str]:
    radicals = {ord(pair[0]): pair[1] for pair in _RADICALS.split()}
    moved = {
        **{0xE815 + place: char for place, char in enumerate(_OF_GBK)},
        **{0xE78D + place: char for place, char in enumerate(_VERTICAL)},
        **_OTHERS,
    }
    inputs = [*range(0x2F00, 0x2FD6), 0x3000, *range(0xFF01, 0xFF5F)]
    return {
        **{code: unicodedata.normalize("NFKC", chr(code)) for code in inputs},
        **dict.fromkeys(map(ord, _DOTS), MIDDLE_DOT),
        **radicals,
        **{code: radicals.get(ord(char), char) for code, char in moved.items()},
    }


FOLDS = _folds()
"""For ``str.translate``: also Kangxi radicals, full-width ASCII, the wide space, middle dots."""
