"""Writes the demo roster: synthetic members as a county office keeps them, some wrong on purpose.

The same seed and units always give the same file. No row can be a real person's: the identity
numbers carry county number 99, which no county has, and the telephone numbers one block of 10,000.
"""

import csv
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from registry_cli.demo.names import FEMALE, MALE, SHARED_SYLLABLES, SURNAMES

COLUMNS = (
    "姓名", "性别", "出生日期", "证件类型", "证件号码", "手机号码", "民族", "文化程度", "政治面貌",
    "职业", "所在单位编号或名称", "会员类别", "入会日期", "备注",
)  # fmt: skip
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
PEOPLES = ("汉族", "畲族", "回族", "土家族", "苗族")
_UNKNOWN_UNIT = "不存在的单位红十字会"


@dataclass(frozen=True)
class DemoRoster:
    """What a written demo roster holds.

    Args:
        path: the file.
        rows: rows below the header; the first has line number 2.
        wrong: kind of fault by line number; such rows are to be refused.
        repairable: kind of blemish by line number; such rows are to be accepted.
    """

    path: Path
    rows: int
    wrong: dict[int, str] = field(default_factory=dict)
    repairable: dict[int, str] = field(default_factory=dict)


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
    random_choice = random.Random(seed)  # noqa: S311 - repeatable on purpose, nothing secret
    taken: set[str] = set()
    people = [_person(random_choice, unit_names, taken) for _ in range(rows)]
    wrong = _blemish(people, random_choice, WRONG_SHARE, FAULTS, untouched=frozenset())
    repairable = _blemish(
        people, random_choice, REPAIRABLE_SHARE, BLEMISHES, untouched=frozenset(wrong)
    )
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.DictWriter(stream, COLUMNS, lineterminator="\r\n")
        writer.writeheader()
        writer.writerows(people)
    return DemoRoster(
        path,
        rows,
        {index + 2: kind for index, kind in sorted(wrong.items())},
        {index + 2: kind for index, kind in sorted(repairable.items())},
    )


def check_character(first_seventeen: str) -> str:
    """Return the 18th character of a resident identity number (GB 11643, MOD 11-2)."""
    # The weights of the standard are powers of 2, and 13 leaves 2 when divided by 11.
    return _CHECK_CHARACTERS[2 * int(first_seventeen, 13) % 11]


def _person(rng: random.Random, units: Sequence[str], taken: set[str]) -> Row:
    youth = rng.random() < 0.2
    birth = _day(rng, *(STUDENTS_BORN if youth else ADULTS_BORN))
    female = rng.random() < 0.55
    joined = _day(rng, max(date(2005, 1, 1), birth + timedelta(days=18 * 366)), LAST_DAY)
    return {
        "姓名": _name(rng, female),
        "性别": "女" if female else "男",
        "出生日期": birth.isoformat(),
        "证件类型": "居民身份证",
        "证件号码": _unused_number(rng, birth.strftime("%Y%m%d"), female, taken),
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


def _day(rng: random.Random, first: date, last: date) -> date:
    return first + timedelta(days=rng.randrange((last - first).days + 1))


def _name(rng: random.Random, female: bool) -> str:
    last = rng.choice(FEMALE if female else MALE)
    middle = rng.choice(SHARED_SYLLABLES) if rng.random() < 0.7 else ""
    return rng.choice(SURNAMES) + middle + last


def _unused_number(rng: random.Random, birth: str, female: bool, taken: set[str]) -> str:
    while (number := _identity_number(rng, birth, female)) in taken:
        pass
    taken.add(number)
    return number


def _identity_number(rng: random.Random, birth: str, female: bool) -> str:
    """Return a number with a right check character; its sequence is odd for men."""
    sequence = rng.randrange(500) * 2 + (0 if female else 1)
    first = f"{rng.choice(_AREAS)}{birth}{sequence:03}"
    return first + check_character(first)


Change = Callable[[Row, random.Random], None]


def _blemish(
    people: list[Row],
    rng: random.Random,
    share: float,
    changes: dict[str, Change],
    untouched: frozenset[int],
) -> dict[int, str]:
    """Apply the changes in turn to a share of the rows; return the kind by index."""
    free = [index for index in range(FIRST_WRONG_ROW, len(people)) if index not in untouched]
    chosen = sorted(rng.sample(free, min(len(free), round(len(people) * share))))
    kinds = list(changes)
    done: dict[int, str] = {}
    for turn, index in enumerate(chosen):
        kind = kinds[turn % len(kinds)]
        if kind == "duplicate":
            people[index] = dict(people[rng.randrange(FIRST_WRONG_ROW)])
        changes[kind](people[index], rng)
        done[index] = kind
    return done


def _wrong_check(row: Row, rng: random.Random) -> None:
    number = row["证件号码"]
    others = [c for c in _CHECK_CHARACTERS if c != number[-1]]
    row["证件号码"] = number[:-1] + rng.choice(others)


def _born_on(row: Row, rng: random.Random, day: str) -> None:
    row["出生日期"] = f"{day[:4]}-{day[4:6]}-{day[6:]}"
    row["证件号码"] = _identity_number(rng, day, row["性别"] == "女")


def _impossible_date(row: Row, rng: random.Random) -> None:
    _born_on(row, rng, rng.choice(("19900230", "19870431", "19991301", "20010229")))


def _future_birth(row: Row, rng: random.Random) -> None:
    _born_on(row, rng, f"20991{rng.randrange(3)}01")


def _unknown_unit(row: Row, _: random.Random) -> None:
    row["所在单位编号或名称"] = _UNKNOWN_UNIT


def _duplicate(row: Row, _: random.Random) -> None:
    row["备注"] = "重复"


def _missing_name(row: Row, rng: random.Random) -> None:
    row["姓名"] = rng.choice(("", " ", "\u3000"))


def _bad_phone(row: Row, rng: random.Random) -> None:
    row["手机号码"] = rng.choice((row["手机号码"][:-1], "12345678901", "无"))


FAULTS: dict[str, Change] = {
    "wrong_check": _wrong_check,
    "impossible_date": _impossible_date,
    "future_birth": _future_birth,
    "unknown_unit": _unknown_unit,
    "duplicate": _duplicate,
    "missing_name": _missing_name,
    "bad_phone": _bad_phone,
}
"""Kinds of rows to be refused."""


def _stray_spaces(row: Row, _: random.Random) -> None:
    row["姓名"] = f" {row['姓名'][0]} {row['姓名'][1:]}\u3000"
    phone = row["手机号码"]
    row["手机号码"] = f"{phone[:3]} {phone[3:7]} {phone[7:]}"


def _full_width(row: Row, _: random.Random) -> None:
    wide = {ord(character): ord(character) + 0xFEE0 for character in "0123456789X"}
    row["证件号码"] = row["证件号码"].translate(wide)


def _other_date_form(row: Row, rng: random.Random) -> None:
    day = date.fromisoformat(row["出生日期"])
    forms = (f"{day.year}/{day.month}/{day.day}", f"{day.year}年{day.month}月{day.day}日")
    row["出生日期"] = rng.choice((*forms, day.strftime("%Y%m%d")))


def _small_letter(row: Row, _: random.Random) -> None:
    row["证件号码"] = row["证件号码"].lower() + " "


BLEMISHES: dict[str, Change] = {
    "stray_spaces": _stray_spaces,
    "full_width": _full_width,
    "other_date_form": _other_date_form,
    "small_letter": _small_letter,
}
"""Kinds of rows to be put right while reading."""
