"""The kind of member where a roster does not say it: by age, noted, and never an adult for a child."""

import csv
import json
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import Result

from registry_cli.importing.report import path_beside
from registry_cli.importing.roster import ROSTER, kind_by_age
from shared.base.clock import age_on, today
from shared.tables.problems import Unreadable
from tests.people import id_number
from tests.unit.registry_cli.registry_stub import RegistryStub

Import = Callable[..., Result]
DAYS = st.dates(date(1930, 1, 1), today())
CHILD, GROWN = f"{today().year - 10}-03-07", "1980-03-07"


def number_of(day: str) -> str:
    return id_number(123, day.replace("-", ""))


def of(**values: str) -> dict[str, str | None]:
    return {**dict.fromkeys(ROSTER.by_name), **values}


@given(born=st.one_of(st.none(), DAYS), numbered=st.one_of(st.none(), DAYS))
def test_the_kind_of_a_member_is_that_of_the_age_or_unknown(
    born: date | None, numbered: date | None
) -> None:
    values = of()
    if born is not None:
        values["birth_date"] = born.isoformat()
    if numbered is not None:
        values["id_number"] = number_of(numbered.isoformat())
    of_age = {age_on(day, today()) >= 18 for day in (born, numbered) if day is not None}
    if len(of_age) != 1:
        with pytest.raises(Unreadable, match=r"value\.kind_unknown"):
            kind_by_age(values)
        return
    filled = kind_by_age(values)
    assert filled.value == ("INDIVIDUAL_ADULT" if of_age == {True} else "INDIVIDUAL_YOUTH")
    assert (filled.note is None) == (of_age == {True})


def test_the_eighteenth_birthday_makes_an_adult_member() -> None:
    day = today()
    of_age = day.replace(year=day.year - 18, day=min(day.day, 28))
    assert kind_by_age(of(birth_date=of_age.isoformat())).value == "INDIVIDUAL_ADULT"
    younger = (of_age + timedelta(days=4)).isoformat()
    assert kind_by_age(of(birth_date=younger)).value == "INDIVIDUAL_YOUTH"


def test_a_child_of_a_roster_without_a_kind_is_entered_as_youth_and_listed(
    tmp_path: Path, stub: RegistryStub, import_command: Import
) -> None:
    path = tmp_path / "r.csv"
    path.write_text(
        "姓名,性别,证件号码,手机号码,会员类别\n"
        f"李小红,女,{number_of(CHILD)},13900000000,\n"
        f"王芳,男,{number_of(GROWN)},13900000000,\n"
        "陈静,女,P1234567,13900000000,\n"
        "赵敏,女,P1234568,13900000000,成人会员\n",
        encoding="utf-8",
    )
    ended = import_command(path)
    assert ended.exit_code == 0, ended.output
    (request,) = stub.bulk_requests()
    kinds = {row["row"]: row["kind"] for row in json.loads(request.content)["rows"]}
    assert kinds == {2: "INDIVIDUAL_YOUTH", 3: "INDIVIDUAL_ADULT", 5: "INDIVIDUAL_ADULT"}
    with (tmp_path / "r.warnings.csv").open(encoding="utf-8-sig", newline="") as stream:
        (noted,) = [row for row in csv.DictReader(stream) if "会员类别" in row["提示"]]
    assert noted["行号"] == "2"
    with path_beside(path).open(encoding="utf-8-sig", newline="") as stream:
        refused = {row["行号"]: row for row in csv.DictReader(stream)}
    assert refused["4"]["字段"] == "会员类别"
    assert "不能由出生日期或证件号码得知年龄" in refused["4"]["问题与改法"]


def test_a_kind_is_not_derived_in_a_row_of_a_roster_that_is_refused_anyway(
    tmp_path: Path, stub: RegistryStub, import_command: Import
) -> None:
    path = tmp_path / "r.csv"
    path.write_text("姓名,性别,出生日期\n李小红,女,去年\n", encoding="utf-8")
    ended = import_command(path)
    assert "value.date" in ended.stdout
    assert "value.kind_unknown" not in ended.stdout


def test_young_pioneers_of_a_roster_with_a_known_kind_are_members(
    tmp_path: Path, stub: RegistryStub, import_command: Import
) -> None:
    """Seen: 少先队员 as political status refused whole classes of pupils."""
    path = tmp_path / "r.csv"
    path.write_text(
        "姓名,证件号码,手机号码,政治面貌,会员类别\n"
        f'李小红,"=""{number_of(CHILD)}""",\'13900000000,少先队员,青少年会员\n',
        encoding="utf-8",
    )
    ended = import_command(path)
    assert ended.exit_code == 0, ended.output
    (row,) = json.loads(stub.bulk_requests()[0].content)["rows"]
    assert (row["political"], row["kind"]) == ("13", "INDIVIDUAL_YOUTH")
    assert (row["id_number"], row["phone"]) == (number_of(CHILD), "13900000000")
