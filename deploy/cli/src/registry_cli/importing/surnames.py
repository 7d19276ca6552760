"""How names of persons begin in China: evidence that a column of names was read rightly.

The surnames are the commonest ones, some 400, which about 98 of 100 people have. They were written
down from general knowledge, no list was copied. They need not be complete: only shares are judged.
"""

import re

SURNAMES = frozenset(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖萧田董潘袁蔡蒋余于杜叶程魏苏吕丁任"
    "沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付傅方白邹孟熊秦邱江尹薛闫阎段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫"
    "孔向汤常温康施文牛樊葛邢安齐易乔伍庞颜倪庄聂章鲁岳翟殷詹申欧耿关兰焦俞左柳甘祝包宁尚符舒阮柯纪梅童凌"
    "毕单季裴霍涂成苗谷盛曲翁冉骆蓝路游辛靳管柴蒙鲍华喻祁蒲房滕屈饶解牟艾尤阳时穆农司卓古吉缪简车项连芦麦"
    "褚娄窦戚岑景党宫费卜冷晏席卫米柏宗瞿桂全佟应臧闵苟邬边卞姬师和仇栾隋商刁沙荣巫寇桑郎甄丛仲虞敖巩明佘"
    "池查麻苑迟邝官封谈匡鞠惠荆乐冀郁胥南班储原栗燕楚鄢劳谌奚皮粟冼蔺楼盘满闻位厉伊仝区郜海阚花权强帅屠豆"
    "朴盖练廉禹井祖漆巴丰支卿国狄平计索宣晋相初门云容敬来扈晁芮都普阙浦戈伏鹿薄邸雍辜羊阿乌母裘亓修邰赖代"
    "鄂洪贝晓占补逯衡鹏宿昝赫茹郗候湛买束尧但桓仰逄言岩佴伦濮宦竺褟郏水木"
)
"""Of one character, in simplified form."""

TRADITIONAL = frozenset(
    "張劉陳楊黃趙吳孫馬鄭謝許韓馮鄧蕭葉蘇呂瀋盧薑鐘鍾譚陸範賈韋鄒龍閻閆賀顧龔萬錢嚴湯溫齊喬龐顏莊聶魯嶽關"
    "蘭寧紀畢單蔔塗駱藍遊華饒時農簡車項連蘆麥婁竇黨宮費衛應閔鄔邊師榮叢鞏鄺談樂藺樓滿厲區闞權強帥練計國豐"
    "門雲來羅齡賴佔執實條蔣"
)
"""The same in traditional form, as residents of Hong Kong, Macau and Taiwan write them."""

COMPOUND = frozenset(
    re.findall(
        "..",
        "欧阳上官司马诸葛司徒东方皇甫尉迟公孙慕容令狐夏侯长孙宇文轩辕端木百里东郭南宫西门独孤呼延申屠澹台"
        "淳于公羊太史钟离鲜于闾丘司空亓官赫连万俟完颜纳兰歐陽諸葛司馬東方",
    )
)
"""Of two characters."""

OTHER_BEGINNINGS = frozenset(
    "阿艾麦买吐玉热依木亚古努尼伊沙萨库图帕米如再祖迪哈肉塔加马胡奴叶巴别达江赛扎次卓旦多贡洛强嘎格索央仁"
    "桑拉平边其丹欧德泽白朗顿土晋罗云斯让才杨更昂俄三尕久成乌布敖包宝额恩那娜娃苏特通道呼吉青好牧孟朝浩照"
    "海惹曲比尔石莫岩波刀罕岗金朴崔和普李熊咪喃益群坚嘉旺措确夸先切娘赤珠占仓班吾孜则凯卡夏喀克玛铁对恰约"
    "所勒且色日瓦什毛此排早满尤森忽"
)
"""First syllables of names of peoples who have no surnames, as they are transcribed (Uygur, Kazak,
Tibetan, Mongol, Yi, Dai, and others)."""

LONGEST_HAN = 4
"""Characters: a compound surname and two of a given name."""


def begins_known(name: str) -> bool:
    """Return whether a name begins as the names of one of China's peoples do.

    Names with a letter or a middle dot, of foreign or transcribed form, have no surname to know.
    """
    if "·" in name or any(char.isascii() and char.isalpha() for char in name):
        return True
    if name[:1] in OTHER_BEGINNINGS:
        return True
    han = name[:1] in SURNAMES or name[:1] in TRADITIONAL or name[:2] in COMPOUND
    return han and 1 < len(name) <= LONGEST_HAN
