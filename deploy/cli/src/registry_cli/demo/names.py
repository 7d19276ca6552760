"""The commonest surnames and syllables of given names, to be put together at random."""

SURNAMES: tuple[str, ...] = (
    *"王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董潘袁蔡蒋余于杜叶程"
    "魏苏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝"
    "龚邵万钱严覃武戴莫孔向汤",
    "欧阳",
    "诸葛",
    "上官",
)
MALE = tuple("伟强磊军勇杰涛明超刚平辉鹏华飞鑫波斌宇浩凯健俊帆帅旭宁龙林建国志文博")
FEMALE = tuple("芳娜敏静丽艳娟霞秀兰燕玲桂英丹萍红洁雪梅琳慧莹婷雯欣怡佳倩颖晶璐瑶")
SHARED_SYLLABLES = tuple("子晓文雨思嘉志春海云玉新永小家一天")
