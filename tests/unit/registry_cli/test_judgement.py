"""Judgement of a whole roster: damage is found, and right rosters of every size pass."""

import random
from dataclasses import replace
from datetime import date, timedelta
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry_cli.demo.roster import SURNAMES, check_character, identity_number
from registry_cli.importing.doubts import Doubt
from registry_cli.importing.judgement import Finding, judge
from registry_cli.importing.roster import ROSTER
from shared.tables import problems
from shared.tables.csvfile import CsvFile
from shared.tables.problems import Problem
from shared.tables.table import Row

SEEDS = st.integers(0, 2**32)


def row(line: int, *found: Problem, **values: str) -> Row:
    known: dict[str, str | None] = dict.fromkeys(ROSTER.by_name)
    return Row(line, {**known, **values}, (), found)


def people(rng: random.Random, count: int, **same: str) -> list[Row]:
    """Return rows of people as a county has them; ``same`` values are those of every row."""
    rows = []
    for line in range(count):
        born = date(1946, 1, 1) + timedelta(days=rng.randrange(23_000))
        number = identity_number(rng, ("330199", "340199"), f"{born:%Y%m%d}", female=False)
        person = {"name": rng.choice(SURNAMES) + "伟", "id_number": number}
        rows.append(row(line, **{**person, **same}))
    return rows


PROVEN = CsvFile(BytesIO(), "r.csv", "", "utf-8-sig", 0)


def findings(rows: list[Row], file: CsvFile = PROVEN) -> list[Finding]:
    return judge(rows, file)


def doubts(rows: list[Row], file: CsvFile = PROVEN) -> set[Doubt]:
    return {finding.doubt for finding in findings(rows, file)}


def cut(rows: list[Row]) -> list[Row]:
    """Return rows as a spreadsheet leaves them: numbers with X are text, others lose their end."""
    return [
        one if number.endswith("X") else row(one.line, name="王伟", id_number=f"{number[:15]}000")
        for one in rows
        if (number := one.values["id_number"] or "")
    ]


@given(seed=SEEDS, count=st.integers(3, 1_200))
def test_a_roster_with_cut_numbers_is_doubtful_whatever_its_size(seed: int, count: int) -> None:
    rng = random.Random(seed)
    rows = people(rng, count)
    damaged = cut(rows)
    whole = sum((one.values["id_number"] or "").endswith("000") for one in damaged)
    assert Doubt.NUMBERS_LOST in doubts(damaged) or whole < 2
    kept = count * 9 // 10
    assert Doubt.NUMBERS_LOST in doubts(rows[:kept] + cut(rows[kept:])) or count < 300


def test_a_few_cut_numbers_in_a_long_roster_are_found_by_their_check_characters() -> None:
    rng = random.Random(4)
    rows = people(rng, 1_000)
    cut_ones = (f"3301991980011{day}100" for day in range(10))
    wrong = [number for number in cut_ones if check_character(number) != "0"]
    few = [row(n, name="李伟", id_number=f"{number}0") for n, number in enumerate(wrong[:4])]
    (finding,) = findings(rows + few)
    assert finding.problem.params["wrong"] == 4
    assert finding.problem.params["count"] in range(4, 10)
    assert doubts(rows + few[:2]) == set(), "two may be mistyped"


@given(seed=SEEDS, count=st.integers(1, 1_200))
def test_a_right_roster_is_never_doubtful(seed: int, count: int) -> None:
    assert doubts(people(random.Random(seed), count)) == set()


@given(seed=SEEDS, count=st.integers(0, 1_000))
def test_true_numbers_that_end_in_zeros_pass_in_a_roster(seed: int, count: int) -> None:
    """One true number of three zeros in any roster, and of 500 rows up to six."""
    rng = random.Random(seed)
    true = next(f"3301991990{day}100" for day in range(1001, 1032) if _ends_in_zero(day))
    rows = people(rng, count)
    true_ones = [row(n, name="李伟", id_number=f"{true}0") for n in range(1 + 5 * (count >= 500))]
    assert Doubt.NUMBERS_LOST not in doubts(rows + true_ones)


def _ends_in_zero(day: int) -> bool:
    return check_character(f"3301991990{day}100") == "0"


@pytest.mark.parametrize("column", ["birth_date", "id_number"])
def test_equal_birth_dates_make_a_roster_doubtful_beyond_a_family(column: str) -> None:
    rng = random.Random(1)
    same = [
        row(n, name="王伟", **{column: "1980-01-01"})
        if column == "birth_date"
        else row(n, name="王伟", id_number=identity_number(rng, ("330199",), "19800101", False))
        for n in range(9)
    ]
    assert Doubt.ONE_BIRTH_DATE not in doubts(same)
    assert Doubt.ONE_BIRTH_DATE not in doubts(same + people(rng, 60)), "nine of 69 are chance"
    (finding,) = [f for f in findings([*same, *same]) if f.doubt == Doubt.ONE_BIRTH_DATE]
    assert finding.problem.params == {"count": 18, "total": 18, "value": "1980-01-01"}


def test_a_village_of_one_family_passes_and_a_filled_down_column_of_a_roster_does_not() -> None:
    rng = random.Random(2)
    family = people(rng, 60, name="陈伟")
    others = people(rng, 40)
    assert Doubt.ONE_SURNAME not in doubts(family + others)
    assert Doubt.ONE_SURNAME in doubts(people(rng, 60, name="陈伟"))


def test_a_roster_of_unreadable_rows_names_the_commonest_reasons() -> None:
    rng = random.Random(3)
    broken = Problem(problems.DATE, {"value": "x"})
    bad = [row(n, broken, name=f"{SURNAMES[n]}伟") for n in range(30)]
    assert doubts(bad[:15] + people(rng, 15)) == set()
    (finding,) = findings(bad + people(rng, 2))
    assert finding.doubt is Doubt.UNREADABLE_ROWS
    assert finding.problem.text().startswith("32 行中有 30 行无法导入（value.date 30）")


# --- names read in a wrong coding -----------------------------------------------------------------

GUESSED = replace(PROVEN, encoding="gb18030", guessed=True)
GIVEN = "伟芳娜敏静秀英丽强磊军洋勇艳杰涛明超兰霞平刚桂文辉鹏建华飞鑫婷雯玥琪璐昊晗堃喆珺镕"
TRUE_NAMES = st.one_of(
    st.builds("".join, st.tuples(st.sampled_from(SURNAMES), st.text(GIVEN, min_size=1, max_size=2))),
    st.sampled_from(
        ["扎西顿珠", "次仁卓玛", "达瓦", "格桑梅朵", "阿依古丽", "买买提", "阿不都热合曼", "木合塔尔江",
         "巴特尔", "乌兰图雅", "苏日娜", "吉克阿木", "沙马拉毅", "岩温", "玉罕", "阿迪力·吾甫尔",
         "古力娜扎尔·拜合提亚尔", "卡米力江·阿布都热依木·依明", "Ann Lee", "張國榮", "歐陽震華", "鄧麗君",
         "王㛃", "李䶮", "赵\U0002b4ff", "\U00020bb7田"]
    ),
)  # fmt: skip


def named(names: list[str]) -> list[Row]:
    return [row(n, name=name) for n, name in enumerate(names, 2)]


@given(names=st.lists(TRUE_NAMES, min_size=1, max_size=60, unique=True))
def test_names_of_all_peoples_of_china_pass_in_a_roster_of_any_coding(names: list[str]) -> None:
    for file in (PROVEN, GUESSED):
        assert Doubt.GARBLED_NAMES not in doubts(named(names), file)


def misread(name: str, encoding: str) -> str | None:
    try:
        return name.encode(encoding).decode("gb18030")
    except UnicodeError:
        return None


@given(
    names=st.lists(
        st.builds("".join, st.tuples(st.sampled_from(SURNAMES), st.text(GIVEN[:30], min_size=1))),
        min_size=12,
        max_size=60,
        unique=True,
    ),
    encoding=st.sampled_from(["utf-8", "big5"]),
)
def test_names_of_a_roster_read_in_a_wrong_coding_are_garbled(
    names: list[str], encoding: str
) -> None:
    traditional = str.maketrans("张刘陈杨黄赵吴孙马郑谢许韩冯邓", "張劉陳楊黃趙吳孫馬鄭謝許韓馮鄧")
    sent = [name.translate(traditional) if encoding == "big5" else name for name in names]
    wrong = [text for name in sent if (text := misread(name, encoding)) is not None]
    assert Doubt.GARBLED_NAMES in doubts(named(wrong), GUESSED) or len(wrong) < 4


def test_garbled_names_of_a_roster_are_reported_with_coding_and_first_line() -> None:
    rows = named(["王芳", "李强", "鐜嬭姵", "鍒樻磱"])
    (finding,) = findings(rows, GUESSED)
    assert finding.problem.params == {
        "encoding": "GB 18030", "count": 2, "total": 4, "line": 4,
    }  # fmt: skip
    for names in (["鐜嬭姵", "鍒樻磱"], ["ÍõÇ¿", "ÀîÃô"]):
        assert Doubt.GARBLED_NAMES in doubts(named(names)), "saved as UTF-8 afterwards"
