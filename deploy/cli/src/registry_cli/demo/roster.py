"""Writes the demo roster: synthetic members as a county office keeps them, some wrong on purpose.

The same seed and units always give the same file. No row can be a real person's: the identity
numbers carry county number 99, which no county has, and the telephone numbers one block of 10,000.
"""

import csv
import random
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import cycle
from pathlib import Path

Row = dict[str, str]

LAST_DAY = date(2025, 12, 31)
"""No date lies after it, so that the file does not depend on the day it is written."""
STUDENTS_BORN = (date(2003, 1, 1), date(2007, 6, 30))
"""All of age on the last day: a minor needs a guardian, for whom the demo has no columns."""
ADULTS_BORN = (date(1946, 1, 1), date(2000, 12, 31))
WRONG_SHARE = 0.015
REPAIRABLE_SHARE = 0.01
FIRST_WRONG_ROW = 10
"""The first rows are right, so that a reader sees ordinary ones and a duplicate has a first."""

_CHECK_CHARACTERS = "10X98765432"
_AREAS = ("330199", "330299", "330399", "340199", "360199", "410199", "420199", "510199")
# The commonest surnames and syllables of given names, to be put together at random.
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
PEOPLES = ("汉族", "畲族", "回族", "土家族", "苗族")


@dataclass(frozen=True)
class DemoRoster:
    """What a written demo roster holds.

    Args:
        rows: rows below the header; the first has line number 2.
        wrong: kind of fault by line number; such rows are to be refused.
        repairable: kind of blemish by line number; such rows are to be accepted.
    """

    path: Path
    rows: int
    wrong: dict[int, str]
    repairable: dict[int, str]


def write_demo(
    path: Path, unit_names: Sequence[str], seed: int = 2026, rows: int = 2_000
) -> DemoRoster:
    """Write a roster of ``rows`` people spread over the units named.

    Args:
        path: file to write, UTF-8 with a byte order mark as spreadsheets save it.
        unit_names: names or codes of units, as the column of the unit shall have them.
        seed: of the random choice.
        rows: number of people, right and wrong ones together.
    """
    if not unit_names:
        raise ValueError("a demo roster needs at least one unit")
    rng = random.Random(seed)  # noqa: S311 - repeatable on purpose, nothing secret
    taken: set[str] = set()
    people = [_person(rng, unit_names, taken) for _ in range(rows)]
    wrong = _blemish(people, rng, WRONG_SHARE, FAULTS)
    repairable = _blemish(people, rng, REPAIRABLE_SHARE, BLEMISHES, wrong)
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.DictWriter(stream, people[0], lineterminator="\r\n")
        writer.writeheader()
        writer.writerows(people)
    return DemoRoster(
        path,
        rows,
        {index + 2: kind for index, kind in wrong.items()},
        {index + 2: kind for index, kind in repairable.items()},
    )


def check_character(first_seventeen: str) -> str:
    """Return the 18th character of a resident identity number (GB 11643, MOD 11-2)."""
    # The weights of the standard are powers of 2, and 13 leaves 2 when divided by 11.
    return _CHECK_CHARACTERS[2 * int(first_seventeen, 13) % 11]


def _person(rng: random.Random, units: Sequence[str], taken: set[str]) -> Row:
    youth = rng.random() < 0.2
    birth = random_day(rng, *(STUDENTS_BORN if youth else ADULTS_BORN))
    female = rng.random() < 0.55
    joined = random_day(rng, max(date(2005, 1, 1), birth + timedelta(days=18 * 366)), LAST_DAY)
    last = rng.choice(FEMALE if female else MALE)
    middle = rng.choice(SHARED_SYLLABLES) if rng.random() < 0.7 else ""
    name = rng.choice(SURNAMES) + middle + last
    while (number := identity_number(rng, _AREAS, f"{birth:%Y%m%d}", female)) in taken:
        pass
    taken.add(number)
    return {
        "姓名": name,
        "性别": "女" if female else "男",
        "出生日期": birth.isoformat(),
        "证件类型": "居民身份证",
        "证件号码": number,
        "手机号码": f"1990000{rng.randrange(10_000):04}",
        "民族": str(rng.choices(PEOPLES, (94, 2, 2, 1, 1))[0]),
        "文化程度": rng.choice(("本科", "大专") if youth else ("本科", "大专", "高中", "初中")),
        "政治面貌": rng.choice(("共青团员", "群众") if youth else ("群众", "群众", "中共党员")),
        "职业": "学生" if youth else rng.choice(("教师", "医生", "职员", "工人", "农民", "公务员")),
        "所在单位编号或名称": rng.choice(units),
        "会员类别": "青少年会员" if youth else "成人会员",
        "入会日期": joined.isoformat(),
        "备注": "",
    }


def random_day(rng: random.Random, first: date, last: date) -> date:
    """Return one of the days from the first to the last."""
    return first + timedelta(days=rng.randrange((last - first).days + 1))


def identity_number(rng: random.Random, areas: Sequence[str], birth: str, female: bool) -> str:
    """Return a number with a right check character; its sequence is odd for men."""
    sequence = rng.randrange(500) * 2 + (0 if female else 1)
    first = f"{rng.choice(areas)}{birth}{sequence:03}"
    return first + check_character(first)


Change = Callable[[Row, random.Random], Row]
"""The cells of a row that become other ones."""


def _blemish(
    people: list[Row],
    rng: random.Random,
    share: float,
    changes: dict[str, Change],
    untouched: Collection[int] = (),
) -> dict[int, str]:
    """Apply the changes in turn to a share of the rows; return the kind by index."""
    free = [index for index in range(FIRST_WRONG_ROW, len(people)) if index not in untouched]
    chosen = sorted(rng.sample(free, min(len(free), round(len(people) * share))))
    done = dict(zip(chosen, cycle(changes), strict=False))
    for index, kind in done.items():
        if kind == "duplicate":
            people[index] = dict(people[rng.randrange(FIRST_WRONG_ROW)])
        people[index] |= changes[kind](people[index], rng)
    return done


def _wrong_check(row: Row, rng: random.Random) -> Row:
    number = row["证件号码"]
    return {"证件号码": number[:-1] + rng.choice(_CHECK_CHARACTERS.replace(number[-1], ""))}


def _born_on(row: Row, rng: random.Random, day: str) -> Row:
    return {
        "出生日期": f"{day[:4]}-{day[4:6]}-{day[6:]}",
        "证件号码": identity_number(rng, _AREAS, day, row["性别"] == "女"),
    }


def _impossible_date(row: Row, rng: random.Random) -> Row:
    return _born_on(row, rng, rng.choice(("19900230", "19870431", "19991301", "20010229")))


def _bad_phone(row: Row, rng: random.Random) -> Row:
    return {"手机号码": rng.choice((row["手机号码"][:-1], "12345678901", "无"))}


FAULTS: dict[str, Change] = {
    "wrong_check": _wrong_check,
    "impossible_date": _impossible_date,
    "future_birth": lambda row, rng: _born_on(row, rng, f"20991{rng.randrange(3)}01"),
    "unknown_unit": lambda _row, _rng: {"所在单位编号或名称": "不存在的单位红十字会"},
    "duplicate": lambda _row, _rng: {"备注": "重复"},
    "missing_name": lambda _, rng: {"姓名": rng.choice(("", " ", "\u3000"))},
    "bad_phone": _bad_phone,
}
"""Kinds of rows to be refused."""


def _stray_spaces(row: Row, _: random.Random) -> Row:
    name, phone = row["姓名"], row["手机号码"]
    return {
        "姓名": f" {name[0]} {name[1:]}\u3000",
        "手机号码": f"{phone[:3]} {phone[3:7]} {phone[7:]}",
    }


def _full_width(row: Row, _: random.Random) -> Row:
    wide = {ord(character): ord(character) + 0xFEE0 for character in "0123456789X"}
    return {"证件号码": row["证件号码"].translate(wide)}


def _other_date_form(row: Row, rng: random.Random) -> Row:
    day = date.fromisoformat(row["出生日期"])
    forms = (f"{day.year}/{day.month}/{day.day}", f"{day.year}年{day.month}月{day.day}日")
    return {"出生日期": rng.choice((*forms, f"{day:%Y%m%d}"))}


BLEMISHES: dict[str, Change] = {
    "stray_spaces": _stray_spaces,
    "full_width": _full_width,
    "other_date_form": _other_date_form,
    "small_letter": lambda row, _: {"证件号码": row["证件号码"].lower() + " "},
}
"""Kinds of rows to be put right while reading."""
